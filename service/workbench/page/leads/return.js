// Giving a lead back: for which reason, until when, how often, and what the operator says to it.
import { post } from "../core/api.js";
import { day } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Chips, Countdown, Dialog, Field, Form } from "../core/parts.js";
import { changed } from "../core/reads.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { language, t } from "../core/words.js";
import { about } from "./part.js";

/** @param {{at: string, engagement: any}} props */
export function Return({ at, engagement }) {
  const session = useSession();
  const [asks, setAsks] = useState(false);
  const { return: terms, return_request: asked } = engagement;
  const open = asked && ["waiting", "requested"].includes(asked.state);
  if (!terms && !asked) return null;
  const name = (code) => terms?.reasons.find((one) => one.code === code)?.label[language()] || code;
  const doIt = (action, words) => async () => {
    await post(`${at}/engagement/return/${action}`);
    changed(...about(engagement.lead_id));
    say(words);
  };
  return html`<section class="card"><h2>${t("leads.return")}</h2>
    ${terms && html`<p>${t("leads.return.until", { day: day(terms.allowed_until) })} <${Countdown} until=${terms.allowed_until} /></p>`}
    ${terms?.quota && html`<p class="hint">${t("leads.return.quota", { ...terms.quota })}</p>`}
    ${asked && html`<p class="notice">${t(`leads.return_state.${asked.state}`)}: ${name(asked.reason)} · ${asked.asked_by}
      ${asked.comment && html`<br /><span dir="auto">${asked.comment}</span>`}
      ${asked.decide_by && open && html`<br />${t("leads.return.decide_by", { day: day(asked.decide_by) })}`}
      ${asked.answer && html`<br />${t("leads.return.answer")} <span dir="auto">${asked.answer}</span>`}</p>`}
    <div class="buttons">
      ${open && html`<${Button} onClick=${doIt("withdraw", t("leads.return.withdrawn"))}>${t("leads.return.withdraw")}<//>`}
      ${asked?.state === "waiting" && session.delegates && html`<${Button} kind="main" onClick=${doIt("release", t("leads.return.released"))}>${t("leads.return.release")}<//>`}
      ${terms && !open && html`<button type="button" onClick=${() => setAsks(true)}>${t("leads.return.ask")}</button>`}
    </div>
    ${asks && html`<${Ask} at=${at} l=${engagement.lead_id} terms=${terms} onClose=${() => setAsks(false)} />`}
  </section>`;
}

function Ask({ at, l, terms, onClose }) {
  const [reason, setReason] = useState(terms.reasons[0]?.code || "");
  const [comment, setComment] = useState("");
  const chosen = terms.reasons.find((one) => one.code === reason);
  const send = async () => {
    await post(`${at}/engagement/return`, { reason, ...(comment ? { comment } : {}) });
    changed(...about(l));
    say(t("leads.return.asked"));
    onClose();
  };
  return html`<${Dialog} title=${t("leads.return.ask")} onClose=${onClose}>
    <${Form} send=${t("leads.return.ask")} onSend=${send}>
      <${Chips} label=${t("leads.return.reason")} value=${reason} onChange=${setReason} options=${terms.reasons.map((one) => [one.code, one.label[language()]])} />
      ${chosen && chosen.needed.attempts > 0 && html`<p class="hint">${t("leads.return.needs", {
        attempts: chosen.needed.attempts, days: chosen.needed.days, had: chosen.evidence.attempts, had_days: chosen.evidence.days })}</p>`}
      ${terms.needs_release && html`<p class="hint">${t("leads.return.needs_release")}</p>`}
      <${Field} as="textarea" label=${t("leads.return.comment")} maxlength="1000" value=${comment} onInput=${setComment} dir="auto" />
    <//>
  <//>`;
}
