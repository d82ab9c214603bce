// What became of the leads that the company put in.
import { post, withQuery } from "../core/api.js";
import { ago } from "../core/format.js";
import { html } from "../core/html.js";
import { Empty, Rows } from "../core/list.js";
import { Button, Field, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { go, setQuery } from "../core/router.js";
import { useSession } from "../core/shell.js";
import { SavedViews } from "../core/views.js";
import { t } from "../core/words.js";
import { Part } from "./part.js";

const STATES = ["draft", "submitted", "available", "offered", "engaged", "closed", "unplaced", "rejected", "withdrawn"];
const KIND = { engaged: "good", closed: "good", offered: "info", available: "info", submitted: "warn", rejected: "danger", unplaced: "danger" };

/** @param {{query: URLSearchParams}} props */
export function Given({ query }) {
  const session = useSession();
  const as = session.gives ? "giver" : "operator";
  const [state, q] = [query.get("state"), query.get("q")];
  const list = useList(withQuery("/leads", { as, state, q }));
  const submit = async (lead) => {
    await post(`/marketplaces/${lead.marketplace_id}/leads/${lead.id}/submit`);
    changed("/leads", lead.id);
  };
  const row = (lead) => html`
    <a class="grow" href="/app/leads/${lead.marketplace_id}/${lead.id}">
      <b>${lead.prospect?.name || t("giving.nobody")}</b>
      <small>${lead.interest} · ${lead.postcode_area} · ${ago(lead.received_at)}</small>
    </a>
    ${lead.duplicate && html`<${Tag} kind="warn">${t("giving.duplicate")}<//>`}
    ${lead.state === "draft" && lead.distribution_permission && html`<${Button} done=${t("giving.submitted")} onClick=${() => submit(lead)}>${t("giving.submit")}<//>`}
    <${Tag} kind=${KIND[lead.state]}>${t(`lead_state.${lead.state}`)}<//>`;
  const empty = state || q
    ? html`<${Empty} title=${t("giving.none.found")}>${t("giving.none.found.more")}<//>`
    : html`<${Empty} title=${t("giving.none")}>${t("giving.none.more")} <a href="/app/giving/new">${t("giving.new")}</a>, <a href="/app/giving/import">${t("giving.import")}</a><//>`;
  return html`<${Part} at="/app/giving" title=${t("giving.title")} actions=${html`<a class="button main" href="/app/giving/new">${t("giving.new")}</a>`}>
    <${SavedViews} path="/app/giving" />
    <div class="filters">
      <${Field} label=${t("giving.search")} type="search" value=${q || ""} onInput=${(text) => setQuery({ q: text })} />
      <${Field} label=${t("giving.state")} as="select" value=${state || ""} onInput=${(one) => setQuery({ state: one })}>
        <option value="">${t("giving.all")}</option>
        ${STATES.map((one) => html`<option key=${one} value=${one}>${t(`lead_state.${one}`)}</option>`)}
      <//>
    </div>
    <${Rows} list=${list} row=${row} keyOf=${(lead) => lead.id} height=${68} label=${t("giving.title")} empty=${empty}
      open=${(lead) => go(`/app/leads/${lead.marketplace_id}/${lead.id}`)} />
  <//>`;
}
