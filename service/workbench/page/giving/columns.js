// Columns of a file that nobody knows, matched by hand.
import { html, useState } from "../core/html.js";
import { Field, Form } from "../core/parts.js";
import { t } from "../core/words.js";

const FIELDS = [
  "name", "first_name", "last_name", "salutation", "company", "email", "phone", "street", "postcode", "city", "country",
  "interest", "tags", "received_at", "external_ref",
];

/** What the service offered to begin with. @param {string} mapping TOML */
export function offered(mapping) {
  /** @type {Record<string, string>} */
  const columns = {};
  const [, named = ""] = mapping.split("[columns]"); // before it stands the source's own name
  for (const [, field, headers] of named.matchAll(/^(\w+) = (\[.*\]|".*")$/gm)) {
    if (FIELDS.includes(field)) for (const header of [JSON.parse(headers)].flat()) columns[header] = field;
  }
  const consent = /^# column = (".*")$/m.exec(mapping);
  if (consent) columns[JSON.parse(consent[1])] = "consent";
  for (const [, header] of mapping.matchAll(/^#   (".*")$/gm)) columns[JSON.parse(header)] = "answer";
  return columns;
}

/** The mapping as the service reads it. @param {string} name @param {Record<string, string>} columns */
export function mappingOf(name, columns) {
  const of = (field) => Object.keys(columns).filter((header) => columns[header] === field);
  const lines = [`name = ${JSON.stringify(name)}`];
  const ignored = of("ignore");
  if (ignored.length) lines.push(`ignore = ${JSON.stringify(ignored)}`);
  lines.push("", "[columns]");
  for (const field of FIELDS) {
    const headers = of(field);
    if (headers.length) lines.push(`${field} = ${JSON.stringify(headers.length === 1 ? headers[0] : headers)}`);
  }
  const [consent] = of("consent");
  if (consent) lines.push("", "[consent]", `column = ${JSON.stringify(consent)}`);
  return `${lines.join("\n")}\n`;
}

/**
 * @param {{mapping: string, onMapped: (mapping: string) => Promise<unknown>}} props mapping: what was offered
 */
export function Columns({ mapping, onMapped }) {
  const [columns, setColumns] = useState(() => offered(mapping));
  const [name, setName] = useState("");
  const send = () => onMapped(mappingOf(name, columns));
  return html`<div class="card"><h2>${t("giving.columns")}</h2><p>${t("giving.columns.about")}</p>
    <${Form} send=${t("giving.columns.send")} onSend=${send}>
      <${Field} label=${t("giving.columns.name")} required pattern="[a-z0-9][a-z0-9\\-]{0,39}" value=${name} onInput=${setName} hint=${t("giving.columns.name.hint")} />
      <div class="grid">${Object.entries(columns).map(([header, field]) => html`<${Field} key=${header} label=${header} as="select" value=${field}
        onInput=${(chosen) => setColumns((before) => ({ ...before, [header]: chosen }))}>
        <option value="answer">${t("giving.field.answer")}</option><option value="ignore">${t("giving.field.ignore")}</option>
        <option value="consent">${t("giving.field.consent")}</option>
        ${FIELDS.map((one) => html`<option key=${one} value=${one}>${t(`giving.field.${one}`)}</option>`)}
      <//>`)}</div>
    <//></div>`;
}
