// How a marketplace works.
import { patch } from "../core/api.js";
import { tell } from "../core/events.js";
import { html } from "../core/html.js";
import { Field, Tick } from "../core/parts.js";
import { t } from "../core/words.js";
import { Draft } from "./draft.js";
import { numbered, Part } from "./part.js";

const TICKS = ["auto_accept", "auto_offer", "operator_may_take", "giver_may_withdraw", "next_step_required"];
const NUMBERS = ["response_hours", "reopen_days", "teaser_digits"]; // always one
const MAYBE = ["hand_back_hours", "contact_target_minutes", "stalled_hours", "duplicate_days"];
const CURRENCIES = ["EUR", "CHF", "BGN", "CZK", "DKK", "GBP", "HUF", "NOK", "PLN", "RON", "SEK", "USD"];

const from = (place) => ({
  name: place.name,
  steps: place.steps.join("\n"),
  ...place.settings,
  ...Object.fromEntries(MAYBE.map((name) => [name, place.settings[name] ?? ""])),
  price: place.settings.price_cents === null ? "" : String(place.settings.price_cents / 100),
});

const changeOf = (draft) => ({
  name: draft.name,
  steps: draft.steps.split("\n").map((one) => one.trim()).filter(Boolean),
  ...Object.fromEntries(TICKS.map((name) => [name, draft[name]])),
  ...Object.fromEntries([...NUMBERS, ...MAYBE].map((name) => [name, numbered(draft[name])])),
  price_cents: draft.price === "" ? null : Math.round(Number(draft.price) * 100),
  currency: draft.currency,
});

/** @param {{params: {m: string}}} props */
export function SettingsScreen({ params: { m } }) {
  const path = `/marketplaces/${m}`;
  const save = async (draft, version) => {
    const saved = await patch(path, changeOf(draft), version);
    tell({ kind: "in" }); // its name stands in the frame, too
    return saved;
  };
  return html`<${Part} m=${m} at="settings" title=${t("marketplace.part.settings")}>
    <${Draft} path=${path} from=${from} save=${save}>${(draft, set) => {
      const field = (name) => ({ value: draft[name], onInput: (value) => set({ ...draft, [name]: value }) });
      return html`<${Field} label=${t("marketplace.name")} required maxlength="200" ...${field("name")} />
        <${Field} as="textarea" label=${t("marketplace.steps")} required hint=${t("marketplace.steps.hint")} ...${field("steps")} />
        <h2>${t("marketplace.set.how")}</h2>
        ${TICKS.map((name) => html`<${Tick} key=${name} label=${t(`marketplace.set.${name}`)} checked=${draft[name]} onChange=${(on) => set({ ...draft, [name]: on })} />`)}
        <h2>${t("marketplace.set.times")}</h2>
        <div class="three">
          ${NUMBERS.map((name) => html`<${Field} key=${name} type="number" min="0" required label=${t(`marketplace.set.${name}`)} ...${field(name)} />`)}
          ${MAYBE.map((name) => html`<${Field} key=${name} type="number" min="1" label=${t(`marketplace.set.${name}`)} hint=${t("marketplace.set.maybe")} ...${field(name)} />`)}
        </div>
        <h2>${t("marketplace.set.money")}</h2>
        <div class="three">
          <${Field} type="number" min="0" step="0.01" label=${t("marketplace.price")} hint=${t("marketplace.set.price.hint")} ...${field("price")} />
          <${Field} as="select" label=${t("marketplace.set.currency")} ...${field("currency")}>${CURRENCIES.map((one) => html`<option key=${one} value=${one} selected=${one === draft.currency}>${one}</option>`)}<//>
        </div>`;
    }}<//>
  <//>`;
}
