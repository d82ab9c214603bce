// What may come back: reasons and their evidence, until when, how many.
import { put } from "../core/api.js";
import { html } from "../core/html.js";
import { Button, Field, Tick } from "../core/parts.js";
import { t } from "../core/words.js";
import { Draft } from "./draft.js";
import { numbered, Part } from "./part.js";

const NUMBERS = ["window_days", "quota_percent", "quota_days", "silence_days"];
const FRESH = { code: "", de: "", en: "", attempts: 0, days: 0, automatic: false };

const from = (read) => ({
  ...Object.fromEntries(NUMBERS.map((name) => [name, read[name] ?? ""])),
  reasons: read.reasons.map((one) => ({
    code: one.code,
    ...one.label,
    attempts: one.evidence?.attempts || 0,
    days: one.evidence?.days || 0,
    automatic: !!one.automatic,
  })),
});

const rulesOf = (draft) => ({
  ...Object.fromEntries(NUMBERS.map((name) => [name, numbered(draft[name])])),
  reasons: draft.reasons.map((one) => ({
    code: one.code,
    label: { de: one.de, en: one.en },
    evidence: { attempts: Number(one.attempts), days: Number(one.days) },
    automatic: one.automatic,
  })),
});

/** @param {{params: {m: string}}} props */
export function Rules({ params: { m } }) {
  const path = `/marketplaces/${m}/return-rules`;
  return html`<${Part} m=${m} at="rules" title=${t("marketplace.part.rules")}>
    <${Draft} path=${path} from=${from} save=${(draft, version) => put(path, rulesOf(draft), version)}>${(draft, set) => {
      const change = (at, more) => set({ ...draft, reasons: draft.reasons.map((one, n) => (n === at ? { ...one, ...more } : one)) });
      return html`<div class="three">${NUMBERS.map((name) => html`<${Field} key=${name} type="number" min="0" required=${name === "window_days" || name === "quota_days"}
          label=${t(`marketplace.rules.${name}`)} hint=${t(`marketplace.rules.${name}.hint`)} value=${draft[name]} onInput=${(value) => set({ ...draft, [name]: value })} />`)}</div>
        <h2>${t("marketplace.rules.reasons")}</h2>
        <ul class="plain">${draft.reasons.map((one, at) => {
          const field = (name) => ({ value: one[name], onInput: (value) => change(at, { [name]: value }) });
          return html`<li class="card" key=${at}>
            <div class="three">
              <${Field} label=${t("marketplace.rules.code")} required pattern="[a-z][a-z_]*" ...${field("code")} />
              <${Field} label=${t("marketplace.rules.de")} required ...${field("de")} />
              <${Field} label=${t("marketplace.rules.en")} required ...${field("en")} />
              <${Field} type="number" min="0" label=${t("marketplace.rules.attempts")} ...${field("attempts")} />
              <${Field} type="number" min="0" label=${t("marketplace.rules.days")} ...${field("days")} />
            </div>
            <${Tick} label=${t("marketplace.rules.automatic")} checked=${one.automatic} onChange=${(automatic) => change(at, { automatic })} />
            <${Button} onClick=${() => set({ ...draft, reasons: draft.reasons.filter((_, n) => n !== at) })}>${t("marketplace.rules.remove", { name: one.de })}<//>
          </li>`;
        })}</ul>
        <p><${Button} icon="plus" onClick=${() => set({ ...draft, reasons: [...draft.reasons, FRESH] })}>${t("marketplace.rules.add")}<//></p>`;
    }}<//>
  <//>`;
}
