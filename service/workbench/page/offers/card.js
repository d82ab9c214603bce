// One offer: what may be known of it before the pick, and both answers.
import { ago, money, moment } from "../core/format.js";
import { html, useEffect, useRef } from "../core/html.js";
import { Button, Countdown, Icon, Tag } from "../core/parts.js";
import { has, t } from "../core/words.js";
import { decline, explain, leadOf, pick, reopen } from "./answers.js";

const REASONS = ["far", "busy", "kind", "small", "price"];
const UNDO_MS = 10000;

/**
 * @param {{offer: any, fate: any, fated: (lead: string, found: any) => void, chosen?: boolean,
 *   onFocus?: () => void, onHide: () => void}} props fate: what became of it; null while it is open
 */
export function OfferCard({ offer, fate, fated, chosen, onFocus, onHide }) {
  const refused = fate?.kind === "refused";
  return html`<li class="card offer ${chosen ? "at" : ""} ${fate && !refused ? "gone" : ""}" tabindex="-1"
    data-offer=${offer.id} aria-labelledby="offer-${offer.id}" onFocus=${onFocus}>
    <p class="where"><span>${offer.marketplace_name}</span>
      ${(!fate || refused) && html`<${Countdown} until=${offer.expires_at} />`}</p>
    <h2 id="offer-${offer.id}" dir="auto">${offer.teaser.interest}</h2>
    ${!fate || refused
      ? html`<${Open} offer=${offer} fated=${fated} words=${refused ? fate.words : null} />`
      : fate.kind === "mine"
        ? html`<${Declined} offer=${offer} fated=${fated} onHide=${onHide} />`
        : html`<${Gone} offer=${offer} fate=${fate} onHide=${onHide} />`}
  </li>`;
}

const area = (digits) => (digits ? t("offers.area", { digits: digits.padEnd(5, "•") }) : t("offers.no_area"));

function Open({ offer, fated, words }) {
  const price = offer.price && money(offer.price.amount_cents / 100, offer.price.currency);
  return html`
    <p class="facts-line">
      <b>${area(offer.teaser.postcode_area)}</b>
      ${offer.teaser.tags.map((tag) => html` <${Tag} key=${tag}>${tag}<//>`)}
    </p>
    <p class="hint"><time datetime=${offer.opened_at} title=${moment(offer.opened_at)}>${t("offers.since", { ago: ago(offer.opened_at) })}</time>
      ${offer.placed_before > 0 && html`<br />${t("offers.placed_before", { n: offer.placed_before })}`}
      ${price && html`<br />${t("offers.price", { price })}`}</p>
    ${words && html`<p class="notice fault" role="alert">${words}</p>`}
    <div class="buttons">
      <${Button} kind="main" icon="check" onClick=${() => pick(offer, fated)}>${price ? t("offers.pick_for", { price }) : t("offers.pick")}<//>
      <${Button} icon="cross" onClick=${() => decline(offer, fated)}>${t("offers.decline")}<//>
    </div>`;
}

/** Declined here: why, with one tap, or not at all. */
function Declined({ offer, fated, onHide }) {
  const first = useRef(/** @type {HTMLElement | null} */ (null));
  const hide = useRef(onHide);
  hide.current = onHide;
  useEffect(() => {
    first.current?.querySelector("button")?.focus();
    const timer = setTimeout(() => hide.current(), UNDO_MS);
    return () => clearTimeout(timer);
  }, []);
  return html`<div role="status"><p>${t("offers.declined")} ${t("offers.why")}</p></div>
    <div class="buttons why" role="group" aria-label=${t("offers.why")} ref=${first}>
      ${REASONS.map((one) => {
        const words = t(`offers.reason.${one}`);
        return html`<${Button} key=${one} onClick=${async () => (await explain(offer, words, fated), hide.current())}>${words}<//>`;
      })}
      <${Button} kind="quiet" onClick=${() => reopen(offer, fated)}>${t("offers.undo")}<//>
    </div>`;
}

function Gone({ offer, fate, onHide }) {
  const key = `offers.gone.${fate.kind}`;
  const words = fate.actor && has(`${key}_by`) ? t(`${key}_by`, { name: fate.actor }) : t(has(key) ? key : "offers.gone.gone");
  return html`<p role="status">${words}</p>
    <div class="buttons">
      ${fate.kind === "colleague" && html`<a class="button main" href=${leadOf(offer)}>${t("offers.to_lead")}</a>`}
      <button type="button" onClick=${onHide}><${Icon} name="cross" />${t("offers.hide")}</button>
    </div>`;
}
