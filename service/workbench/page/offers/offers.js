// What is offered to my company: picked or declined with one tap, by any colleague.
import { listen } from "../core/events.js";
import { html, useEffect, useMemo, useRef, useState } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { Button, Empty, Fault, Loading, Screen, Tabs } from "../core/parts.js";
import { useList } from "../core/reads.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { decline, pick, reopen } from "./answers.js";
import { OfferCard } from "./card.js";

/** What an event says of an offer that is gone from the list. */
const GONE = {
  "offer.lost": "lost",
  "offer.withdrawn": "withdrawn",
  "offer.expired": "expired",
  "offer.declined": "declined",
  "lead.picked": "colleague",
};

/** @param {{at: string}} props */
export const OfferTabs = ({ at }) =>
  html`<${Tabs} label=${t("offers.title")} at=${at}
    tabs=${[["/app/offers", t("offers.open")], ["/app/offers/past", t("offers.past")]]} />`;

/** Open offers, next to end first; what goes while one looks stays until it is hidden, and says why. */
export function Offers() {
  const session = useSession();
  const list = useList("/offers?state=open&sort=expiring");
  const { shown, fate } = useFates(list);
  const [at, setAt] = useState(/** @type {string | null} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));

  const focusOn = (id) => {
    setAt(id);
    const card = box.current?.querySelector(`[data-offer="${id}"]`);
    if (card instanceof HTMLElement) card.focus();
  };
  const move = (by) => {
    const place = shown.findIndex((one) => one.offer.id === at);
    const next = shown[Math.max(0, Math.min(shown.length - 1, place + by))];
    if (next) focusOn(next.offer.id);
  };
  const chosen = (does) => () => {
    const one = shown.find((other) => other.offer.id === at);
    if (one && !one.fate) does(one.offer);
  };
  const hide = (offer) => {
    const place = shown.findIndex((one) => one.offer.id === offer.id);
    const next = shown[place + 1] || shown[place - 1];
    fate(offer.lead_id, { kind: "hidden" });
    if (next) focusOn(next.offer.id);
    else /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus();
  };
  const doPick = (offer) => pick(offer, fate);
  const doDecline = (offer) => decline(offer, fate);
  useKeys({
    j: [() => move(1), t("offers.keys.next")],
    k: [() => move(-1), t("offers.keys.previous")],
    p: [chosen(doPick), t("offers.pick")],
    x: [chosen(doDecline), t("offers.decline")],
    u: [() => {
      const last = shown.find((one) => one.fate?.kind === "mine");
      if (last) reopen(last.offer, fate);
    }, t("offers.keys.undo")],
  });

  return html`<${Screen} title=${t("offers.title")}>
    <${OfferTabs} at="/app/offers" />
    ${!session.takes && html`<p class="notice">${t("offers.no_taker")}</p>`}
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!shown.length && (list.loading ? html`<${Loading} />` : !list.problem && html`<${Nothing} />`)}
    <ul class="grid offers" ref=${box} aria-label=${t("offers.open")} hidden=${!shown.length}>
      ${shown.map(
        (one) => html`<${OfferCard} key=${one.offer.id} offer=${one.offer} fate=${one.fate} fated=${fate}
          chosen=${one.offer.id === at} onFocus=${() => setAt(one.offer.id)} onHide=${() => hide(one.offer)} />`,
      )}
    </ul>
    ${!!list.items.length && !list.whole && html`<${Button} onClick=${list.more}>${t("offers.more")}<//>`}
  <//>`;
}

const Nothing = () =>
  html`<${Empty} title=${t("offers.none")}>${t("offers.none.more")}
    ${" "}<a href="/app/leads">${t("offers.none.leads")}</a><//>`;

/**
 * The offers in the order in which they were first shown, each with what became of it meanwhile.
 * @param {{items: any[], loading: boolean, problem: unknown}} list
 */
function useFates(list) {
  const [fates, setFates] = useState(/** @type {Record<string, any>} by lead */ ({}));
  const known = useRef(/** @type {any[]} */ ([]));
  const fate = (lead, found) => setFates((had) => ({ ...had, [lead]: found }));
  useEffect(
    () =>
      listen((event) => {
        const kind = GONE[event.kind];
        if (event.kind === "offer.opened" || event.kind === "offer.reopened") fate(event.lead_id, null);
        else if (kind) {
          setFates((had) => (had[event.lead_id] ? had : { ...had, [event.lead_id]: { kind, actor: event.actor } }));
        }
      }),
    [],
  );
  const shown = useMemo(() => {
    const open = new Map(list.items.map((offer) => [offer.id, offer]));
    const before = known.current.filter((offer) => open.has(offer.id) || !list.loading);
    const kept = before.map((offer) => open.get(offer.id) || offer);
    const had = new Set(kept.map((offer) => offer.id));
    // A new one goes where the order wants it: before the first that ends later.
    for (const offer of list.items) {
      if (had.has(offer.id)) continue;
      const place = kept.findIndex((other) => open.has(other.id) && other.expires_at > offer.expires_at);
      kept.splice(place < 0 ? kept.length : place, 0, offer);
    }
    known.current = kept.filter((offer) => fates[offer.lead_id]?.kind !== "hidden");
    return known.current.map((offer) => {
      const found = fates[offer.lead_id] || null;
      return { offer, fate: found || (open.has(offer.id) ? null : { kind: "gone" }) };
    });
  }, [list.items, fates]);
  return { shown, fate };
}

