// What became of offers to my company: what it declined and may still take back, and receipts.
import { moment, span } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Rows } from "../core/list.js";
import { Button, Empty, Screen, Tag } from "../core/parts.js";
import { useList } from "../core/reads.js";
import { t } from "../core/words.js";
import { reopen } from "./answers.js";
import { OfferTabs } from "./offers.js";

const KINDS = { picked: "good", declined: "", lost: "info", expired: "warn", withdrawn: "" };

/** Receipts say neither which lead it was nor who got it. */
export function Past() {
  const list = useList("/receipts");
  const places = new Map(list.items.map((item, place) => [item, place]));
  return html`<${Screen} title=${t("offers.title")}>
    <${OfferTabs} at="/app/offers/past" />
    <${Reopenable} />
    <h2>${t("offers.receipts")}</h2>
    <p class="hint">${t("offers.receipts.about")}</p>
    <${Rows} list=${list} height=${88} label=${t("offers.receipts")} keyOf=${(item) => `${item.offered_at} ${places.get(item)}`}
      empty=${html`<${Empty} title=${t("offers.receipts.none")}>${t("offers.receipts.none.more")}<//>`}
      row=${(item) => html`<div class="grow">
          <b>${t(`offers.receipt.${item.outcome}`, { span: span(item.seconds) })}</b>
          <span>${item.marketplace_name} · ${t("offers.area", { digits: (item.postcode_area || "").padEnd(5, "•") })}</span>
          <small><time datetime=${item.offered_at}>${moment(item.offered_at)}</time> · ${together(item.offered_together)}</small>
        </div><span class="wide"><${Tag} kind=${KINDS[item.outcome]}>${t(`offers.outcome.${item.outcome}`)}<//></span>`} />
  <//>`;
}

const together = (n) => (n > 1 ? t("offers.together", { n: n - 1 }) : t("offers.alone"));

function Reopenable() {
  const list = useList("/offers?state=declined");
  const [faults, setFaults] = useState(/** @type {Record<string, any>} */ ({}));
  const fated = (lead, found) => setFaults((had) => ({ ...had, [lead]: found }));
  if (!list.items.length) return null;
  return html`<section class="card"><h2>${t("offers.reopenable")}</h2>
    <ul class="plain">
      ${list.items.map((offer) => {
        const fault = faults[offer.lead_id];
        return html`<li key=${offer.id} class="line"><span class="grow"><b dir="auto">${offer.teaser.interest}</b><br />
          <small>${offer.marketplace_name} · ${offer.decline_reason || t("offers.no_reason")} · ${offer.answered_by}</small>
          ${fault && html`<br /><small class="fault" role="alert">${fault.words || t("offers.gone.gone")}</small>`}</span>
          <${Button} onClick=${() => reopen(offer, fated)}>${t("offers.reopen")}<//></li>`;
      })}
    </ul>
  </section>`;
}
