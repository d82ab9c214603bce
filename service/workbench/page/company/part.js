// What all screens of the room have: its parts to go between, of which admins see more.
import { html } from "../core/html.js";
import { Dialog, Screen, Tabs } from "../core/parts.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";

const PARTS = [
  ["/app/company", "company.overview"],
  ["/app/company/colleagues", "company.colleagues"],
  ["/app/company/absences", "company.absences"],
  ["/app/company/notices", "company.notices"],
  ["/app/company/sessions", "company.sessions"],
];
const FOR_ADMINS = [
  ["/app/company/keys", "company.keys"],
  ["/app/company/intake", "company.intake"],
  ["/app/company/webhooks", "company.webhooks"],
  ["/app/company/merges", "company.merges"],
];

/** @param {{at: string, title: string, actions?: any, children?: any}} props */
export function Part({ at, title, actions, children }) {
  const { admin } = useSession();
  const parts = [...PARTS, ...(admin ? FOR_ADMINS : [])];
  return html`<${Screen} title=${title} actions=${actions}>
    <${Tabs} label=${t("nav.company")} at=${at} tabs=${parts.map(([to, key]) => [to, t(key)])} />
    ${children}
  <//>`;
}

/** What is shown this once: a key or a secret, to copy. @param {{title: string, rows: [string, string][], hint: string, onClose: () => void}} props */
export const Once = ({ title, rows, hint, onClose }) =>
  html`<${Dialog} title=${title} onClose=${onClose} actions=${html`<button type="button" class="main" onClick=${onClose}>${t("company.kept")}</button>`}>
    <p class="notice warn">${hint}</p>
    <dl class="facts">${rows.map(([name, value]) => html`<dt key=${name}>${name}</dt><dd><code tabindex="0">${value}</code>
      <button type="button" onClick=${() => navigator.clipboard?.writeText(value)}>${t("company.copy")}</button></dd>`)}</dl>
  <//>`;
