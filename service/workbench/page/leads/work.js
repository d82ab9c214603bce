// The work on a lead: who does it, at which step it is, and how it ended.
import { patch, post } from "../core/api.js";
import { day, money, number } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Dialog, Field, Form } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { useHandsOver } from "../core/shell.js";
import { named, t } from "../core/words.js";
import { about, useMe } from "./part.js";

/** @param {{at: string, engagement: any, mine: boolean, working: boolean}} props mine: my company's */
export function Work({ at, engagement, mine, working }) {
  const me = useMe();
  const hands = useHandsOver();
  const [over, setOver] = useState(/** @type {string | null} */ (null));
  const one = engagement;
  const set = async (change, words) => {
    await patch(`${at}/engagement`, change, one.version);
    changed(...about(one.lead_id));
    say(words);
  };
  const reopen = async () => {
    await post(`${at}/engagement/reopen`);
    changed(...about(one.lead_id));
    say(t("leads.reopened"));
  };
  const close = () => setOver(null);
  return html`<section class="card"><h2>${t("leads.work")}</h2>
    <dl class="facts">
      <dt>${t("leads.company")}</dt><dd>${one.company_name || "–"}</dd>
      <dt>${t("leads.handler")}</dt><dd>${one.handler_name || t("leads.nobody")}</dd>
      <dt>${t("leads.since")}</dt><dd>${day(one.started_at)}${one.picked_by ? ` · ${one.picked_by}` : ""}</dd>
      <dt>${t("leads.step")}</dt><dd>${one.step}</dd>
      ${one.value !== null && html`<dt>${t("leads.value")}</dt><dd>${number(one.value, 2)}</dd>`}
      ${one.price && html`<dt>${t("leads.price")}</dt><dd>${money(one.price.amount_cents / 100, one.price.currency)}${one.credited_at ? ` (${t("leads.credited")})` : ""}</dd>`}
    </dl>
    ${working && html`
      <div class="buttons">
        ${one.handler_id !== me && html`<${Button} kind="main" onClick=${() => set({ handler_id: me }, t("leads.taken"))}>${t("leads.take")}<//>`}
        ${hands && html`<button type="button" onClick=${() => setOver("hand")}>${t("leads.hand_over")}</button>`}
        ${hands && one.handler_id && html`<${Button} kind="quiet" onClick=${() => set({ handler_id: null }, t("leads.given_back"))}>${t("leads.give_back")}<//>`}
      </div>
      <div class="buttons" role="group" aria-label=${t("leads.step")}>
        ${one.steps.map((step) => html`<${Button} key=${step} pressed=${step === one.step} onClick=${() => set({ step }, t("leads.stepped", { step }))}>${step}<//>`)}
      </div>
      <div class="buttons">
        <button type="button" onClick=${() => setOver("won")}>${t("leads.won")}</button>
        <button type="button" onClick=${() => setOver("lost")}>${t("leads.lost")}</button>
      </div>`}
    ${mine && ["won", "lost"].includes(one.state) && html`<p>${named("engagement_state", one.state)}</p><${Button} onClick=${reopen}>${t("leads.reopen")}<//>`}
    ${mine && html`<${Rating} at=${at} engagement=${one} />`}
    ${over === "hand" && html`<${HandOver} onClose=${close} onGive=${(id) => set({ handler_id: id }, t("leads.handed_over"))} />`}
    ${(over === "won" || over === "lost") && html`<${Closing} at=${at} outcome=${over} l=${one.lead_id} onClose=${close} />`}
  </section>`;
}

/** To whom. @param {{onGive: (id: string) => Promise<unknown>, onClose: () => void}} props */
export function HandOver({ onGive, onClose }) {
  const list = useList("/colleagues", 100);
  return html`<${Dialog} title=${t("leads.hand_over")} onClose=${onClose}>
    <div class="buttons">${list.items.filter((one) => one.active).map((one) => html`<${Button} key=${one.id} icon="user"
      onClick=${async () => (await onGive(one.id), onClose())}>${one.name}<//>`)}</div>
  <//>`;
}

function Closing({ at, outcome, l, onClose }) {
  const [value, setValue] = useState("");
  const send = async () => {
    await post(`${at}/engagement/close`, { outcome, ...(value ? { value: Number(value) } : {}) });
    changed(...about(l));
    say(t(`leads.${outcome}.done`));
    onClose();
  };
  return html`<${Dialog} title=${t(`leads.${outcome}`)} onClose=${onClose}>
    <${Form} send=${t(`leads.${outcome}`)} onSend=${send}>
      ${outcome === "won" && html`<${Field} label=${t("leads.value")} type="number" min="0" step="0.01" inputmode="decimal" value=${value} onInput=${setValue} autofocus />`}
      <p class="hint">${t("leads.close.about")}</p>
    <//>
  <//>`;
}

function Rating({ at, engagement }) {
  const rate = async (stars) => {
    await post(`${at}/engagement/rating`, { stars: Number(stars) });
    changed(engagement.lead_id);
    say(t("leads.rated"));
  };
  const [busy, setBusy] = useState(false);
  if (!busy && !engagement.rating) {
    return html`<button type="button" class="quiet" onClick=${() => setBusy(true)}>${t("leads.rate")}</button>`;
  }
  return html`<div class="buttons" role="group" aria-label=${t("leads.rate")}>${[1, 2, 3, 4, 5].map((n) => html`<${Button} key=${n}
    pressed=${engagement.rating?.stars === n} label=${t("leads.stars", { n })} onClick=${() => rate(n)}>${n}<//>`)}</div>`;
}

