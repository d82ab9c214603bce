// How it went: from offered to won, per taker, source, giver, over time.
import { withQuery } from "../core/api.js";
import { day, number, percent, span } from "../core/format.js";
import { html } from "../core/html.js";
import { Empty, Field, Screen, Shown } from "../core/parts.js";
import { useRead } from "../core/reads.js";
import { setQuery } from "../core/router.js";
import { language, t } from "../core/words.js";
import { Bars, Funnel, Legend, Lines } from "./charts.js";

const PERIODS = { 7: null, 30: null, 90: "week", 365: "month" };
const DAY_MS = 86400000;

/** @param {{params: {m: string}, query: URLSearchParams}} props */
export function Report({ params, query }) {
  const asked = query.get("days") || "";
  const days = asked in PERIODS ? Number(asked) : 30;
  const begins = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - (days - 1) * DAY_MS).toISOString();
  const values = { from: begins, by: PERIODS[days] || "week" };
  const read = useRead(withQuery(`/reports/marketplaces/${params.m}`, values));
  const file = withQuery(`/reports/marketplaces/${params.m}/takers.csv`, { from: begins });
  return html`<${Screen} title=${t("reports.title")} back="/app/marketplaces/${params.m}" actions=${html`
    <a class="button" href=${file} download>${t("reports.csv")}</a>
    <a class="button" href="/app/marketplaces/${params.m}/statement">${t("reports.statement")}</a>
    <button type="button" onClick=${() => print()}>${t("reports.print")}</button>`}>
    <div class="filters"><${Field} label=${t("reports.period")} as="select" value=${String(days)} onInput=${(one) => setQuery({ days: one })}>
      ${Object.keys(PERIODS).map((one) => html`<option key=${one} value=${one}>${t("reports.days", { n: one })}</option>`)}<//></div>
    <${Shown} read=${read}>${(found) => html`<${Whole} report=${found} />`}<//>
  <//>`;
}

const sum = (rows, name) => rows.reduce((all, row) => all + (row[name] || 0), 0);
const share = (value) => (value === null ? "–" : percent(value));
const time = (seconds) => (seconds === null ? "–" : span(seconds));

/** @param {{report: Api.MarketplaceReport}} props */
function Whole({ report }) {
  const { takers } = report;
  if (report.why_empty) return html`<${Empty} title=${t("reports.none")}>${report.why_empty[language()]}<//>`;
  const reached = sum(takers, "contacted");
  const steps = [
    [t("reports.offered"), sum(takers, "offered")],
    [t("reports.picked"), sum(takers, "begun")],
    [t("reports.reached"), reached],
    [t("reports.won"), sum(takers, "won")],
  ];
  return html`
    <p class="hint">${day(report.begins_at)} – ${day(report.ends_at)} · ${report.time_zone}</p>
    ${!!takers.length && html`<section class="card"><h2>${t("reports.funnel")}</h2><${Funnel} label=${t("reports.funnel")} steps=${steps} /></section>`}
    ${report.periods.length > 1 && html`<${Course} periods=${report.periods} />`}
    ${!!takers.length && html`<${Takers} takers=${takers} target=${report.contact_target_minutes} />`}
    ${!!report.sources.length && html`<${Sources} sources=${report.sources} />`}
    ${!!report.givers.length && html`<${Givers} givers=${report.givers} />`}
    ${!!report.colleagues.length && html`<${Colleagues} colleagues=${report.colleagues} />`}`;
}

function Course({ periods }) {
  const names = periods.map((one) => day(one.begins_at));
  const of = (name) => periods.map((one) => sum(one.takers, name));
  return html`<section class="card"><h2>${t("reports.course")}</h2>
    <${Legend} names=${[t("reports.offered"), t("reports.picked"), t("reports.won")]} />
    <${Lines} label=${t("reports.course")} names=${names} series=${[of("offered"), of("begun"), of("won")]} />
    <details><summary>${t("reports.numbers")}</summary><${Table} label=${t("reports.course")} heads=${["from", "offered", "picked", "won"]}
      rows=${periods.map((one, n) => [names[n], number(sum(one.takers, "offered")), number(sum(one.takers, "begun")), number(sum(one.takers, "won"))])} /></details>
  </section>`;
}

