// What all screens of one marketplace have: its parts to go between, and whose they are.
import { html } from "../core/html.js";
import { Screen, Tabs } from "../core/parts.js";
import { useRead } from "../core/reads.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";

const PARTS = ["", "available", "running", "unplaced", "returns", "partners", "reports", "statement", "waves", "calendar", "rules", "settings"];
const COUNTED = { "": "submitted", available: "available", unplaced: "unplaced", returns: "returns" };

/** The marketplace, where the company operates it. @param {string} m */
export const useOperated = (m) => useSession().operated.find((one) => one.id === m) || null;

/** @param {{m: string, at: string, title: string, actions?: any, children?: any}} props at: the part */
export function Part({ m, at, title, actions, children }) {
  const { operated } = useSession();
  const place = useOperated(m);
  // The numbers are the company's; with one marketplace they are this one's, too.
  const counts = useRead(operated.length === 1 ? "/counts" : null).value;
  const base = `/app/marketplaces/${m}`;
  const to = (part) => (part ? `${base}/${part}` : base);
  const tabs = PARTS.map((part) => [to(part), t(`marketplace.part.${part || "inbox"}`), counts?.[COUNTED[part]] || 0]);
  if (!place) return html`<${Screen} title=${title} back="/app/marketplaces"><p>${t("marketplace.not.operated")}</p><//>`;
  return html`<${Screen} title=${title} back=${operated.length > 1 ? "/app/marketplaces" : undefined} actions=${actions}>
    <p class="hint">${place.name}</p>
    <${Tabs} label=${place.name} at=${to(at)} tabs=${tabs} />
    ${children}
  <//>`;
}

/** Texts divided by commas or spaces, as a list. @param {string} text */
export const listed = (text) => [...new Set(text.split(/[\s,;]+/).filter(Boolean))];

/** A number of a field, or null when it is empty. @param {string | number | null} text */
export const numbered = (text) => (text === "" || text === null || text === undefined ? null : Number(text));
