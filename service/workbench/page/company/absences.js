// Who is away, and who covers; when the company as a whole is.
import { post, remove } from "../core/api.js";
import { moment } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Dialog, Empty, Fault, Field, Form } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { Part } from "./part.js";

/** A local day and hour of a form as the API wants it. @param {string} local */
const instant = (local) => new Date(local).toISOString();

export function Absences() {
  const { delegates, me } = useSession();
  const list = useList("/absences", 100);
  const people = useList("/colleagues", 100).items;
  const whole = useList("/company/absences", 50);
  const [over, setOver] = useState("");
  const name = (id) => people.find((one) => one.id === id)?.name || "…";
  const close = () => setOver("");
  return html`<${Part} at="/app/company/absences" title=${t("company.absences")} actions=${html`
    <button type="button" class="main" onClick=${() => setOver("own")}>${t("company.absent.add")}</button>`}>
    <p>${t("company.absences.about")}</p>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!list.loading && !list.items.length && html`<${Empty} title=${t("company.absences.none")}>${t("company.absences.none.more")}<//>`}
    <ul class="plain">${list.items.map((one) => html`<li class="card line" key=${one.id}>
      <span class="grow"><b>${name(one.colleague_id)}</b> ${moment(one.begins_at)} – ${moment(one.ends_at)}<br />
        <small>${one.covered_by_id ? t("company.covered", { name: name(one.covered_by_id) }) : t("company.covered.nobody")}</small></span>
      ${(delegates || one.colleague_id === me.colleague?.id) && html`<${Button} done=${t("company.absent.gone")}
        onClick=${async () => (await remove(`/absences/${one.id}`), changed("/absences"))}>${t("act.delete")}<//>`}
    </li>`)}</ul>
    <section><div class="head"><h2>${t("company.closed")}</h2>
      ${delegates && html`<button type="button" onClick=${() => setOver("company")}>${t("company.closed.add")}</button>`}</div>
      <p class="hint">${t("company.closed.about")}</p>
      <ul class="plain">${whole.items.map((one) => html`<li class="card line" key=${one.id}>
        <span class="grow">${moment(one.begins_at)} – ${moment(one.ends_at)}</span>
        ${delegates && html`<${Button} done=${t("company.absent.gone")} onClick=${async () => (await remove(`/company/absences/${one.id}`), changed("/company/absences"))}>${t("act.delete")}<//>`}
      </li>`)}</ul>
    </section>
    ${over && html`<${Away} people=${people} whole=${over === "company"} onClose=${close} />`}
  <//>`;
}

function Away({ people, whole, onClose }) {
  const { delegates, me } = useSession();
  const [who, setWho] = useState(me.colleague?.id || "");
  const [cover, setCover] = useState("");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const save = async () => {
    const times = { begins_at: instant(from), ends_at: instant(until) };
    const path = whole ? "/company/absences" : "/absences";
    const more = whole ? {} : { covered_by_id: cover || null, ...(who === me.colleague?.id ? {} : { colleague_id: who }) };
    await post(path, { ...times, ...more });
    changed(path);
    say(t("company.absent.done"));
    onClose();
  };
  const active = people.filter((one) => one.active);
  return html`<${Dialog} title=${whole ? t("company.closed.add") : t("company.absent.add")} onClose=${onClose}>
    <${Form} send=${t("act.save")} onSend=${save}>
      ${!whole && delegates && html`<${Field} label=${t("company.who")} as="select" value=${who} onInput=${setWho}>
        ${active.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>`}
      <${Field} label=${t("company.from")} type="datetime-local" required value=${from} onInput=${setFrom} />
      <${Field} label=${t("company.to")} type="datetime-local" required value=${until} onInput=${setUntil} />
      ${!whole && html`<${Field} label=${t("company.cover")} as="select" value=${cover} onInput=${setCover} hint=${t("company.cover.hint")}>
        <option value="">${t("company.covered.nobody")}</option>
        ${active.filter((one) => one.id !== who).map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>`}
    <//>
  <//>`;
}
