// When it is working time here: clocks of waves and returns run by it.
import { put } from "../core/api.js";
import { day } from "../core/format.js";
import { html } from "../core/html.js";
import { Button, Field, Tick } from "../core/parts.js";
import { t } from "../core/words.js";
import { Draft } from "./draft.js";
import { Part } from "./part.js";

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const STATES = ["BB", "BE", "BW", "BY", "DE", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"];
const SPAN = "\\s*\\d\\d:\\d\\d\\s*[\\-–]\\s*\\d\\d:\\d\\d\\s*";

const written = (spans) => (spans || []).map((one) => `${one.opens}–${one.closes}`).join(", ");
const spans = (text) => text.split(",").filter((one) => one.trim()).map((one) => {
  const [opens, closes = ""] = one.split(/[-–]/).map((at) => at.trim());
  return { opens, closes };
});

const from = (read) => ({
  time_zone: read.time_zone,
  federal_state: read.federal_state || "",
  regional_holidays: read.regional_holidays,
  own_days: read.own_days.map((one) => ({ date: one.date, name: one.name || "", hours: written(one.hours) })),
  ...Object.fromEntries(DAYS.map((name) => [name, written(read.hours[name])])),
});

const planOf = (draft) => ({
  time_zone: draft.time_zone,
  hours: Object.fromEntries(DAYS.map((name) => [name, spans(draft[name])])),
  federal_state: draft.federal_state || null,
  regional_holidays: draft.regional_holidays,
  own_days: draft.own_days.map((one) => ({ date: one.date, ...(one.name && { name: one.name }), hours: spans(one.hours) })),
});

/** @param {{params: {m: string}}} props */
export function CalendarScreen({ params: { m } }) {
  const path = `/marketplaces/${m}/calendar`;
  return html`<${Part} m=${m} at="calendar" title=${t("marketplace.part.calendar")}>
    <${Draft} path=${path} from=${from} save=${(draft, version) => put(path, planOf(draft), version)}>${(draft, set, read) => {
      const field = (name) => ({ value: draft[name], onInput: (value) => set({ ...draft, [name]: value }) });
      const own = (at, more) => set({ ...draft, own_days: draft.own_days.map((one, n) => (n === at ? { ...one, ...more } : one)) });
      return html`
        <h2>${t("marketplace.hours")}</h2>
        <p class="hint">${t("marketplace.hours.hint")}</p>
        <div class="three">${DAYS.map((name) => html`<${Field} key=${name} label=${t(`marketplace.day.${name}`)} pattern="${SPAN}(,${SPAN})*" placeholder=${t("marketplace.closed")} ...${field(name)} />`)}</div>
        <div class="three">
          <${Field} label=${t("marketplace.zone")} required ...${field("time_zone")} />
          <${Field} as="select" label=${t("marketplace.federal")} ...${field("federal_state")}>
            <option value="">${t("marketplace.federal.none")}</option>
            ${STATES.map((one) => html`<option key=${one} value=${one} selected=${one === draft.federal_state}>${t(`marketplace.federal.${one}`)}</option>`)}<//>
        </div>
        <${Tick} label=${t("marketplace.regional")} checked=${draft.regional_holidays} onChange=${(regional_holidays) => set({ ...draft, regional_holidays })} />
        <h2>${t("marketplace.own")}</h2>
        ${draft.own_days.map((one, at) => html`<div class="card three" key=${at}>
          <${Field} type="date" required label=${t("marketplace.own.date")} value=${one.date} onInput=${(date) => own(at, { date })} />
          <${Field} label=${t("marketplace.own.name")} value=${one.name} onInput=${(name) => own(at, { name })} />
          <${Field} label=${t("marketplace.own.hours")} pattern="${SPAN}(,${SPAN})*" placeholder=${t("marketplace.closed")} value=${one.hours} onInput=${(hours) => own(at, { hours })} />
          <p><${Button} onClick=${() => set({ ...draft, own_days: draft.own_days.filter((_, n) => n !== at) })}>${t("act.delete")}<//></p>
        </div>`)}
        <p><${Button} icon="plus" onClick=${() => set({ ...draft, own_days: [...draft.own_days, { date: "", name: "", hours: "" }] })}>${t("marketplace.own.add")}<//></p>
        ${!!read?.holidays.length && html`<details><summary>${t("marketplace.holidays", { n: read.holidays.length })}</summary>
          <ul>${read.holidays.map((one) => html`<li key=${one.date}>${day(one.date)}: ${one.name}</li>`)}</ul></details>`}`;
    }}<//>
  <//>`;
}
