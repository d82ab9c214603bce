// Several leads to one colleague, each for itself.
import { post } from "../core/api.js";
import { html, useState } from "../core/html.js";
import { Dialog, Field, Form } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { keyOf } from "./leads.js";

/** @param {{leads: Api.Lead[], others: boolean, onClose: () => void, onDone: () => void}} props
 *   others: whether they may go to somebody else */
export function HandOver({ leads, others, onClose, onDone }) {
  const { me } = useSession();
  const people = useList("/colleagues", 100).items.filter((one) => one.active && (others || one.id === me.colleague?.id));
  const [whom, setWhom] = useState(me.colleague?.id || "");
  const [refused, setRefused] = useState(/** @type {any[]} */ ([]));
  const send = async () => {
    const { items } = await post("/engagements/handler", { items: leads.map(keyOf), handler_id: whom });
    changed("/leads", "/counts");
    const not = items.filter((one) => one.outcome !== "done");
    onDone();
    if (not.length) return setRefused(not);
    const { name = "" } = people.find((one) => one.id === whom) || {};
    say(t("work.handed", { n: leads.length, name }));
    return onClose();
  };
  const named = (id) => leads.find((lead) => lead.id === id)?.prospect?.name || id;
  return html`<${Dialog} title=${others ? t("work.hand.over") : t("work.take.many")} onClose=${onClose}>
    ${refused.length
      ? html`<p class="notice warn">${t("work.hand.refused", { n: refused.length })}</p>
          <ul>${refused.map((one) => html`<li key=${one.lead_id}>${named(one.lead_id)}: ${t(`work.outcome.${one.outcome}`)}</li>`)}</ul>`
      : html`<${Form} send=${others ? t("work.hand.over") : t("work.take.many")} onSend=${send}>
          <p>${t("work.chosen", { n: leads.length })}</p>
          <${Field} label=${t("work.to")} as="select" value=${whom} onInput=${setWhom}>
            ${people.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>
        <//>`}
  <//>`;
}
