// What becomes of the rows of a file: how many of each outcome, why, and what can be put right.
import { number } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Chips, Tag } from "../core/parts.js";
import { language, t } from "../core/words.js";

const KIND = { imported: "good", duplicate: "warn", refused: "danger" };

/** How far it is. @param {{job: Api.ImportJob}} props */
export const Progress = ({ job }) => html`<div class="card" role="status">
  <p>${t("giving.running", { done: number(job.done), rows: number(job.rows) })}</p>
  <progress value=${job.done} max=${Math.max(1, job.rows)} aria-label=${t("giving.progress")}></progress></div>`;

/** @param {{en: string, de: string} | null | undefined} said */
const inOurs = (said) => (said ? said[language()] : "");

/**
 * @param {{report: Api.ImportReport, rows?: string[][] | null, onCorrect?: (rows: string[][]) => Promise<unknown>}} props
 *   rows: the file, where it can be put right here
 */
export function Report({ report, rows, onCorrect }) {
  const [outcome, setOutcome] = useState(report.refused ? "refused" : "all");
  const [mended, setMended] = useState(/** @type {Record<string, string>} */ ({}));
  const shown = report.rows.filter((row) => outcome === "all" || row.outcome === outcome);
  const header = rows?.[report.skipped.filter((line) => line.reason === "preamble").length] || [];
  const counts = ["imported", "duplicate", "refused"].map((one) => [one, report[one === "duplicate" ? "duplicates" : one]]);
  const save = () => {
    if (!rows || !onCorrect) return undefined;
    const better = rows.map((row) => [...row]);
    for (const [place, value] of Object.entries(mended)) {
      const [row, column] = place.split(":").map(Number);
      better[row][column] = value;
    }
    return onCorrect(better);
  };
  return html`
    <p>${counts.map(([one, n]) => html`<${Tag} key=${one} kind=${KIND[one]}>${t(`giving.outcome.${one}`)}: ${number(n)}<//> `)}
      <small>${report.file_name} · ${report.format}</small></p>
    ${report.detail && html`<p class="notice fault">${inOurs(report.detail)}</p>`}
    ${report.remarks.map((one, n) => html`<p class="notice warn" key=${n}>${inOurs(one.detail)}</p>`)}
    <${Chips} label=${t("giving.rows")} value=${outcome} onChange=${setOutcome}
      options=${["all", "refused", "duplicate", "imported"].map((one) => [one, t(`giving.outcome.${one}`)])} />
    ${!shown.length && html`<p class="hint">${t("giving.rows.none")}</p>`}
    ${!!shown.length && html`<div class="scroll" tabindex="0" role="region" aria-label=${t("giving.rows")}><table>
      <thead><tr><th>${t("giving.row")}</th><th>${t("giving.outcome")}</th><th>${t("giving.why")}</th></tr></thead>
      <tbody>${shown.slice(0, 300).map((row) => html`<tr key=${row.row_number}>
        <td class="number">${row.row_number}</td>
        <td><${Tag} kind=${KIND[row.outcome]}>${t(`giving.outcome.${row.outcome}`)}<//></td>
        <td>${row.field && html`<b>${row.field}</b> `}${inOurs(row.detail)}
          ${(row.warnings || []).map((one, n) => html`<div key=${n}><small>${one.field && `${one.field}: `}${inOurs(one.detail)}</small></div>`)}
          ${row.outcome === "refused" && rows?.[row.row_number - 1] && onCorrect && html`<div class="grid">${header.map((name, column) => {
            const place = `${row.row_number - 1}:${column}`;
            const value = mended[place] ?? rows[row.row_number - 1][column] ?? "";
            return html`<label key=${column}><small>${name}</small><input value=${value}
              onInput=${(event) => setMended((before) => ({ ...before, [place]: event.target.value }))} /></label>`;
          })}</div>`}
        </td></tr>`)}</tbody></table></div>`}
    ${shown.length > 300 && html`<p class="hint">${t("giving.rows.more", { n: shown.length - 300 })}</p>`}
    ${!!Object.keys(mended).length && html`<${Button} onClick=${save}>${t("giving.correct")}<//>`}
    ${report.refused > 0 && onCorrect && !rows && html`<p class="hint">${t("giving.correct.outside")}</p>`}`;
}
