// Follow-ups: of one lead, and what is due.
import { ask, patch, post } from "../core/api.js";
import { moment } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Empty, Fault, Field, Form, Loading, Screen, Tabs, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";
import { pageOf, routeOf, tomorrow } from "./part.js";

const done = (one) => patch(`${routeOf(one.marketplace_id, one.lead_id)}/follow-ups/${one.id}`, { done: true }, one.version);

async function tick(one) {
  const now = await done(one);
  changed("/follow-ups", one.lead_id);
  say(t("leads.follow.ticked"), {
    undo: async () => {
      await ask("PATCH", `${routeOf(one.marketplace_id, one.lead_id)}/follow-ups/${one.id}`, { body: { done: false }, version: now.version });
      changed("/follow-ups", one.lead_id);
    },
  });
}

function Due({ one, children }) {
  const late = !one.done_at && Date.parse(one.due_at) < Date.now();
  return html`<li class="line"><span class="grow"><time datetime=${one.due_at}>${moment(one.due_at)}</time>
      ${late && html` <${Tag} kind="danger">${t("leads.follow.late")}<//>`}<br /><span dir="auto">${one.text || t("leads.follow.no_text")}</span></span>
    ${children}
    ${one.done_at ? html`<${Tag} kind="good">${t("leads.follow.done")}<//>` : html`<${Button} icon="check" onClick=${() => tick(one)}>${t("leads.follow.tick")}<//>`}</li>`;
}

/** @param {{at: string, l: string}} props */
export function LeadFollowUps({ at, l }) {
  const list = useList(`${at}/follow-ups`);
  const [due, setDue] = useState(tomorrow);
  const [text, setText] = useState("");
  const send = async () => {
    await post(`${at}/follow-ups`, { due_at: new Date(due).toISOString(), ...(text ? { text } : {}) });
    setText("");
    changed("/follow-ups", l);
    say(t("leads.follow.made"));
  };
  return html`<section class="card"><h2>${t("leads.follow_ups")}</h2>
    <ul class="plain">${list.items.map((one) => html`<${Due} key=${one.id} one=${one} />`)}</ul>
    <details><summary>${t("leads.follow.new")}</summary><${Form} send=${t("leads.follow.make")} onSend=${send}>
      <${Field} label=${t("leads.follow.due")} type="datetime-local" required value=${due} onInput=${setDue} />
      <${Field} label=${t("leads.follow.text")} maxlength="4000" value=${text} onInput=${setText} />
    <//></details>
  </section>`;
}

/** What is due, next first. @param {{query: URLSearchParams}} props */
export function FollowUps({ query }) {
  const whose = query.get("whose") || "mine";
  const today = new Date();
  today.setHours(24, 0, 0, 0);
  const until = query.get("when") === "all" ? "" : `&until=${encodeURIComponent(today.toISOString())}`;
  const list = useList(`/follow-ups?whose=${whose}${until}`);
  const to = (who) => `/app/follow-ups?whose=${who}${until ? "" : "&when=all"}`;
  return html`<${Screen} title=${t("leads.follow_ups")} back="/app/leads" actions=${html`<a class="button" href=${`/app/follow-ups?whose=${whose}${until ? "&when=all" : ""}`}>${t(until ? "leads.follow.all" : "leads.follow.today")}</a>`}>
    <${Tabs} label=${t("leads.follow_ups")} at=${to(whose)} tabs=${["mine", "covered", "nobody"].map((who) => [to(who), t(`leads.whose.${who}`)])} />
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!list.items.length && (list.loading ? html`<${Loading} />` : html`<${Empty} title=${t("leads.follow.none")}>${t("leads.follow.none.more")}<//>`)}
    <ul class="plain">${list.items.map((one) => html`<${Due} key=${one.id} one=${one}><a class="button" href=${pageOf(one)}>${t("leads.to_lead")}</a><//>`)}</ul>
    ${!!list.items.length && !list.whole && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}
  <//>`;
}
