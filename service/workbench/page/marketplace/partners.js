// Who takes and gives here: what each covers, how much it takes, and what becomes of that.
import { patch, remove } from "../core/api.js";
import { percent } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Chips, Confirm, Empty, Fault, Field, Loading, Tag } from "../core/parts.js";
import { changed, useList, useRead } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";
import { Part } from "./part.js";
import { Change, Invite } from "./partner_forms.js";
import { capsOf } from "./places.js";
import { covers, Regions } from "./regions.js";

const KINDS = { active: "good", invited: "warn", declined: "", ended: "" };
const SHOWN = ["active", "invited", "declined", "ended", "all"];

/** @param {{params: {m: string}}} props */
export function Partners({ params: { m } }) {
  const path = `/marketplaces/${m}/participations`;
  const list = useList(path, 100);
  const report = useRead(`/reports/marketplaces/${m}`).value;
  const [state, setState] = useState("active");
  const [q, setQ] = useState("");
  const [region, setRegion] = useState("");
  const [over, setOver] = useState(/** @type {any} */ (null));
  const close = () => setOver(null);
  const takers = list.items.filter((one) => one.state === "active" && one.capacities.includes("taker"));
  const shown = list.items.filter((one) =>
    (state === "all" || one.state === state) &&
    (one.company_name || one.email || "").toLowerCase().includes(q.trim().toLowerCase()) &&
    (!/^\d+$/.test(region) || (one.capacities.includes("taker") && covers(one, region) > 0)));
  const pause = (one, paused) => async () => {
    await patch(`${path}/${one.company_id}`, { paused }, one.version ?? undefined);
    changed(path);
    say(t(paused ? "marketplace.pause.done" : "marketplace.resume.done", { name: one.company_name }),
      { undo: async () => (await patch(`${path}/${one.company_id}`, { paused: !paused }), changed(path)) });
  };
  const invite = html`<button type="button" class="main" onClick=${() => setOver({ invite: true })}>${t("marketplace.invite")}</button>`;
  return html`<${Part} m=${m} at="partners" title=${t("marketplace.part.partners")} actions=${invite}>
    <details><summary>${t("marketplace.regions")}</summary><${Regions} takers=${takers} /></details>
    <div class="filters">
      <${Field} label=${t("marketplace.partner.search")} type="search" value=${q} onInput=${setQ} />
      <${Field} label=${t("marketplace.region")} inputmode="numeric" maxlength="5" value=${region} onInput=${setRegion} />
    </div>
    <${Chips} label=${t("marketplace.partner.states")} value=${state} onChange=${setState} options=${SHOWN.map((one) => [one, t(`marketplace.state.${one}`)])} />
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${list.loading && !list.items.length && html`<${Loading} />`}
    ${!list.loading && !list.problem && !shown.length && html`<${Empty} title=${t("marketplace.partners.empty")}>${t("marketplace.partners.empty.more")}<//>`}
    <ul class="grid plain">${shown.map((one) => html`<li class="card" key=${one.id + one.capacities}>
      <h2>${one.company_name || one.email}</h2>
      <p class="line"><${Tag} kind=${KINDS[one.state]}>${t(`marketplace.state.${one.state}`)}<//>
        ${one.capacities.map((what) => html`<${Tag} key=${what}>${t(`capacity.${what}`)}<//>`)}
        ${one.paused && html`<${Tag} kind="warn">${t("marketplace.paused")}<//>`}</p>
      ${one.capacities.includes("taker") && html`<dl class="facts">
        <dt>${t("marketplace.areas")}</dt><dd>${one.postcode_areas.join(", ") || t("marketplace.areas.all")}</dd>
        <dt>${t("marketplace.tags")}</dt><dd>${one.tags.join(", ") || t("marketplace.tags.all")}</dd>
        <dt>${t("marketplace.caps")}</dt><dd>${capsOf(one.caps)}</dd>
        <${Quality} line=${report?.takers.find((line) => line.company_id === one.company_id)} />
      </dl>`}
      ${one.company_id && one.state !== "ended" && one.state !== "declined" && html`<div class="buttons">
        <${Button} onClick=${() => setOver({ change: one })} label=${t("marketplace.change.of", { name: one.company_name })}>${t("marketplace.change")}<//>
        ${one.state === "active" && html`<${Button} onClick=${pause(one, !one.paused)}>${t(one.paused ? "marketplace.resume" : "marketplace.pause.do")}<//>`}
        <${Button} onClick=${() => setOver({ end: one })}>${t("marketplace.end")}<//>
      </div>`}
    </li>`)}</ul>
    ${!list.whole && !!list.items.length && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}
    ${over?.invite && html`<${Invite} path=${path} onClose=${close} />`}
    ${over?.change && html`<${Change} path=${path} one=${over.change} onClose=${close} />`}
    ${over?.end && html`<${Confirm} danger title=${t("marketplace.end.title", { name: over.end.company_name })} text=${t("marketplace.end.text")}
      yes=${t("marketplace.end")} onClose=${close} onYes=${async () => {
        await remove(`${path}/${over.end.company_id}`);
        changed(path);
        say(t("marketplace.end.done", { name: over.end.company_name }));
      }} />`}
  <//>`;
}

/** How a taker did in the last 30 days. @param {{line: any}} props */
const Quality = ({ line }) =>
  line
    ? html`<dt>${t("marketplace.quality")}</dt><dd>${t("marketplace.quality.line", {
        offered: line.offered,
        acceptance: line.acceptance === null ? "–" : percent(line.acceptance),
        won: line.won,
        begun: line.begun,
        returned: line.returned,
      })}</dd>`
    : null;
