// A partner is invited, or what it takes is changed.
import { patch, post } from "../core/api.js";
import { html, useState } from "../core/html.js";
import { Chips, Dialog, Field, Form, Tick } from "../core/parts.js";
import { changed } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";
import { listed, numbered } from "./part.js";

const CAPS = ["open", "day", "week", "month"];

/** @param {{path: string, onClose: () => void}} props */
export function Invite({ path, onClose }) {
  const [form, set] = useState({ email: "", capacity: "taker", areas: "", tags: "", cap: "" });
  const field = (name) => ({ value: form[name], onInput: (value) => set({ ...form, [name]: value }) });
  const takes = form.capacity === "taker";
  const send = async () => {
    const card = takes ? { postcode_areas: listed(form.areas), tags: listed(form.tags), cap: numbered(form.cap) } : {};
    await post(path, { email: form.email, capacity: form.capacity, ...card });
    changed(path);
    say(t("marketplace.invite.done", { email: form.email }));
    onClose();
  };
  return html`<${Dialog} title=${t("marketplace.invite")} onClose=${onClose}>
    <${Form} onSend=${send} send=${t("marketplace.invite.send")}>
      <${Field} label=${t("marketplace.email")} type="email" required ...${field("email")} hint=${t("marketplace.invite.hint")} />
      <${Chips} label=${t("marketplace.capacity")} value=${form.capacity} onChange=${(capacity) => set({ ...form, capacity })}
        options=${["taker", "giver"].map((one) => [one, t(`capacity.${one}`)])} />
      ${takes && html`<${Field} label=${t("marketplace.areas")} ...${field("areas")} hint=${t("marketplace.areas.hint")} />
        <${Field} label=${t("marketplace.tags")} ...${field("tags")} hint=${t("marketplace.tags.hint")} />
        <${Field} label=${t("marketplace.cap.label.open")} type="number" min="0" ...${field("cap")} />`}
    <//>
  <//>`;
}

/** @param {{path: string, one: any, onClose: () => void}} props */
export function Change({ path, one, onClose }) {
  const [form, set] = useState({
    areas: one.postcode_areas.join(", "),
    exclusive: one.exclusive_areas.join(", "),
    tags: one.tags.join(", "),
    price: one.price_cents === null ? "" : String(one.price_cents / 100),
    paused: one.paused,
    ...Object.fromEntries(CAPS.map((kind) => [kind, one.caps[kind] ?? ""])),
  });
  const field = (name) => ({ value: form[name], onInput: (value) => set({ ...form, [name]: value }) });
  const send = async () => {
    const change = {
      postcode_areas: listed(form.areas),
      exclusive_areas: listed(form.exclusive),
      tags: listed(form.tags),
      paused: form.paused,
      caps: Object.fromEntries(CAPS.map((kind) => [kind, numbered(form[kind])])),
      price_cents: form.price === "" ? null : Math.round(Number(form.price) * 100),
    };
    await patch(`${path}/${one.company_id}`, change, one.version ?? undefined);
    changed(path);
    say(t("marketplace.change.done", { name: one.company_name }));
    onClose();
  };
  return html`<${Dialog} title=${t("marketplace.change.of", { name: one.company_name })} onClose=${onClose}>
    <${Form} onSend=${send} send=${t("act.save")}>
      <${Field} label=${t("marketplace.areas")} ...${field("areas")} hint=${t("marketplace.areas.hint")} />
      <${Field} label=${t("marketplace.exclusive")} ...${field("exclusive")} hint=${t("marketplace.exclusive.hint")} />
      <${Field} label=${t("marketplace.tags")} ...${field("tags")} hint=${t("marketplace.tags.hint")} />
      <div class="three">${CAPS.map((kind) => html`<${Field} key=${kind} label=${t(`marketplace.cap.label.${kind}`)} type="number" min="0" ...${field(kind)} />`)}</div>
      <${Field} label=${t("marketplace.price")} type="number" min="0" step="0.01" ...${field("price")} hint=${t("marketplace.price.hint")} />
      <${Tick} label=${t("marketplace.paused")} checked=${form.paused} onChange=${(paused) => set({ ...form, paused })} hint=${t("marketplace.paused.hint")} />
    <//>
  <//>`;
}
