// What was charged and credited in a month.
import { get, withQuery } from "../core/api.js";
import { day, money, number } from "../core/format.js";
import { html, useEffect, useState } from "../core/html.js";
import { Button, Empty, Field, Screen, Shown, Tag } from "../core/parts.js";
import { useRead } from "../core/reads.js";
import { setQuery } from "../core/router.js";
import { language, t } from "../core/words.js";

const cents = (value, currency) => money(value / 100, currency);

/** @param {{params: {m: string}, query: URLSearchParams}} props */
export function Statement({ params, query }) {
  const month = query.get("month") || new Date().toISOString().slice(0, 7);
  const path = withQuery(`/marketplaces/${params.m}/statement`, { month, limit: 100 });
  const read = useRead(path);
  const file = (kind) => withQuery(`/exports/statement.${kind}`, { marketplace: params.m, month });
  return html`<${Screen} title=${t("reports.statement")} back="/app/marketplaces/${params.m}/reports" actions=${html`
    <a class="button" href=${file("csv")} download>CSV</a><a class="button" href=${file("jsonl")} download>JSON Lines</a>
    <button type="button" onClick=${() => print()}>${t("reports.print")}</button>`}>
    <div class="filters"><${Field} label=${t("reports.month")} type="month" value=${month} onInput=${(one) => one && setQuery({ month: one })} /></div>
    <${Shown} read=${read}>${(found) => html`<${Month} key=${path} path=${path} found=${found} />`}<//>
  <//>`;
}

/** @param {{path: string, found: Api.MonthlyStatement}} props */
function Month({ path, found }) {
  const [more, setMore] = useState(/** @type {{items: any[], cursor: string | null}} */ ({ items: [], cursor: found.next_cursor }));
  useEffect(() => setMore({ items: [], cursor: found.next_cursor }), [found]);
  if (found.why_empty) return html`<${Empty} title=${t("reports.statement.none")}>${found.why_empty[language()]}<//>`;
  const next = async () => {
    const page = await get(withQuery(path, { cursor: more.cursor }));
    setMore((before) => ({ items: before.items.concat(page.items), cursor: page.next_cursor }));
  };
  return html`<p class="hint">${found.marketplace_name} · ${found.operator_name} · ${day(found.begins_at)} – ${day(found.ends_at)}</p>
    <div class="scroll" tabindex="0" role="region" aria-label=${t("reports.totals")}><table>
      <caption class="unseen">${t("reports.totals")}</caption>
      <thead><tr><th>${t("reports.taker")}</th><th class="number">${t("reports.charges")}</th><th class="number">${t("reports.credits")}</th><th class="number">${t("reports.balance")}</th></tr></thead>
      <tbody>${found.totals.map((one) => html`<tr key=${one.company_id + one.currency}><th scope="row">${one.company_name}</th>
        <td class="number">${cents(one.charged_cents, one.currency)} <small>(${number(one.charges)})</small></td>
        <td class="number">${cents(one.credited_cents, one.currency)} <small>(${number(one.credits)})</small></td>
        <td class="number"><b>${cents(one.balance_cents, one.currency)}</b></td></tr>`)}</tbody></table></div>
    <h2>${t("reports.entries")}</h2>
    <ul class="plain">${[...found.items, ...more.items].map((one) => html`<li class="line" key=${one.id}>
      <span class="grow">${day(one.posted_at)} · ${one.company_name} <a class="alone" href="/app/leads/${found.marketplace_id}/${one.lead_id}">${t("reports.lead")}</a></span>
      <${Tag} kind=${one.kind === "credit" ? "warn" : ""}>${t(`reports.reason.${one.reason}`)}<//><b>${cents(one.amount_cents, one.currency)}</b></li>`)}</ul>
    ${more.cursor && html`<${Button} onClick=${next}>${t("act.more")}<//>`}`;
}
