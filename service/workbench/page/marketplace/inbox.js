// What came in: accepted or rejected, one or many.
import { html, useState } from "../core/html.js";
import { Empty, Rows } from "../core/list.js";
import { Button, Chips, Dialog, Field, Form, Tag } from "../core/parts.js";
import { useList } from "../core/reads.js";
import { go } from "../core/router.js";
import { t } from "../core/words.js";
import { ChosenBar, LeadRow, useChosen } from "./choosing.js";
import { doToMany, pageOf } from "./doing.js";
import { Part } from "./part.js";

const REASONS = ["duplicate", "incomplete", "no_consent", "outside", "other"];

/** @param {{params: {m: string}}} props */
export function Inbox({ params: { m } }) {
  const list = useList(`/leads?as=operator&state=submitted&marketplace=${m}&sort=oldest`);
  const choice = useChosen(list.items);
  const [rejected, setRejected] = useState(/** @type {any[] | null} */ (null));
  const [progress, setProgress] = useState("");
  const accept = async (leads) => {
    const told = (n) => setProgress(t("marketplace.progress", { done: n, n: leads.length }));
    await doToMany(leads, "accept", undefined, "marketplace.accepted", leads.length > 1 ? told : undefined);
    setProgress("");
    choice.none();
  };
  const keys = {
    a: [(lead) => accept(choice.or(lead)), t("marketplace.key.accept")],
    r: [(lead) => setRejected(choice.or(lead)), t("marketplace.key.reject")],
    x: [choice.toggle, t("marketplace.key.choose")],
  };
  return html`<${Part} m=${m} at="" title=${t("marketplace.part.inbox")}>
    ${!!list.items.length && html`<${ChosenBar} choice=${choice} items=${list.items} progress=${progress}>
      <${Button} kind="main" icon="check" onClick=${() => accept(choice.chosen)}>${t("marketplace.accept")}<//>
      <${Button} icon="cross" onClick=${() => setRejected(choice.chosen)}>${t("marketplace.reject")}<//>
    <//>`}
    <${Rows} list=${list} label=${t("marketplace.part.inbox")} keyOf=${(lead) => lead.id} height=${60} keys=${keys}
      open=${(lead) => go(pageOf(lead))}
      empty=${html`<${Empty} title=${t("marketplace.inbox.empty")}>${t("marketplace.inbox.empty.more")}<//>`}
      row=${(lead) => html`<${LeadRow} lead=${lead} choice=${choice}
        more=${!lead.distribution_permission && html`<${Tag} kind="danger">${t("marketplace.no.consent")}<//>`}
        after=${html`<span class="wide line"><${Button} label=${t("marketplace.accept")} icon="check" onClick=${() => accept([lead])} />
          <${Button} label=${t("marketplace.reject")} icon="cross" onClick=${() => setRejected([lead])} /></span>`} />`} />
    ${rejected && html`<${Reject} leads=${rejected} onClose=${() => (setRejected(null), choice.none())} />`}
  <//>`;
}

/** Why it is rejected: its giver reads that. @param {{leads: any[], onClose: () => void}} props */
export function Reject({ leads, onClose }) {
  const marked = leads.every((lead) => lead.possible_duplicates?.length || lead.duplicate);
  const [reason, setReason] = useState(marked ? "duplicate" : "incomplete");
  const [text, setText] = useState("");
  const send = async () => {
    await doToMany(leads, "reject", { reason: reason === "other" ? text : t(`marketplace.reason.${reason}`) }, "marketplace.rejected");
    onClose();
  };
  return html`<${Dialog} title=${t("marketplace.reject.title", { n: leads.length })} onClose=${onClose}>
    <${Form} onSend=${send} send=${t("marketplace.reject")}>
      <${Chips} label=${t("marketplace.reason")} value=${reason} onChange=${setReason}
        options=${REASONS.map((one) => [one, t(`marketplace.reason.${one}`)])} />
      ${reason === "other" && html`<${Field} label=${t("marketplace.reason.text")} value=${text} onInput=${setText} required maxlength="500" />`}
      <p class="hint">${t("marketplace.reject.hint")}</p>
    <//>
  <//>`;
}
