// Who sees a lead, and why: today or at a past moment, and why a company does not.
import { withQuery } from "../core/api.js";
import { moment } from "../core/format.js";
import { html } from "../core/html.js";
import { Field, Screen, Shown, Tag } from "../core/parts.js";
import { useList, useRead } from "../core/reads.js";
import { setQuery } from "../core/router.js";
import { t } from "../core/words.js";

/** @param {{params: {m: string, l: string}, query: URLSearchParams}} props */
export function LeadAccess({ params, query }) {
  const place = `/marketplaces/${params.m}`;
  const [company, at] = [query.get("company"), query.get("at")];
  const partners = useList(`${place}/participations`, 100);
  const read = useRead(withQuery(`${place}/leads/${params.l}/access`, { company, at: at && new Date(at).toISOString() }));
  return html`<${Screen} title=${t("insight.title")} back="/app/leads/${params.m}/${params.l}">
    <p>${t("insight.about")}</p>
    <div class="filters">
      <${Field} label=${t("insight.company")} as="select" value=${company || ""} onInput=${(id) => setQuery({ company: id })}>
        <option value="">${t("insight.all")}</option>
        ${partners.items.filter((one) => one.company_id).map((one) => html`<option key=${one.company_id} value=${one.company_id}>${one.company_name}</option>`)}
      <//>
      <${Field} label=${t("insight.at")} type="datetime-local" value=${at || ""} onInput=${(when) => setQuery({ at: when })} />
    </div>
    <${Shown} read=${read}>${(found) => html`<${Table} found=${found} />`}<//>
  <//>`;
}

/** @param {{found: Api.Access}} props */
const Table = ({ found }) => html`
  <p class="hint" role="status">${found.at ? t("insight.then", { at: moment(found.at) }) : t("insight.now")}</p>
  ${!found.items.length && html`<p class="notice">${t("insight.nobody")}</p>`}
  ${!!found.items.length && html`<div class="scroll" tabindex="0" role="region" aria-label=${t("insight.title")}><table>
    <thead><tr><th>${t("insight.who")}</th><th>${t("insight.part")}</th><th>${t("insight.why")}</th><th>${t("insight.since")}</th><th>${t("insight.until")}</th></tr></thead>
    <tbody>${found.items.map((one, n) => html`<tr key=${n}>
      <th scope="row">${one.company_name}${one.colleagues && html`<br /><small>${one.colleagues.join(", ")}</small>`}</th>
      <td>${t(`insight.part.${one.part}`)} <${Tag} kind=${one.sees ? "good" : ""}>${one.sees ? t("insight.sees") : t("insight.sees.not")}<//></td>
      <td>${one.why}${!one.known && html` <small>${t("insight.unknown")}</small>`}${one.policy && html`<br /><small>${t("insight.policy")} <code>${one.policy}</code></small>`}</td>
      <td>${one.since ? moment(one.since) : "–"}</td><td>${one.until ? moment(one.until) : "–"}</td>
    </tr>`)}</tbody></table></div>`}`;
