// The operator's actions on one lead, on the lead's screen.
import { html, useState } from "../core/html.js";
import { Button, Confirm, Dialog, Field, Form } from "../core/parts.js";
import { say } from "../core/saying.js";
import { learn, named, t } from "../core/words.js";
import { Brokerages } from "./brokerages.js";
import { doTo, pageOf } from "./doing.js";
import { Reject } from "./inbox.js";
import { OfferDialog, Teaser } from "./offer.js";
import { useOperated } from "./part.js";
import { Decide } from "./returns.js";

await learn("marketplace");

const OFFERABLE = ["available", "unplaced"];

/**
 * Nothing for who does not operate the lead's marketplace.
 * @param {{lead: any, engagement?: any, again?: () => unknown}} props again: reads both anew
 */
export function LeadActions({ lead, engagement, again }) {
  const operated = useOperated(lead.marketplace_id);
  const [over, setOver] = useState(/** @type {string | null} */ (null));
  if (!operated) return null;
  const close = () => (setOver(null), again?.());
  const direct = (action, words) => async () => {
    await doTo(lead, action);
    say(t(words, { n: 1 }));
    again?.();
  };
  const { state } = lead;
  const request = engagement?.state === "return_requested" ? engagement.return_request : null;
  const worked = ["active", "return_requested"].includes(engagement?.state);
  const known = lead.duplicate?.leads || lead.possible_duplicates || [];
  const open = (what) => () => setOver(what);
  return html`<section class="card" aria-label=${t("marketplace.actions")}>
    <h2>${t("marketplace.actions")}</h2>
    ${!!known.length && state === "submitted" && html`<div class="notice warn"><p>${t("marketplace.duplicates")}</p>
      <ul>${known.map((one) => html`<li key=${one.id}><a href=${pageOf({ ...lead, id: one.id })}>${t(`lead_state.${one.state}`)}</a> · ${one.matches.map((match) => named("marketplace.match", match)).join(", ")}</li>`)}</ul></div>`}
    ${(state === "submitted" || OFFERABLE.includes(state)) && html`<${Teaser} lead=${lead} />`}
    <div class="buttons">
      ${state === "submitted" && html`
        <${Button} kind="main" icon="check" onClick=${direct("accept", "marketplace.accepted")}>${t("marketplace.accept")}<//>
        <${Button} icon="cross" onClick=${open("reject")}>${t("marketplace.reject")}<//>`}
      ${OFFERABLE.includes(state) && html`<${Button} kind="main" onClick=${open("offer")}>${t("marketplace.offer")}<//>`}
      ${state === "offered" && html`<${Button} onClick=${open("assign")}>${t("marketplace.offer.assign")}<//>`}
      ${[...OFFERABLE, "offered", "submitted"].includes(state) && html`<${Button} onClick=${open("withdraw")}>${t("marketplace.withdraw")}<//>`}
      ${state === "engaged" && worked && html`<${Button} onClick=${open("revoke")}>${t("marketplace.revoke")}<//>`}
      ${state === "closed" && engagement?.state === "lost" && html`<${Button} onClick=${direct("recycle", "marketplace.recycled")}>${t("marketplace.recycle")}<//>`}
    </div>
    ${request?.state === "requested" && html`<${Decide} again=${again} one=${{ ...request, marketplace_id: lead.marketplace_id, lead_id: lead.id, company_name: engagement.company_name }} />`}
    ${!["draft", "submitted", "rejected"].includes(state) && html`<details open=${state === "offered"}><summary>${t("marketplace.runs")}</summary><${Brokerages} lead=${lead} /></details>`}
    ${over === "reject" && html`<${Reject} leads=${[lead]} onClose=${close} />`}
    ${(over === "offer" || over === "assign") && html`<${OfferDialog} lead=${lead} first=${over === "offer" ? "plan" : "assign"} onClose=${close} />`}
    ${over === "withdraw" && html`<${Confirm} danger title=${t("marketplace.withdraw.title", { n: 1 })} text=${t("marketplace.withdraw.text")} yes=${t("marketplace.withdraw")}
      onClose=${close} onYes=${direct("withdraw", "marketplace.withdrawn")} />`}
    ${over === "revoke" && html`<${Revoke} lead=${lead} name=${engagement.company_name} onClose=${close} />`}
  </section>`;
}

function Revoke({ lead, name, onClose }) {
  const [reason, setReason] = useState("");
  const send = async () => {
    await doTo(lead, "revoke", { reason });
    say(t("marketplace.revoked", { name }));
    onClose();
  };
  return html`<${Dialog} title=${t("marketplace.revoke.title", { name })} onClose=${onClose}>
    <${Form} onSend=${send} send=${t("marketplace.revoke")}>
      <p>${t("marketplace.revoke.text")}</p>
      <${Field} label=${t("marketplace.reason")} value=${reason} onInput=${setReason} required maxlength="500" />
    <//>
  <//>`;
}
