// Keys with which programs act for the company.
import { post, remove } from "../core/api.js";
import { day } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Confirm, Dialog, Empty, Fault, Field, Form, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";
import { Once, Part } from "./part.js";

export function ApiKeys() {
  const list = useList("/api-keys", 50);
  const [over, setOver] = useState(/** @type {any} */ (null));
  const close = () => setOver(null);
  return html`<${Part} at="/app/company/keys" title=${t("company.keys")} actions=${html`
    <button type="button" class="main" onClick=${() => setOver({ make: true })}>${t("company.key.make")}</button>`}>
    <p>${t("company.keys.about")} <a href="/docs">${t("company.keys.docs")}</a></p>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!list.loading && !list.problem && !list.items.length && html`<${Empty} title=${t("company.keys.none")}>${t("company.keys.none.more")}<//>`}
    <ul class="plain">${list.items.map((one) => html`<li class="card line" key=${one.id}>
      <span class="grow"><b>${one.name}</b> <small>${t("company.since")} ${day(one.created_at)}</small></span>
      ${one.revoked_at
        ? html`<${Tag} kind="danger">${t("company.key.revoked", { at: day(one.revoked_at) })}<//>`
        : html`<button type="button" onClick=${() => setOver({ revoke: one })}>${t("company.key.revoke")}</button>`}
    </li>`)}</ul>
    ${over?.make && html`<${Make} onMade=${(made) => setOver({ made })} onClose=${close} />`}
    ${over?.made && html`<${Once} title=${over.made.name} hint=${t("company.key.once")} rows=${[[t("company.key"), over.made.token]]} onClose=${close} />`}
    ${over?.revoke && html`<${Confirm} danger title=${t("company.key.revoke.title", { name: over.revoke.name })} text=${t("company.key.revoke.text")}
      yes=${t("company.key.revoke")} onClose=${close} onYes=${async () => {
        await remove(`/api-keys/${over.revoke.id}`);
        changed("/api-keys");
        say(t("company.key.revoked.done"));
      }} />`}
  <//>`;
}

function Make({ onMade, onClose }) {
  const [name, setName] = useState("");
  const send = async () => {
    const made = await post("/api-keys", { name });
    changed("/api-keys");
    onMade(made);
  };
  return html`<${Dialog} title=${t("company.key.make")} onClose=${onClose}>
    <${Form} send=${t("company.key.make")} onSend=${send}>
      <${Field} label=${t("company.key.name")} required maxlength="200" autofocus value=${name} onInput=${setName} hint=${t("company.key.hint")} />
    <//>
  <//>`;
}
