// My company's leads: whose, in which state, found by what one remembers.
import { patch, post, withQuery } from "../core/api.js";
import { html, useState } from "../core/html.js";
import { Empty } from "../core/list.js";
import { Button, Chips, Field, Screen } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { setQuery } from "../core/router.js";
import { say } from "../core/saying.js";
import { useHandsOver, useSession } from "../core/shell.js";
import { SavedViews } from "../core/views.js";
import { t } from "../core/words.js";
import { Board } from "./board.js";
import { HandOver } from "./hand_over.js";
import { Table } from "./table.js";

const WHOSE = ["", "me", "cover", "none"];
const SHOWN = ["active", "return_requested", "won", "lost", "all"];
const SORTS = ["newest", "oldest", "changed", "unchanged"];

/** @param {{query: URLSearchParams}} props */
export function Leads({ query }) {
  const { places, me } = useSession();
  const hands = useHandsOver();
  const markets = places.filter((one) => one.capacities.includes("taker"));
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const [handing, setHanding] = useState(false);
  const asked = Object.fromEntries(["handler", "marketplace", "q", "sort", "stalled"].map((name) => [name, query.get(name)]));
  const shown = query.get("engagement") || "active";
  const q = asked.q && asked.q.length > 1 ? asked.q : null;
  const list = useList(withQuery("/leads", { as: "taker", ...asked, q, engagement: shown === "all" ? null : shown }));
  const board = query.get("view") === "board";
  const picked = list.items.filter((lead) => chosen.has(lead.id));
  const choose = (lead, on) => setChosen((before) => {
    const next = new Set(before);
    if (on) next.add(lead.id);
    else next.delete(lead.id);
    return next;
  });
  const take = async (lead) => {
    await patch(`/marketplaces/${lead.marketplace_id}/leads/${lead.id}/engagement`, { handler_id: me.colleague?.id }, lead.version);
    changed("/leads", "/counts", lead.id);
    say(t("work.taken"), hands ? { undo: () => back([lead]) } : {});
  };
  const back = async (leads) => {
    await post("/engagements/handler", { items: leads.map(keyOf), handler_id: null });
    changed("/leads", "/counts");
  };
  return html`<${Screen} title=${t("work.title")} actions=${html`
    <a class="button" href="/app/follow-ups">${t("work.follow.ups")}</a>
    <button type="button" aria-pressed=${board} onClick=${() => setQuery({ view: board ? null : "board" })}>${t("work.board")}</button>`}>
    <${SavedViews} path="/app/leads" />
    <${Chips} label=${t("work.whose")} value=${asked.handler || ""} onChange=${(one) => setQuery({ handler: one })}
      options=${WHOSE.map((one) => [one, t(`work.whose.${one || "all"}`)])} />
    <div class="filters">
      <${Field} label=${t("work.search")} type="search" value=${asked.q || ""} onInput=${(text) => setQuery({ q: text })} />
      <${Field} label=${t("work.state")} as="select" value=${shown} onInput=${(one) => setQuery({ engagement: one === "active" ? null : one })}>
        ${SHOWN.map((one) => html`<option key=${one} value=${one}>${one === "all" ? t("work.state.all") : t(`engagement_state.${one}`)}</option>`)}<//>
    </div>
    <details open=${["marketplace", "sort", "stalled"].some((name) => query.get(name))}><summary>${t("work.filters")}</summary><div class="filters">
      ${markets.length > 1 && html`<${Field} label=${t("work.market")} as="select" value=${asked.marketplace || ""} onInput=${(one) => setQuery({ marketplace: one })}>
        <option value="">${t("work.market.all")}</option>${markets.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>`}
      <${Field} label=${t("work.sort")} as="select" value=${asked.sort || "newest"} onInput=${(one) => setQuery({ sort: one === "newest" ? null : one })}>
        ${SORTS.map((one) => html`<option key=${one} value=${one}>${t(`work.sort.${one}`)}</option>`)}<//>
      <${Field} label=${t("work.stalled")} as="select" value=${asked.stalled || ""} onInput=${(one) => setQuery({ stalled: one })}>
        <option value="">${t("work.stalled.no")}</option><option value="true">${t("work.stalled.yes")}</option><//>
    </div></details>
    ${!!picked.length && html`<div class="buttons notice" role="status"><b>${t("work.chosen", { n: picked.length })}</b>
      <button type="button" onClick=${() => setHanding(true)}>${hands ? t("work.hand.over") : t("work.take.many")}</button>
      ${hands && html`<${Button} done=${t("work.given.back")} onClick=${async () => (await back(picked), setChosen(new Set()))}>${t("work.give.back")}<//>`}
      <button type="button" class="quiet" onClick=${() => setChosen(new Set())}>${t("work.choose.none")}</button></div>`}
    ${board
      ? html`<${Board} list=${list} />`
      : html`<${Table} list=${list} chosen=${chosen} choose=${choose} take=${take} empty=${none(query)} />`}
    ${handing && html`<${HandOver} leads=${picked} others=${hands} onClose=${() => setHanding(false)} onDone=${() => setChosen(new Set())} />`}
  <//>`;
}

/** @param {Api.Lead} lead */
export const keyOf = (lead) => ({ marketplace_id: lead.marketplace_id, lead_id: lead.id });

const none = (query) =>
  [...query.keys()].some((name) => name !== "view")
    ? html`<${Empty} title=${t("work.none.found")}>${t("work.none.found.more")}<//>`
    : html`<${Empty} title=${t("work.none")}>${t("work.none.more")} <a href="/app/offers">${t("nav.offers")}</a><//>`;
