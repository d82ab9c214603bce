// One merge: what its rehearsal says in words, and what each side does about it.
import { post } from "../core/api.js";
import { moment, number } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Confirm, Dialog, Fault, Field, Form, Loading, Screen, Shown, Tag } from "../core/parts.js";
import { changed, useList, useRead } from "../core/reads.js";
import { useSession } from "../core/shell.js";
import { has, named, t } from "../core/words.js";
import { KIND, otherSide } from "./merges.js";

const BEFORE = ["requested", "answered", "rehearsed", "consented"];

/** @param {{params: {id: string}}} props */
export function MergeScreen({ params }) {
  const path = `/merges/${params.id}`;
  const read = useRead(path);
  return html`<${Screen} title=${t("company.merge")} back="/app/company/merges">
    <${Shown} read=${read}>${(merge) => html`<${Merge} merge=${merge} path=${path} />`}<//>
  <//>`;
}

/** @param {{merge: Api.Merge, path: string}} props */
function Merge({ merge, path }) {
  const { admin, me } = useSession();
  const [over, setOver] = useState("");
  const close = () => setOver("");
  const other = otherSide(merge);
  const survivor = merge.survivor_name || (merge.my_side === "survivor" ? me.company.name : other);
  const absorbed = merge.absorbed_name || (merge.my_side === "absorbed" ? me.company.name : other);
  const mine = merge.my_side === "survivor" ? merge.survivor_consent_at : merge.absorbed_consent_at;
  const theirs = merge.my_side === "survivor" ? merge.absorbed_consent_at : merge.survivor_consent_at;
  const after = () => changed("/merges", merge.id);
  const asked = merge.asking_company_name !== me.company.name;
  const rehearse = merge.state === "requested" ? asked : ["answered", "rehearsed", "consented"].includes(merge.state);
  return html`
    <p><${Tag} kind=${KIND[merge.state]}>${t(`company.merge.state.${merge.state}`)}<//></p>
    <p class="lead">${t("company.merge.what", { survivor, absorbed })}</p>
    ${merge.problem && html`<p class="notice fault" role="alert">${t("company.merge.problem", { problem: merge.problem })}</p>`}
    ${merge.refusal && html`<p class="notice warn">${t("company.merge.refused.why")} ${merge.refusal}</p>`}
    ${merge.rehearsal_due && html`<p class="notice" role="status">${t("company.merge.rehearsing")}
      <${Button} onClick=${after}>${t("company.merge.look")}<//></p>`}
    <dl class="facts">
      <dt>${t("company.merge.asked")}</dt><dd>${merge.asking_company_name}, ${moment(merge.created_at)}</dd>
      ${merge.execute_at && html`<dt>${t("company.merge.not.before")}</dt><dd>${moment(merge.execute_at)}</dd>`}
      <dt>${t("company.merge.ours")}</dt><dd>${mine ? moment(mine) : t("company.merge.missing")}</dd>
      <dt>${t("company.merge.theirs")}</dt><dd>${theirs ? moment(theirs) : t("company.merge.missing")}</dd>
      ${merge.done_at && html`<dt>${t("company.merge.done.at")}</dt><dd>${moment(merge.done_at)}</dd>`}
      ${merge.undone_at && html`<dt>${t("company.merge.undone.at")}</dt><dd>${moment(merge.undone_at)}</dd>`}
    </dl>
    ${merge.state === "done" && html`<p class="hint">${t("company.merge.undo")}</p>`}
    ${admin && BEFORE.includes(merge.state) && html`<div class="buttons">
      ${merge.state === "rehearsed" && !mine && merge.rehearsal_id && html`<button type="button" class="main" onClick=${() => setOver("consent")}>${t("company.merge.consent")}</button>`}
      ${rehearse && html`<${Button} onClick=${async () => (await post(`${path}/rehearsal`), after())} done=${t("company.merge.rehearse.done")}>${t("company.merge.rehearse")}<//>`}
      <button type="button" onClick=${() => setOver("refuse")}>${t("company.merge.refuse")}</button>
    </div>`}
    ${merge.rehearsal_id && html`<${Rehearsed} key=${merge.rehearsal_id} merge=${merge} path=${path} names=${{ survivor, absorbed }} />`}
    ${over === "consent" && html`<${Confirm} title=${t("company.merge.consent")} text=${t("company.merge.consent.text", { survivor, absorbed })}
      yes=${t("company.merge.consent")} onClose=${close}
      onYes=${async () => (await post(`${path}/consent`, { rehearsal_id: merge.rehearsal_id }), after())} />`}
    ${over === "refuse" && html`<${Refuse} path=${path} after=${after} onClose=${close} />`}`;
}

function Refuse({ path, after, onClose }) {
  const [reason, setReason] = useState("");
  const send = async () => {
    await post(`${path}/refuse`, reason ? { reason } : {});
    after();
    onClose();
  };
  return html`<${Dialog} title=${t("company.merge.refuse")} onClose=${onClose}>
    <${Form} send=${t("company.merge.refuse")} onSend=${send}>
      <${Field} as="textarea" label=${t("company.merge.reason")} maxlength="1000" value=${reason} onInput=${setReason} hint=${t("company.merge.reason.hint")} />
    <//><//>`;
}

function Rehearsed({ merge, path, names }) {
  const read = useRead(`${path}/rehearsal`);
  return html`<section><h2>${t("company.rehearsal")}</h2>
    <${Shown} read=${read}>${(found) => html`
      <p class="hint">${t("company.rehearsal.at", { at: moment(found.made_at) })}</p>
      ${found.blocks.map((one, n) => html`<p class="notice fault" key=${n}>${blocked(one)}</p>`)}
      ${["survivor", "absorbed"].map((side) => html`<${Side} key=${side} side=${side} found=${found} names=${names} />`)}
      <${Leads} path=${path} names=${names} />
      <${Settings} settings=${found.settings} />
      <${Effects} found=${found} names=${names} />`}<//>
  </section>`;
}

/** @param {Api.Block} one */
function blocked(one) {
  const key = `company.block.${one.reason}`;
  const values = { company: one.company || "", marketplace: one.marketplace || "" };
  return has(key) ? t(key, values) : `${one.reason} ${values.company} ${values.marketplace}`;
}

/** Who will see what, as sentences. */
function Side({ side, found, names }) {
  const more = found[`to_${side}`];
  const other = names[side === "survivor" ? "absorbed" : "survivor"];
  const groups = found.visible.filter((group) => group.to === side);
  return html`<div class="card"><h3>${t("company.rehearsal.colleagues", { company: names[side] })}</h3>
    ${groups.length === 0 && html`<p>${t("company.rehearsal.nothing")}</p>`}
    <ul>${groups.map((one) => html`<li key=${one.marketplace_id + one.as}>${t("company.rehearsal.see", {
      n: one.leads, leads: number(one.leads), marketplace: one.marketplace, other, as: t(`capacity.${one.as}`),
    })}</li>`)}</ul>
    <p>${t("company.rehearsal.also", {
      persons: number(more.personal_data), offers: number(more.open_offers), notes: number(more.notes),
    })}</p>
    ${!!more.colleagues.length && html`<p>${t("company.rehearsal.people")} ${more.colleagues.map((one) => `${one.name} (${named("role", one.role)})`).join(", ")}</p>`}
  </div>`;
}

function Leads({ path, names }) {
  const [to, setTo] = useState("");
  const list = useList(to ? `${path}/rehearsal/leads?to=${to}` : null);
  return html`<details onToggle=${(event) => event.currentTarget.open && !to && setTo("survivor")}>
    <summary>${t("company.rehearsal.leads")}</summary>
    <div class="buttons">${["survivor", "absorbed"].map((side) => html`<button type="button" key=${side} aria-pressed=${to === side}
      onClick=${() => setTo(side)}>${t("company.rehearsal.for", { company: names[side] })}</button>`)}</div>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${to && list.loading && html`<${Loading} />`}
    ${to && !list.loading && !list.items.length && html`<p>${t("company.rehearsal.nothing")}</p>`}
    <ul>${list.items.map((one) => html`<li key=${one.id}><code>${one.id}</code> ${t(`lead_state.${one.state}`)}
      ${one.personal_data && html` <${Tag} kind="warn">${t("company.rehearsal.person")}<//>`}</li>`)}</ul>
    ${to && !list.whole && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}
  </details>`;
}

function Settings({ settings }) {
  const different = Object.entries(settings).filter(([, one]) => one.stays !== one.goes);
  if (!different.length) return null;
  return html`<div class="card"><h3>${t("company.rehearsal.settings")}</h3>
    <ul>${different.map(([name, one]) => html`<li key=${name}>${t("company.rehearsal.setting", {
      name: named("company.setting", name), stays: said(one.stays), goes: said(one.goes),
    })}</li>`)}</ul></div>`;
}

const said = (value) => (typeof value === "boolean" ? t(value ? "company.yes" : "company.no") : String(value));

function Effects({ found, names }) {
  if (!found.effects_total) return null;
  return html`<details><summary>${t("company.rehearsal.effects", { n: found.effects_total })}</summary>
    <ul>${found.effects.map((one, n) => html`<li key=${n}>${t(`company.effect.${one.kind}`, {
      table: one.tab.replace(/^\w+\./, ""), of: one.of ? names[one.of] : "",
    })} ${one.lead_id && html`<code>${one.lead_id}</code>`}</li>`)}</ul></details>`;
}

