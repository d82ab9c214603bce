// My company's leads, as a list and as a board by step; the filters are in the address.
import { patch, post, withQuery } from "../core/api.js";
import { ago } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Rows } from "../core/list.js";
import { Button, Empty, Fault, Field, Loading, Screen, Tabs, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { go, setQuery } from "../core/router.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { SavedViews } from "../core/views.js";
import { named, t } from "../core/words.js";
import { about, pageOf, routeOf, useMe } from "./part.js";
import { HandOver } from "./work.js";

const WHOSE = { all: {}, me: { handler: "me" }, cover: { handler: "cover" }, none: { handler: "none" }, stalled: { stalled: "true" } };
const STATES = ["active", "return_requested", "won", "lost"];
const AT_ONCE = 100;

/** @param {{query: URLSearchParams}} props */
export function Leads({ query }) {
  const session = useSession();
  const [ticked, setTicked] = useState(/** @type {Map<string, any>} */ (new Map()));
  const [gives, setGives] = useState(false);
  const whose = query.get("whose") in WHOSE ? query.get("whose") : "all";
  const [text, setText] = useState(query.get("q") || "");
  const board = query.get("view") === "board";
  const filter = { as: "taker", ...WHOSE[whose], marketplace: query.get("marketplace"), engagement: query.get("state"), q: (query.get("q") || "").length > 1 ? query.get("q") : null };
  const list = useList(withQuery("/leads", board ? { ...filter, engagement: "active" } : filter), 100);
  const me = useMe();
  const places = session.places.filter((one) => one.capacities.includes("taker"));
  const to = (one) => withQuery("/app/leads", { whose: one === "all" ? null : one, view: board ? "board" : null, marketplace: filter.marketplace, state: filter.engagement });
  const tick = (lead) => setTicked((had) => {
    const now = new Map(had);
    if (!now.delete(lead.id) && now.size < AT_ONCE) now.set(lead.id, lead);
    return now;
  });
  const hand = async (id) => {
    const items = [...ticked.values()].map((lead) => ({ marketplace_id: lead.marketplace_id, lead_id: lead.id }));
    const told = await post("/engagements/handler", { items, handler_id: id });
    const n = told.items.filter((one) => one.outcome === "done").length;
    setTicked(new Map());
    changed("/leads", "/counts", ...items.map((one) => one.lead_id));
    say(t("leads.bulk.done", { n, all: items.length }));
  };
  return html`<${Screen} title=${t("leads.title")} actions=${html`<a class="button" href="/app/follow-ups">${t("leads.follow_ups")}</a>
    <button type="button" aria-pressed=${board} onClick=${() => setQuery({ view: board ? null : "board" })}>${t("leads.board")}</button>`}>
    <${Tabs} label=${t("leads.whose")} at=${to(whose)} tabs=${Object.keys(WHOSE).map((one) => [to(one), t(`leads.whose.${one}`)])} />
    <${SavedViews} path="/app/leads" />
    <form class="filters" role="search" onSubmit=${(event) => (event.preventDefault(), setQuery({ q: text.trim() }))}>
      <${Field} label=${t("leads.search")} type="search" value=${text} onInput=${(value) => (setText(value), !value && setQuery({ q: null }))} />
      <${Field} label=${t("leads.state")} as="select" value=${filter.engagement || ""} onInput=${(state) => setQuery({ state })}>
        <option value="">${t("leads.any")}</option>${STATES.map((one) => html`<option key=${one} value=${one}>${named("engagement_state", one)}</option>`)}<//>
      ${places.length > 1 && html`<${Field} label=${t("leads.marketplace")} as="select" value=${filter.marketplace || ""} onInput=${(marketplace) => setQuery({ marketplace })}>
        <option value="">${t("leads.any")}</option>${places.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>`}
    </form>
    ${!!ticked.size && html`<div class="buttons" role="group" aria-label=${t("leads.bulk", { n: ticked.size })}><b>${t("leads.bulk", { n: ticked.size })}</b>
      <${Button} kind="main" onClick=${() => hand(me)}>${t("leads.take")}<//>
      <button type="button" onClick=${() => setGives(true)}>${t("leads.hand_over")}</button>
      <button type="button" class="quiet" onClick=${() => setTicked(new Map())}>${t("act.cancel")}</button></div>`}
    ${board
      ? html`<${Board} list=${list} />`
      : html`<${Rows} list=${list} height=${76} label=${t("leads.title")} keyOf=${(lead) => lead.id} open=${(lead) => go(pageOf(lead))}
        empty=${html`<${Empty} title=${t("leads.none")}>${t("leads.none.more")} <a href="/app/offers">${t("leads.to_offers")}</a><//>`}
        row=${(lead) => html`<${Row} lead=${lead} on=${ticked.has(lead.id)} tick=${tick} me=${me} />`} />`}
    ${gives && html`<${HandOver} onGive=${hand} onClose=${() => setGives(false)} />`}
  <//>`;
}

async function take(lead, me) {
  await patch(`${routeOf(lead.marketplace_id, lead.id)}/engagement`, { handler_id: me }, lead.version);
  changed(...about(lead.id));
  say(t("leads.taken"));
}

function Row({ lead, on, tick, me }) {
  const work = lead.engagement;
  const name = lead.prospect?.name || lead.interest;
  return html`<label class="pickbox"><input type="checkbox" checked=${on} aria-label=${t("leads.choose", { name })} onChange=${() => tick(lead)} /></label>
    <a class="grow" href=${pageOf(lead)}><b dir="auto">${name}</b>
      <span dir="auto">${lead.interest} · ${lead.prospect?.postcode || lead.postcode_area} ${lead.prospect?.city || ""}</span>
      <small>${[work?.step, work?.handler_name || t("leads.nobody"), ago(lead.changed_at)].filter(Boolean).join(" · ")}</small></a>
    ${work && !work.handler_id && work.state === "active"
      ? html`<${Button} onClick=${() => take(lead, me)}>${t("leads.take")}<//>`
      : work && html`<span class="wide"><${Tag}>${named("engagement_state", work.state)}<//></span>`}`;
}

function Board({ list }) {
  if (list.problem) return html`<${Fault} problem=${list.problem} again=${list.again} />`;
  if (!list.items.length) return list.loading ? html`<${Loading} />` : html`<${Empty} title=${t("leads.none")}>${t("leads.none.more")}<//>`;
  const steps = [...new Set(list.items.flatMap((lead) => lead.engagement?.steps || []))];
  return html`<div class="board" role="group" tabindex="0" aria-label=${t("leads.board")}>${steps.map((step) => {
    const here = list.items.filter((lead) => lead.engagement?.step === step);
    return html`<section key=${step}><h2>${step} <small>${here.length}</small></h2>
      ${here.map((lead) => html`<a key=${lead.id} class="card" href=${pageOf(lead)}><b dir="auto">${lead.prospect?.name || lead.interest}</b>
        <span dir="auto">${lead.interest}</span><small>${lead.engagement.handler_name || t("leads.nobody")}</small></a>`)}</section>`;
  })}</div>
  ${!list.whole && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}`;
}
