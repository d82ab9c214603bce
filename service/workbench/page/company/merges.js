// Becoming one company with another: who was asked, what is suggested.
import { post } from "../core/api.js";
import { day } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Chips, Dialog, Empty, Fault, Field, Form, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { go } from "../core/router.js";
import { t } from "../core/words.js";
import { Part } from "./part.js";

export const KIND = { done: "good", consented: "info", rehearsed: "warn", refused: "danger", undone: "danger" };

/** What the other company is called here, as long as it has not answered. @param {Api.Merge} merge */
export function otherSide(merge) {
  const name = merge.my_side === "survivor" ? merge.absorbed_name : merge.survivor_name;
  return name || merge.named_email || merge.asking_company_name;
}

export function Merges() {
  const list = useList("/merges", 50);
  const suggested = useList("/company/merge-suggestions", 50);
  const [over, setOver] = useState(/** @type {any} */ (null));
  return html`<${Part} at="/app/company/merges" title=${t("company.merges")} actions=${html`
    <button type="button" class="main" onClick=${() => setOver({})}>${t("company.merge.ask")}</button>`}>
    <p>${t("company.merges.about")}</p>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!list.loading && !list.problem && !list.items.length && html`<${Empty} title=${t("company.merges.none")}>${t("company.merges.none.more")}<//>`}
    <ul class="plain">${list.items.map((one) => html`<li class="card line" key=${one.id}>
      <a class="grow" href="/app/merges/${one.id}"><b>${otherSide(one)}</b><br /><small>${day(one.created_at)} · ${t(`company.merge.side.${one.my_side}`)}</small></a>
      <${Tag} kind=${KIND[one.state]}>${t(`company.merge.state.${one.state}`)}<//>
    </li>`)}</ul>
    ${!!suggested.items.length && html`<section><h2>${t("company.suggested")}</h2><p class="hint">${t("company.suggested.about")}</p>
      <ul class="plain">${suggested.items.map((one) => html`<li class="card line" key=${one.company_id}>
        <span class="grow"><b>${one.company_name}</b> <small>${one.groups.join(", ")}</small></span>
        <button type="button" onClick=${() => setOver({ company: one })}>${t("company.merge.ask")}</button></li>`)}</ul></section>`}
    ${over && html`<${Ask} company=${over.company} onClose=${() => setOver(null)} />`}
  <//>`;
}

function Ask({ company, onClose }) {
  const [email, setEmail] = useState("");
  const [side, setSide] = useState("absorbed");
  const [at, setAt] = useState("");
  const send = async () => {
    const whom = company ? { [`${side}_company_id`]: company.company_id } : { [`${side}_company_email`]: email };
    const made = await post("/merges", { ...whom, ...(at ? { execute_at: new Date(at).toISOString() } : {}) });
    changed("/merges");
    onClose();
    go(`/app/merges/${made.id}`);
  };
  return html`<${Dialog} title=${t("company.merge.ask")} onClose=${onClose}>
    <${Form} send=${t("company.merge.send")} onSend=${send}>
      ${company ? html`<p><b>${company.company_name}</b></p>`
        : html`<${Field} label=${t("company.merge.email")} type="email" required autofocus value=${email} onInput=${setEmail} hint=${t("company.merge.email.hint")} />`}
      <${Chips} label=${t("company.merge.direction")} value=${side} onChange=${setSide}
        options=${[["absorbed", t("company.merge.they.join")], ["survivor", t("company.merge.we.join")]]} />
      <${Field} label=${t("company.merge.at")} type="datetime-local" value=${at} onInput=${setAt} hint=${t("company.merge.at.hint")} />
      <p class="notice">${t("company.merge.safe")}</p>
    <//>
  <//>`;
}
