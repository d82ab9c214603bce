// What is said about a lead: notes of my company alone, messages shared with its parties, and what happened.
import { post } from "../core/api.js";
import { moment } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Fault, Field, Form, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { has, t } from "../core/words.js";

/** @param {{at: string, kind: "notes" | "messages", l: string, closed?: boolean}} props */
export function Talk({ at, kind, l, closed }) {
  const list = useList(`${at}/${kind}`);
  const [text, setText] = useState("");
  const send = async () => {
    await post(`${at}/${kind}`, { text });
    setText("");
    changed(`${at}/${kind}`, `${at}/history`);
  };
  return html`<section class="card ${kind}"><h2>${t(`leads.${kind}`)} <${Tag} kind=${kind === "notes" ? "good" : "warn"}>${t(`leads.${kind}.who`)}<//></h2>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!closed && html`<${Form} send=${t(`leads.${kind}.send`)} onSend=${send}>
      <${Field} as="textarea" label=${t(`leads.${kind}.field`)} required maxlength="10000" value=${text} onInput=${setText} dir="auto" />
    <//>`}
    ${!list.items.length && !list.loading && html`<p class="hint">${t(`leads.${kind}.none`)}</p>`}
    <ul class="plain">${list.items.map((one) => html`<li key=${one.id} class="entry"><small>${[one.author_name, one.company_name].filter(Boolean).join(", ")} · ${moment(one.created_at)}</small>
      <p class="said" dir="auto">${one.text}</p></li>`)}</ul>
    ${!!list.items.length && !list.whole && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}
  </section>`;
}

/** @param {{at: string}} props */
export function History({ at }) {
  const list = useList(`${at}/history`);
  const words = (event) => (has(`leads.event.${event}`) ? t(`leads.event.${event}`) : event.replaceAll("_", " "));
  return html`<section class="card"><h2>${t("leads.history")}</h2>
    <ul class="plain">${list.items.map((one) => html`<li key=${one.id} class="line"><span class="grow">${words(one.event)}
      <br /><small>${[one.colleague_name, one.company_name].filter(Boolean).join(", ")}</small></span><small>${moment(one.created_at)}</small></li>`)}</ul>
    ${!!list.items.length && !list.whole && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}
  </section>`;
}
