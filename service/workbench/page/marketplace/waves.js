// The plan by which leads are offered: wave after wave.
import { put } from "../core/api.js";
import { html } from "../core/html.js";
import { Button, Chips, Field, Tick } from "../core/parts.js";
import { useList } from "../core/reads.js";
import { t } from "../core/words.js";
import { Draft } from "./draft.js";
import { listed, numbered, Part } from "./part.js";

const ORDERS = ["priority", "weighted", "round_robin", "random"];
const FRESH = { response_minutes: 240, order: "priority", working_time: true, areas: "", tags: "", company_ids: [], takers: "", last_call: "", weights: {} };

/** A plan as it is edited: lists as texts. */
const from = (plan) => ({
  on_cap: plan.on_cap,
  recycle: plan.recycle,
  waves: plan.waves.map((wave) => ({
    ...FRESH,
    ...wave,
    areas: (wave.postcode_areas || []).join(", "),
    tags: (wave.tags || []).join(", "),
    company_ids: wave.company_ids || [],
    takers: wave.takers ?? "",
    last_call: wave.last_call_minutes ?? "",
    weights: wave.weights || {},
  })),
});

function planOf(draft) {
  const waves = draft.waves.map((one) => ({
    response_minutes: Number(one.response_minutes),
    order: one.order,
    working_time: one.working_time,
    ...(listed(one.areas).length && { postcode_areas: listed(one.areas) }),
    ...(listed(one.tags).length && { tags: listed(one.tags) }),
    ...(one.company_ids.length && { company_ids: one.company_ids }),
    ...(one.takers !== "" && { takers: numbered(one.takers) }),
    ...(one.last_call !== "" && { last_call_minutes: numbered(one.last_call) }),
    ...(one.order === "weighted" && Object.keys(one.weights).length && { weights: one.weights }),
  }));
  return { waves, on_cap: draft.on_cap, recycle: draft.recycle };
}

/** @param {{params: {m: string}}} props */
export function Waves({ params: { m } }) {
  const path = `/marketplaces/${m}/waves`;
  const partners = useList(`/marketplaces/${m}/participations`, 100).items.filter((one) => one.company_id && one.state === "active" && one.capacities.includes("taker"));
  return html`<${Part} m=${m} at="waves" title=${t("marketplace.part.waves")}>
    <p class="hint">${t("marketplace.waves.hint")}</p>
    <${Draft} path=${path} from=${from} save=${(draft, version) => put(path, planOf(draft), version)}>${(draft, set) => {
      const change = (at, more) => set({ ...draft, waves: draft.waves.map((one, n) => (n === at ? { ...one, ...more } : one)) });
      const swap = (at) => {
        const waves = [...draft.waves];
        [waves[at - 1], waves[at]] = [waves[at], waves[at - 1]];
        set({ ...draft, waves });
      };
      return html`<ol class="plain">${draft.waves.map((wave, at) => html`<li class="card" key=${at}>
          <${OneWave} wave=${wave} at=${at} partners=${partners} onChange=${(more) => change(at, more)} />
          <div class="buttons">
            ${at > 0 && html`<${Button} onClick=${() => swap(at)}>${t("marketplace.wave.earlier", { number: at + 1 })}<//>`}
            ${draft.waves.length > 1 && html`<${Button} onClick=${() => set({ ...draft, waves: draft.waves.filter((_, n) => n !== at) })}>${t("marketplace.wave.remove", { number: at + 1 })}<//>`}
          </div>
        </li>`)}</ol>
        <p><${Button} icon="plus" onClick=${() => set({ ...draft, waves: [...draft.waves, FRESH] })}>${t("marketplace.wave.add")}<//></p>
        <${Chips} label=${t("marketplace.on_cap")} value=${draft.on_cap} onChange=${(on_cap) => set({ ...draft, on_cap })} options=${["skip", "next_wave"].map((one) => [one, t(`marketplace.on_cap.${one}`)])} />
        <${Chips} label=${t("marketplace.recycle.label")} value=${draft.recycle} onChange=${(recycle) => set({ ...draft, recycle })} options=${["never", "ask", "auto"].map((one) => [one, t(`marketplace.recycle.${one}`)])} />`;
    }}<//>
  <//>`;
}

function OneWave({ wave, at, partners, onChange }) {
  const field = (name) => ({ value: wave[name], onInput: (value) => onChange({ [name]: value }) });
  const toggle = (id) => (on) => onChange({ company_ids: on ? [...wave.company_ids, id] : wave.company_ids.filter((one) => one !== id) });
  const weigh = (id) => (value) => {
    const { [id]: _, ...others } = wave.weights;
    onChange({ weights: value === "" ? others : { ...others, [id]: Number(value) } });
  };
  return html`<h2>${t("marketplace.wave", { number: at + 1 })}</h2>
    <div class="three">
      <${Field} label=${t("marketplace.response")} type="number" min="1" max="40320" required ...${field("response_minutes")} />
      <${Field} label=${t("marketplace.takers")} type="number" min="1" max="500" ...${field("takers")} hint=${t("marketplace.takers.hint")} />
      <${Field} label=${t("marketplace.last_call")} type="number" min="1" ...${field("last_call")} hint=${t("marketplace.last_call.hint")} />
      <${Field} as="select" label=${t("marketplace.order")} ...${field("order")}>${ORDERS.map((one) => html`<option key=${one} value=${one} selected=${one === wave.order}>${t(`marketplace.order.${one}`)}</option>`)}<//>
      <${Field} label=${t("marketplace.areas")} ...${field("areas")} hint=${t("marketplace.areas.hint")} />
      <${Field} label=${t("marketplace.tags")} ...${field("tags")} hint=${t("marketplace.wave.tags.hint")} />
    </div>
    <${Tick} label=${t("marketplace.working")} checked=${wave.working_time} onChange=${(working_time) => onChange({ working_time })} hint=${t("marketplace.working.hint")} />
    <details open=${!!wave.company_ids.length}><summary>${wave.company_ids.length ? t("marketplace.companies.n", { n: wave.company_ids.length }) : t("marketplace.companies.all")}</summary>
      <div class="three">${partners.map((one) => html`<${Tick} key=${one.company_id} label=${one.company_name} checked=${wave.company_ids.includes(one.company_id)} onChange=${toggle(one.company_id)} />`)}</div></details>
    ${wave.order === "weighted" && html`<div class="three">${partners.map((one) => html`<${Field} key=${one.company_id} type="number" min="1"
      label=${t("marketplace.weight", { name: one.company_name })} value=${wave.weights[one.company_id] ?? ""} onInput=${weigh(one.company_id)} />`)}</div>`}`;
}
