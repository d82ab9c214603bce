// Rows that can be chosen, and what is done with all that are.
import { html, useState } from "../core/html.js";
import { day } from "../core/format.js";
import { Button, Tag } from "../core/parts.js";
import { t } from "../core/words.js";
import { nameOf, pageOf } from "./doing.js";

/** Which of a list are chosen. @param {any[]} items */
export function useChosen(items) {
  const [ids, set] = useState(/** @type {Set<string>} */ (new Set()));
  const chosen = items.filter((one) => ids.has(one.id));
  return {
    chosen,
    has: (one) => ids.has(one.id),
    toggle: (one) => {
      const next = new Set(ids);
      if (!next.delete(one.id)) next.add(one.id);
      set(next);
    },
    all: () => set(new Set(items.map((one) => one.id))),
    none: () => set(new Set()),
    /** Those that are chosen, else this one. @param {any} one */
    or: (one) => (chosen.length ? chosen : [one]),
  };
}

/** How many are chosen and what can be done with them. @param {{choice: any, items: any[], children?: any, progress: string}} props */
export const ChosenBar = ({ choice, items, children, progress }) =>
  html`<div class="bar" role="group" aria-label=${t("marketplace.chosen.label")}>
    <span role="status">${progress || t("marketplace.chosen", { n: choice.chosen.length })}</span>
    ${choice.chosen.length < items.length
      ? html`<${Button} kind="quiet" onClick=${choice.all}>${t("marketplace.choose.all", { n: items.length })}<//>`
      : html`<${Button} kind="quiet" onClick=${choice.none}>${t("marketplace.choose.none")}<//>`}
    ${!!choice.chosen.length && children}
  </div>`;

/** What stands in a row of leads. @param {{lead: any, choice: any, more?: any, after?: any}} props */
export function LeadRow({ lead, choice, more, after }) {
  const person = [lead.prospect?.postcode, lead.prospect?.city].filter(Boolean).join(" ");
  const facts = [lead.interest, person || lead.postcode_area, lead.giver_name || lead.source, day(lead.received_at)];
  return html`<label class="pick"><input type="checkbox" checked=${choice.has(lead)} aria-label=${t("marketplace.choose", { name: nameOf(lead) })}
      onChange=${() => choice.toggle(lead)} /></label>
    <a class="grow" href=${pageOf(lead)}><b>${nameOf(lead)}</b><small>${facts.filter(Boolean).join(" · ")}</small></a>
    ${more}
    ${!!lead.possible_duplicates?.length && html`<${Tag} kind="warn">${t("marketplace.duplicate")}<//>`}
    ${after}`;
}
