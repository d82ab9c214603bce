// What is to be done, by date.
import { patch, post, remove, withQuery } from "../core/api.js";
import { moment } from "../core/format.js";
import { html, useMemo, useState } from "../core/html.js";
import { Button, Chips, Dialog, Empty, Fault, Loading, Screen, Tag } from "../core/parts.js";
import { changed, useList, useRead } from "../core/reads.js";
import { setQuery } from "../core/router.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";

/** @param {{query: URLSearchParams}} props */
export function FollowUps({ query }) {
  const whose = query.get("whose") || "mine";
  const today = query.get("when") !== "all";
  const until = useMemo(() => new Date(new Date().setHours(24, 0, 0, 0)).toISOString(), []);
  const list = useList(withQuery("/follow-ups", { whose, until: today ? until : null }));
  const [feed, setFeed] = useState("");
  return html`<${Screen} title=${t("work.follow.ups")} back="/app/leads" actions=${html`
    <${Button} onClick=${async () => setFeed((await post("/me/calendar-feed")).address)}>${t("work.feed")}<//>`}>
    <${Chips} label=${t("work.whose")} value=${whose} onChange=${(one) => setQuery({ whose: one === "mine" ? null : one })}
      options=${["mine", "covered", "nobody"].map((one) => [one, t(`work.follow.${one}`)])} />
    <${Chips} label=${t("work.when")} value=${today ? "today" : "all"} onChange=${(one) => setQuery({ when: one === "today" ? null : one })}
      options=${["today", "all"].map((one) => [one, t(`work.when.${one}`)])} />
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${list.loading && !list.items.length && html`<${Loading} />`}
    ${!list.loading && !list.problem && !list.items.length && html`<${Empty} title=${today ? t("work.follow.none.today") : t("work.follow.none")}>${t("work.follow.none.more")}<//>`}
    <ul class="plain">${list.items.map((one) => html`<${One} key=${one.id} one=${one} />`)}</ul>
    ${!list.whole && !!list.items.length && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}
    ${feed && html`<${Dialog} title=${t("work.feed")} onClose=${() => setFeed("")} actions=${html`
      <${Button} onClick=${async () => (await remove("/me/calendar-feed"), setFeed(""), say(t("work.feed.off")))}>${t("work.feed.end")}<//>`}>
      <p>${t("work.feed.about")}</p><p><code tabindex="0">${feed}</code></p><//>`}
  <//>`;
}

/** @param {{one: Api.FollowUp}} props */
function One({ one }) {
  const place = `/marketplaces/${one.marketplace_id}/leads/${one.lead_id}`;
  const lead = useRead(place).value;
  const late = Date.parse(one.due_at) < Date.now();
  const set = async (done, version) => {
    await patch(`${place}/follow-ups/${one.id}`, { done }, version);
    changed("/follow-ups", one.lead_id);
  };
  const tick = async () => {
    await set(true, one.version);
    say(t("work.follow.done"), { undo: () => set(false, one.version + 1) });
  };
  return html`<li class="card line">
    <a class="grow" href="/app/leads/${one.marketplace_id}/${one.lead_id}"><b>${lead?.prospect?.name || t("work.nobody")}</b>${" "}
      <${Tag} kind=${late ? "danger" : ""}>${moment(one.due_at)}<//><br />${one.text || lead?.interest || ""}</a>
    ${lead?.prospect?.phone && html`<a class="button" href="tel:${lead.prospect.phone}">${t("work.phone")}</a>`}
    <${Button} kind="main" onClick=${tick}>${t("work.follow.tick")}<//>
  </li>`;
}
