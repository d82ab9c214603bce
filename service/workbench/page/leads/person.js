// The person: how to reach it, what it answered, and corrections.
import { get, patch, Problem } from "../core/api.js";
import { moment } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Dialog, Field, Form, Icon } from "../core/parts.js";
import { changed } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";
import { about } from "./part.js";

const FIELDS = ["name", "phone", "email", "street", "postcode", "city"];

/** @param {{at: string, lead: any, onCall?: () => unknown}} props onCall: a call begins */
export function Person({ at, lead, onCall }) {
  const [edits, setEdits] = useState(false);
  const one = lead.prospect;
  return html`<section class="card">
    <h2 dir="auto">${lead.interest}</h2>
    ${!one && html`<p class="hint">${t("leads.no_person")}</p>`}
    ${one && html`<address class="person">
      <p class="buttons">
        ${one.phone && html`<a class="button main" href="tel:${one.phone}" onClick=${onCall}><${Icon} name="phone" />${one.phone}</a>`}
        ${one.email && html`<a class="button" href="mailto:${one.email}"><${Icon} name="mail" />${one.email}</a>`}
      </p>
      <p dir="auto">${[one.salutation, one.name].filter(Boolean).join(" ")}${one.company && html`<br />${one.company}`}
        ${one.street && html`<br />${one.street}`}<br />${[one.postcode, one.city].filter(Boolean).join(" ")}</p>
    </address>
    ${!!Object.keys(one.answers).length && html`<details open=${Object.keys(one.answers).length < 6}><summary>${t("leads.answers")}</summary>
      <dl class="facts">${Object.entries(one.answers).map(([name, value]) => html`<dt key=${name} dir="auto">${name}</dt><dd dir="auto">${value}</dd>`)}</dl></details>`}
    <button type="button" onClick=${() => setEdits(true)}>${t("leads.edit")}</button>`}
    <p class="hint">${t("leads.received", { at: moment(lead.received_at) })} · ${lead.source} · ${lead.giver_name || lead.operator_name}</p>
    ${edits && html`<${Edit} at=${at} lead=${lead} onClose=${() => setEdits(false)} />`}
  </section>`;
}

/** Sends what was changed alone; what somebody else changed meanwhile is shown beside it, to choose. */
function Edit({ at, lead, onClose }) {
  const [base, setBase] = useState(lead);
  const [mine, setMine] = useState(() => Object.fromEntries(FIELDS.map((name) => [name, lead.prospect[name] || ""])));
  const [theirs, setTheirs] = useState(/** @type {any} */ (null));
  const was = (name) => base.prospect[name] || "";
  const send = async () => {
    const prospect = Object.fromEntries(FIELDS.filter((name) => mine[name] !== was(name)).map((name) => [name, mine[name] || null]));
    if (!Object.keys(prospect).length) return onClose();
    try {
      await patch(at, { prospect }, base.version);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 412) throw problem;
      const now = await get(at);
      // Fields that only the other one touched are his; the rest is to be chosen.
      const met = FIELDS.filter((name) => (now.prospect[name] || "") !== was(name));
      setTheirs({ names: met.filter((name) => mine[name] !== was(name) && mine[name] !== (now.prospect[name] || "")), now });
      setMine((had) => Object.fromEntries(FIELDS.map((name) => [name, had[name] === was(name) ? now.prospect[name] || "" : had[name]])));
      setBase(now);
      return;
    }
    changed(...about(lead.id));
    say(t("leads.saved"));
    onClose();
  };
  return html`<${Dialog} title=${t("leads.edit")} onClose=${onClose}>
    <${Form} send=${theirs ? t("leads.save_chosen") : t("act.save")} onSend=${send}>
      ${theirs && html`<p class="notice warn" role="alert">${t("leads.met")}</p>`}
      ${FIELDS.map((name) => html`<div key=${name}>
        <${Field} label=${t(`leads.field.${name}`)} value=${mine[name]} required=${name === "name"}
          onInput=${(value) => setMine((had) => ({ ...had, [name]: value }))} />
        ${theirs?.names.includes(name) && html`<p class="line"><span class="grow" dir="auto">${t("leads.theirs", { value: theirs.now.prospect[name] || "–" })}</span>
          <button type="button" onClick=${() => setMine((had) => ({ ...had, [name]: theirs.now.prospect[name] || "" }))}>${t("leads.take_theirs")}</button></p>`}
      </div>`)}
    <//>
  <//>`;
}
