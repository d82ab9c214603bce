// Follow-ups of one lead: each a date with a text, for one colleague.
import { ask, patch, post } from "../core/api.js";
import { moment } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Field, Form, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";
import { routeOf, tomorrow } from "./part.js";

const done = (one) => patch(`${routeOf(one.marketplace_id, one.lead_id)}/follow-ups/${one.id}`, { done: true }, one.version);

async function tick(one) {
  const now = await done(one);
  changed("/follow-ups", one.lead_id);
  say(t("leads.follow.ticked"), {
    undo: async () => {
      await ask("PATCH", `${routeOf(one.marketplace_id, one.lead_id)}/follow-ups/${one.id}`, { body: { done: false }, version: now.version });
      changed("/follow-ups", one.lead_id);
    },
  });
}

function Due({ one }) {
  const late = !one.done_at && Date.parse(one.due_at) < Date.now();
  return html`<li class="line"><span class="grow"><time datetime=${one.due_at}>${moment(one.due_at)}</time>
      ${late && html` <${Tag} kind="danger">${t("leads.follow.late")}<//>`}<br /><span dir="auto">${one.text || t("leads.follow.no_text")}</span></span>
    ${one.done_at ? html`<${Tag} kind="good">${t("leads.follow.done")}<//>` : html`<${Button} icon="check" onClick=${() => tick(one)}>${t("leads.follow.tick")}<//>`}</li>`;
}

/** @param {{at: string, l: string}} props */
export function LeadFollowUps({ at, l }) {
  const list = useList(`${at}/follow-ups`);
  const [due, setDue] = useState(tomorrow);
  const [text, setText] = useState("");
  const send = async () => {
    await post(`${at}/follow-ups`, { due_at: new Date(due).toISOString(), ...(text ? { text } : {}) });
    setText("");
    changed("/follow-ups", l);
    say(t("leads.follow.made"));
  };
  return html`<section class="card"><h2>${t("leads.follow_ups")}</h2>
    <ul class="plain">${list.items.map((one) => html`<${Due} key=${one.id} one=${one} />`)}</ul>
    <details><summary>${t("leads.follow.new")}</summary><${Form} send=${t("leads.follow.make")} onSend=${send}>
      <${Field} label=${t("leads.follow.due")} type="datetime-local" required value=${due} onInput=${setDue} />
      <${Field} label=${t("leads.follow.text")} maxlength="4000" value=${text} onInput=${setText} />
    <//></details>
  </section>`;
}
