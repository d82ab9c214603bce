// Before a lead is offered: to whom it would go, wave by wave, and to whom not and why.
import { html, useState } from "../core/html.js";
import { Button, Chips, Dialog, Field, Shown, Tag, Tick } from "../core/parts.js";
import { useRead } from "../core/reads.js";
import { say } from "../core/saying.js";
import { named, t } from "../core/words.js";
import { doTo, nameOf, pathOf } from "./doing.js";

/** A wave of a preview, or of what happened. @param {{wave: any, beside?: (one: any) => any}} props beside: what stands beside a name */
export const WaveOf = ({ wave, beside }) =>
  html`<h3>${t("marketplace.wave", { number: wave.number })}</h3>
    ${wave.offered.length
      ? html`<ul class="plain">${wave.offered.map((one) => html`<li class="line" key=${one.company_id}><span class="grow">${one.company_name}</span>${beside?.(one)}</li>`)}</ul>`
      : html`<p class="hint">${t("marketplace.wave.nobody")}</p>`}
    ${!!wave.left_out.length && html`<details open=${!wave.offered.length}><summary>${t("marketplace.left", { n: wave.left_out.length })}</summary>
      <ul class="plain">${wave.left_out.map((one) => html`<li class="line" key=${one.company_id}><span class="grow">${one.company_name}</span>
        <${Tag}>${named("marketplace.left", one.reason)}<//></li>`)}</ul></details>`}`;

/** @param {{lead: any, onClose: () => void, first?: string}} props */
export function OfferDialog({ lead, onClose, first = "plan" }) {
  const preview = useRead(`${pathOf(lead)}/offer-preview`);
  const [how, setHow] = useState(first);
  const [companies, setCompanies] = useState(/** @type {string[]} */ ([]));
  const all = known(preview.value);
  const nobody = !!preview.value && preview.value.waves.every((wave) => !wave.offered.length);
  const done = (words) => (say(words), onClose());
  const offer = async () => {
    await doTo(lead, "offer", how === "hand" ? { company_ids: companies } : undefined);
    done(t("marketplace.offered", { n: 1 }));
  };
  const assign = async () => {
    await doTo(lead, "assign", { company_id: companies[0] });
    done(t("marketplace.assigned", { name: all.find((one) => one.company_id === companies[0])?.company_name || "" }));
  };
  const toggle = (id) => (on) => setCompanies(on ? [...companies, id] : companies.filter((one) => one !== id));
  const send = {
    plan: html`<${Button} kind="main" disabled=${nobody} onClick=${offer}>${t("marketplace.offer.plan")}<//>`,
    hand: html`<${Button} kind="main" disabled=${!companies.length} onClick=${offer}>${t("marketplace.offer.hand.send", { n: companies.length })}<//>`,
    assign: html`<${Button} kind="main" disabled=${!companies[0]} onClick=${assign}>${t("marketplace.assign.send")}<//>`,
  };
  const choose = (value) => (setHow(value), setCompanies([]));
  const plan = lead.state === "offered" ? ["assign"] : ["plan", "hand", "assign"];
  return html`<${Dialog} title=${t("marketplace.offer.title", { name: nameOf(lead) })} onClose=${onClose}
    actions=${html`<button type="button" onClick=${onClose}>${t("act.cancel")}</button>${send[how]}`}>
    <${Teaser} lead=${lead} />
    <${Chips} label=${t("marketplace.offer.how")} value=${how} onChange=${choose} options=${plan.map((one) => [one, t(`marketplace.offer.${one}`)])} />
    <${Shown} read=${preview}>${(value) => {
      if (how === "plan") return value.waves.map((wave) => html`<${WaveOf} key=${wave.number} wave=${wave} />`);
      if (!all.length) return html`<p>${t("marketplace.nobody")}</p>`;
      if (how === "hand") {
        return all.map((one) => html`<${Tick} key=${one.company_id} label=${one.company_name} hint=${one.reason && named("marketplace.left", one.reason)}
          checked=${companies.includes(one.company_id)} onChange=${toggle(one.company_id)} />`);
      }
      return html`<${Field} as="select" label=${t("marketplace.assign.to")} value=${companies[0] || ""} onInput=${(id) => setCompanies(id ? [id] : [])}
          hint=${t("marketplace.assign.hint")}>
        <option value="">${t("marketplace.choose.one")}</option>
        ${all.map((one) => html`<option key=${one.company_id} value=${one.company_id}>${one.company_name}</option>`)}
      <//>`;
    }}<//>
  <//>`;
}

/** All takers that a preview knows, each once; with why it would not be offered, where it would not. */
function known(preview) {
  const found = new Map();
  for (const wave of preview?.waves || []) {
    for (const one of wave.left_out) if (!found.has(one.company_id)) found.set(one.company_id, one);
    for (const one of wave.offered) found.set(one.company_id, { ...one, reason: null });
  }
  return [...found.values()].sort((a, b) => a.company_name.localeCompare(b.company_name));
}

/** What a taker would read before the pick: nothing of the person. @param {{lead: any}} props */
export const Teaser = ({ lead }) => {
  const shown = lead.teaser || lead;
  return html`<section class="teaser" aria-label=${t("marketplace.teaser")}>
    <p><small>${t("marketplace.teaser")}</small><br /><b>${shown.interest}</b> · ${t("marketplace.area", { area: shown.postcode_area })}</p>
    ${!!shown.tags.length && html`<p class="line">${shown.tags.map((tag) => html`<${Tag} key=${tag}>${tag}<//>`)}</p>`}
  </section>`;
};