function Takers({ takers, target }) {
  const top = [...takers].sort((a, b) => b.offered - a.offered).slice(0, 12);
  const heads = ["taker", "offered", "picked", "acceptance", "response", "first.call", "in.target", "won", "conversion", "value", "returned", "quota"];
  return html`<section class="card"><h2>${t("reports.takers")}</h2>
    <${Legend} names=${[t("reports.offered"), t("reports.picked"), t("reports.won")]} />
    <${Bars} label=${t("reports.takers")} rows=${top.map((one) => ({ name: one.company_name, values: [one.offered, one.begun, one.won] }))} />
    ${target !== null && html`<p class="hint">${t("reports.target", { n: target })}</p>`}
    <${Table} label=${t("reports.takers")} heads=${heads} rows=${takers.map((one) => [
      one.company_name, number(one.offered), number(one.begun), share(one.acceptance), time(one.median_working_seconds ?? one.median_seconds),
      time(one.median_contact_seconds), one.in_target + one.late ? share(one.in_target / (one.in_target + one.late)) : "–",
      number(one.won), share(one.conversion), one.value === null ? "–" : number(one.value, 2), number(one.returned),
      one.return_quota ? t("reports.quota.of", { used: one.return_quota.used, picks: one.return_quota.picks, percent: one.return_quota.percent }) : "–",
    ])} />
  </section>`;
}

const Sources = ({ sources }) => html`<section class="card"><h2>${t("reports.sources")}</h2>
  <${Legend} names=${[t("reports.leads"), t("reports.picked"), t("reports.won")]} />
  <${Bars} label=${t("reports.sources")} rows=${sources.slice(0, 12).map((one) => ({ name: one.source, values: [one.leads, one.engagements, one.won] }))} />
  <${Table} label=${t("reports.sources")} heads=${["source", "giver", "leads", "picked", "won", "lost", "returned", "stars"]} rows=${sources.map((one) => [
    one.source, one.giver_name || t("reports.own"), number(one.leads), number(one.engagements), number(one.won), number(one.lost), number(one.returned), stars(one.rating),
  ])} /></section>`;

const Givers = ({ givers }) => html`<section class="card"><h2>${t("reports.givers")}</h2>
  <${Table} label=${t("reports.givers")} heads=${["giver", "stars"]} rows=${givers.map((one) => [one.giver_name || t("reports.own"), stars(one.rating)])} /></section>`;

const Colleagues = ({ colleagues }) => html`<section class="card"><h2>${t("reports.colleagues")}</h2>
  <${Bars} label=${t("reports.colleagues")} rows=${colleagues.slice(0, 12).map((one) => ({ name: one.colleague_name || t("reports.programs"), values: [one.picked] }))} />
  <${Table} label=${t("reports.colleagues")} heads=${["colleague", "picked", "reached", "first.call", "in.target"]} rows=${colleagues.map((one) => [
    one.colleague_name || t("reports.programs"), number(one.picked), number(one.contacted), time(one.median_contact_seconds),
    one.in_target + one.late ? share(one.in_target / (one.in_target + one.late)) : "–",
  ])} /></section>`;

/** @param {Api.Ratings} rating */
const stars = (rating) =>
  rating.stars === null ? "–" : `${number(rating.stars, 1)} ★${rating.ratings === null ? "" : ` (${number(rating.ratings)})`}`;

/** A table whose first column names the row. */
export const Table = ({ label, heads, rows }) => html`<div class="scroll" tabindex="0" role="region" aria-label=${label}><table>
  <thead><tr>${heads.map((head, n) => html`<th key=${head} class=${n ? "number" : ""}>${t(`reports.${head}`)}</th>`)}</tr></thead>
  <tbody>${rows.map((row, n) => html`<tr key=${n}><th scope="row">${row[0]}</th>${row.slice(1).map((cell, at) => html`<td key=${at} class="number">${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
