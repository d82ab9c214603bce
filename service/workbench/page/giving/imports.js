// Files that were imported, and what became of one.
import { moment } from "../core/format.js";
import { html, useEffect } from "../core/html.js";
import { Empty, Fault, Screen, Shown, Tag } from "../core/parts.js";
import { useList, useRead } from "../core/reads.js";
import { named, t } from "../core/words.js";
import { Part } from "./part.js";
import { Progress, Report } from "./report.js";

const LOOK_MS = 1000;

export function Imports() {
  const list = useList("/imports", 50);
  return html`<${Part} at="/app/giving/imports" title=${t("giving.imports")}>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!list.loading && !list.problem && !list.items.length && html`<${Empty} title=${t("giving.imports.none")}><a href="/app/giving/import">${t("giving.import")}</a><//>`}
    <ul class="plain">${list.items.map((one) => html`<li class="card line" key=${one.id}>
      <a class="grow" href="/app/giving/imports/${one.id}"><b>${one.file_name || t("giving.unnamed")}</b><br />
        <small>${moment(one.created_at)} · ${t("giving.counts", { imported: one.imported, duplicates: one.duplicates, refused: one.refused })}</small></a>
      ${one.dry_run && html`<${Tag} kind="info">${t("giving.dry")}<//>`}
      ${one.state !== "done" && html`<${Tag} kind=${one.state === "failed" ? "danger" : "warn"}>${t(`giving.job.${one.state}`)}<//>`}
    </li>`)}</ul>
  <//>`;
}

/** @param {{params: {id: string}}} props */
export function OneImport({ params }) {
  const read = useRead(`/imports/${params.id}?limit=1000`);
  const running = read.value && ["waiting", "running"].includes(read.value.state);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(read.again, LOOK_MS);
    return () => clearInterval(timer);
  }, [running]);
  return html`<${Screen} title=${t("giving.imported.title")} back="/app/giving/imports">
    <${Shown} read=${read}>${(found) => running
      ? html`<${Progress} job=${found} />`
      : html`${found.problem && html`<p class="notice fault">${named("giving.problem", found.problem)}</p>`}
          ${found.dry_run && html`<p class="notice">${t("giving.preview.about")}</p>`}
          <${Report} report=${found} />
          <p><a class="alone" href="/app/giving">${t("giving.title")}</a></p>`}<//>
  <//>`;
}
