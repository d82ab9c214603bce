// Calling: who begins says so, and says with one tap what it brought.
import { post, Problem, remove } from "../core/api.js";
import { clock, moment } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Field } from "../core/parts.js";
import { changed, useList, useRead } from "../core/reads.js";
import { inWords, say } from "../core/saying.js";
import { t } from "../core/words.js";
import { about, useMe } from "./part.js";

const OUTCOMES = ["reached", "not_reached", "mailbox", "call_back", "wrong_number"];

/** Tells colleagues that one is calling; a colleague who calls already is said. @param {string} at @param {string} l */
export async function begin(at, l) {
  try {
    await post(`${at}/engagement/call`);
    changed(l);
    return null;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    changed(l);
    if (problem.slug === "colleague-calling") {
      say(t("leads.call.busy", { name: problem.told.colleague_name, until: clock(problem.told.until) }), { kind: "fault" });
      return problem.told;
    }
    say(inWords(problem), { kind: "fault" });
    return null;
  }
}

/** @param {{at: string, l: string}} props */
export function Calls({ at, l }) {
  const me = useMe();
  const state = useRead(`${at}/engagement/call`);
  const list = useList(`${at}/engagement/calls`);
  const [note, setNote] = useState("");
  const [again, setAgain] = useState("");
  const [other, setOther] = useState(/** @type {any} */ (null));
  const now = state.value;
  const calling = now?.colleague;
  const claim = async () => setOther(await begin(at, l));
  const enter = (outcome) => async () => {
    await post(`${at}/engagement/calls`, {
      outcome,
      ...(note ? { note } : {}),
      ...(again ? { call_back_at: new Date(again).toISOString() } : {}),
    });
    setNote("");
    setAgain("");
    changed(...about(l));
    say(t("leads.call.entered"));
  };
  const busy = calling && calling.id !== me ? { colleague_name: calling.name, until: now.until } : other;
  return html`<section class="card"><h2>${t("leads.calls")}</h2>
    ${busy && html`<p class="notice warn" role="alert">${t("leads.call.busy", { name: busy.colleague_name, until: clock(busy.until) })}</p>`}
    ${now?.contact_by && !now.attempts && html`<p class="hint">${t("leads.call.by", { at: moment(now.contact_by) })}</p>`}
    ${calling?.id === me && me
      ? html`<p class="notice" role="status">${t("leads.call.mine", { until: clock(now.until) })}</p>
        <${Button} kind="quiet" onClick=${async () => (await remove(`${at}/engagement/call`), changed(l))}>${t("leads.call.drop")}<//>`
      : html`<p class="call-start"><${Button} kind="main" icon="phone" onClick=${claim}>${t("leads.call.start")}<//></p>`}
    <${Field} label=${t("leads.call.note")} value=${note} onInput=${setNote} maxlength="4000" />
    <${Field} label=${t("leads.call.again")} type="datetime-local" value=${again} onInput=${setAgain} />
    <div class="buttons" role="group" aria-label=${t("leads.call.outcome")}>
      ${OUTCOMES.map((one) => html`<${Button} key=${one} onClick=${enter(one)}>${t(`leads.outcome.${one}`)}<//>`)}
    </div>
    <ul class="plain">${list.items.map((one) => html`<li key=${one.id} class="line"><span class="grow"><b>${t(`leads.outcome.${one.outcome}`)}</b> · ${one.colleague_name}
      ${one.note && html`<br /><span dir="auto">${one.note}</span>`}</span><small>${moment(one.created_at)}</small></li>`)}</ul>
  </section>`;
}
