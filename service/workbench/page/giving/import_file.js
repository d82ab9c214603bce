// A file: first tried, then put right, then imported.
import { ask, get, post, Problem, withQuery } from "../core/api.js";
import { html, useEffect, useRef, useState } from "../core/html.js";
import { Button, Empty, Field, Form, Tick } from "../core/parts.js";
import { changed } from "../core/reads.js";
import { go } from "../core/router.js";
import { act, say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { Columns } from "./columns.js";
import { fileOf, rowsOf } from "./csv.js";
import { Progress, Report } from "./report.js";
import { openTo, Part } from "./part.js";

const LOOK_MS = 700;

export function ImportFile() {
  const places = openTo(useSession());
  const [draft, setDraft] = useState({ place: places[0]?.id || "", interest: "", consent: false });
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [unknown, setUnknown] = useState("");
  const [mapping, setMapping] = useState("");
  const [job, setJob] = useState(/** @type {any} */ (null));
  const [tried, setTried] = useState(/** @type {any} */ (null));
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  const change = (values) => setDraft((before) => ({ ...before, ...values }));

  const send = async (what, dry, columns) => {
    const path = withQuery("/imports", {
      marketplace: draft.place, dry_run: dry, filename: what.name, interest: draft.interest,
      consent: draft.consent ? true : null, limit: 1000,
    });
    const form = new FormData();
    form.set("file", what);
    if (columns) form.set("mapping", columns);
    let found = await ask("POST", path, { form });
    while (here.current && (found.state === "waiting" || found.state === "running")) {
      setJob(found);
      await new Promise((wait) => setTimeout(wait, LOOK_MS));
      found = await get(`/imports/${found.id}?limit=1000`);
    }
    setJob(null);
    return found;
  };
  const attempt = async (what, columns) => {
    setTried(null);
    try {
      const report = await send(what, true, columns);
      setUnknown("");
      setTried({ report, rows: await rowsOf(what, report) });
    } catch (problem) {
      setJob(null);
      if (problem instanceof Problem && problem.told.mapping) setUnknown(problem.told.mapping);
      else throw problem;
    }
  };
  const mapped = async (columns) => {
    setMapping(columns);
    await attempt(file, columns);
    await act(() => post("/import-mappings", { mapping: columns }));
  };
  const correct = async (rows) => {
    const better = fileOf(rows, tried.report.separator, file?.name || "");
    setFile(better);
    await attempt(better, mapping);
  };
  const finish = async () => {
    const report = await send(file, false, mapping);
    changed("/leads", "/imports", "/counts");
    say(t("giving.imported", { n: report.imported }));
    go(`/app/giving/imports/${report.id}`);
  };
  if (!places.length) return html`<${Part} at="/app/giving/import" title=${t("giving.import")}><${Empty} title=${t("giving.nowhere")}>${t("giving.nowhere.more")}<//><//>`;
  return html`<${Part} at="/app/giving/import" title=${t("giving.import")}>
    <div class="card"><${Form} send=${t("giving.try")} onSend=${() => attempt(file, mapping)}>
      <${Field} label=${t("giving.file")} type="file" accept=".csv,.txt,.tsv,.xlsx" required hint=${t("giving.file.hint")}
        onChange=${(event) => (setFile(event.currentTarget.files[0] || null), setTried(null), setUnknown(""), setMapping(""))} />
      ${places.length > 1 && html`<${Field} label=${t("giving.where")} as="select" value=${draft.place} onInput=${(place) => change({ place })}>
        ${places.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>`}
      <${Field} label=${t("giving.interest.all")} maxlength="120" value=${draft.interest} onInput=${(interest) => change({ interest })} hint=${t("giving.interest.all.hint")} />
      <${Tick} label=${t("giving.consent.all")} hint=${t("giving.consent.all.hint")} checked=${draft.consent} onChange=${(consent) => change({ consent })} />
    <//></div>
    ${job && html`<${Progress} job=${job} />`}
    ${unknown && html`<${Columns} mapping=${unknown} onMapped=${mapped} />`}
    ${tried && html`<section aria-live="polite"><h2>${t("giving.preview")}</h2>
      <p class="notice">${t("giving.preview.about")}</p>
      <${Report} report=${tried.report} rows=${tried.rows} onCorrect=${correct} />
      <div class="buttons"><${Button} kind="main" disabled=${!tried.report.imported} onClick=${finish}>${t("giving.import.now", { n: tried.report.imported })}<//></div>
    </section>`}
  <//>`;
}
