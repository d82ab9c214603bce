// One lead by hand.
import { post } from "../core/api.js";
import { html, useState } from "../core/html.js";
import { Empty, Field, Form, Tick } from "../core/parts.js";
import { changed } from "../core/reads.js";
import { go } from "../core/router.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { openTo, Part } from "./part.js";

/** @type {[string, string, boolean][]} */
const PERSON = [
  ["name", "text", true],
  ["company", "text", false],
  ["phone", "tel", false],
  ["email", "email", false],
  ["street", "text", false],
  ["postcode", "text", false],
  ["city", "text", false],
];

export function NewLead() {
  const places = openTo(useSession());
  const [place, setPlace] = useState(places[0]?.id || "");
  const [person, setPerson] = useState(/** @type {Record<string, string>} */ ({}));
  const [interest, setInterest] = useState("");
  const [tags, setTags] = useState("");
  const [agreed, setAgreed] = useState(false);
  if (!places.length) return html`<${Part} at="/app/giving/new" title=${t("giving.new")}><${Empty} title=${t("giving.nowhere")}>${t("giving.nowhere.more")}<//><//>`;
  const send = async () => {
    const given = Object.entries(person).filter(([, value]) => value.trim());
    const lead = await post(`/marketplaces/${place}/leads`, {
      prospect: Object.fromEntries(given),
      interest,
      tags: tags.split(",").map((one) => one.trim()).filter(Boolean),
      distribution_permission: agreed,
      submit: agreed,
    });
    changed("/leads", "/counts");
    say(agreed ? t("giving.submitted") : t("giving.kept"));
    go(`/app/leads/${lead.marketplace_id}/${lead.id}`);
  };
  return html`<${Part} at="/app/giving/new" title=${t("giving.new")}>
    <div class="card"><${Form} send=${agreed ? t("giving.submit") : t("giving.keep")} onSend=${send}>
      ${places.length > 1 && html`<${Field} label=${t("giving.where")} as="select" value=${place} onInput=${setPlace}>
        ${places.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>`}
      <div class="grid">${PERSON.map(([name, type, required]) => html`<${Field} key=${name} label=${t(`giving.person.${name}`)} type=${type}
        autocomplete="off" required=${required} maxlength="200" value=${person[name] || ""}
        onInput=${(value) => setPerson((before) => ({ ...before, [name]: value }))} />`)}</div>
      <p class="hint">${t("giving.person.contact")}</p>
      <${Field} as="textarea" label=${t("giving.interest")} required maxlength="4000" value=${interest} onInput=${setInterest} hint=${t("giving.interest.hint")} />
      <${Field} label=${t("giving.tags")} value=${tags} onInput=${setTags} hint=${t("giving.tags.hint")} />
      <${Tick} label=${t("giving.agreed")} hint=${t("giving.agreed.hint")} checked=${agreed} onChange=${setAgreed} />
    <//></div>
  <//>`;
}
