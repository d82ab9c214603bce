// Returns to decide: why, with which evidence, until when.
import { post } from "../core/api.js";
import { moment } from "../core/format.js";
import { html, useEffect, useRef, useState } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { Button, Countdown, Empty, Fault, Field, Loading } from "../core/parts.js";
import { useList, useRead } from "../core/reads.js";
import { say } from "../core/saying.js";
import { language, named, t } from "../core/words.js";
import { pageOf, touched } from "./doing.js";
import { Part } from "./part.js";

/** @param {{params: {m: string}}} props */
export function Returns({ params: { m } }) {
  const list = useList(`/returns?marketplace=${m}`);
  const [at, setAt] = useState(-1);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const move = (by) => setAt(Math.max(0, Math.min(list.items.length - 1, at + by)));
  const press = (what) => () => /** @type {HTMLElement | null} */ (box.current?.children[Math.max(0, at)]?.querySelector(what))?.click();
  useKeys({
    j: [() => move(1), t("keys.next")],
    k: [() => move(-1), t("keys.previous")],
    a: [press("button.main"), t("marketplace.return.accept")],
    r: [press(".refuse button"), t("marketplace.return.refuse")],
  });
  useEffect(() => {
    /** @type {HTMLElement | null} */ (box.current?.children[at]?.querySelector("h2 a"))?.focus();
  }, [at]);
  useEffect(() => {
    if (document.activeElement === document.body) /** @type {HTMLElement | null} */ (box.current?.querySelector("h2 a") || document.querySelector("main h1"))?.focus();
  }, [list.items.length]);
  return html`<${Part} m=${m} at="returns" title=${t("marketplace.part.returns")}>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${list.loading && !list.items.length && html`<${Loading} />`}
    ${!list.loading && !list.problem && !list.items.length && html`<${Empty} title=${t("marketplace.returns.empty")}>${t("marketplace.returns.empty.more")}<//>`}
    <ul class="plain" ref=${box}>${list.items.map((one) => html`<li class="card" key=${one.id}>
      <h2><a class="place" href=${pageOf({ marketplace_id: one.marketplace_id, id: one.lead_id })}>${t("marketplace.return.of", { name: one.company_name })}</a></h2>
      <${Decide} one=${one} />
    </li>`)}</ul>
    ${!list.whole && !!list.items.length && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}
  <//>`;
}

/** One return, with both answers. @param {{one: any, again?: () => unknown}} props */
export function Decide({ one, again }) {
  const rules = useRead(`/marketplaces/${one.marketplace_id}/return-rules`).value;
  const [comment, setComment] = useState("");
  const label = rules?.reasons.find((rule) => rule.code === one.reason)?.label[language()] || one.reason;
  const answer = (how) => async () => {
    await post(`/marketplaces/${one.marketplace_id}/leads/${one.lead_id}/engagement/return/${how}`, { comment: comment.trim() || null });
    say(t(`marketplace.return.${how}.done`, { name: one.company_name }));
    touched({ id: one.lead_id });
    again?.();
  };
  const { attempts = 0, days = 0, calls = [], files = [] } = one.evidence;
  const base = `/marketplaces/${one.marketplace_id}/leads/${one.lead_id}/files`;
  return html`<div>
    <dl class="facts">
      <dt>${t("marketplace.reason")}</dt><dd>${label}</dd>
      ${one.comment && html`<dt>${t("marketplace.return.comment")}</dt><dd>${one.comment}</dd>`}
      <dt>${t("marketplace.return.asked")}</dt><dd>${one.asked_by}, ${moment(one.requested_at)}</dd>
      <dt>${t("marketplace.return.evidence")}</dt><dd>${t("marketplace.return.attempts", { attempts, days })}
        ${!!calls.length && html`<ul>${calls.map((call, n) => html`<li key=${n}>${moment(call.at)}: ${named("marketplace.call", call.outcome)}</li>`)}</ul>`}
        ${!!files.length && html`<ul>${files.map((file) => html`<li key=${file.id}><a href="${base}/${file.id}" download>${file.name}</a></li>`)}</ul>`}</dd>
      ${one.decide_by && html`<dt>${t("marketplace.return.until")}</dt><dd><${Countdown} until=${one.decide_by} /> <small>${moment(one.decide_by)}: ${t("marketplace.return.silence")}</small></dd>`}
    </dl>
    <${Field} label=${t("marketplace.return.answer")} value=${comment} onInput=${setComment} maxlength="2000" />
    <div class="buttons">
      <${Button} kind="main" onClick=${answer("accept")}>${t("marketplace.return.accept")}<//>
      <span class="refuse"><${Button} onClick=${answer("refuse")}>${t("marketplace.return.refuse")}<//></span>
    </div>
  </div>`;
}
