// Addresses at which leads come in: forms of web sites, lead forms of Google.
import { post, remove } from "../core/api.js";
import { day } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Chips, Confirm, Dialog, Empty, Fault, Field, Form, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { named, t } from "../core/words.js";
import { Once, Part } from "./part.js";

export function Intake() {
  const { places } = useSession();
  const list = useList("/intake-keys", 50);
  const [over, setOver] = useState(/** @type {any} */ (null));
  const close = () => setOver(null);
  const where = (id) => places.find((one) => one.id === id)?.name || "";
  return html`<${Part} at="/app/company/intake" title=${t("company.intake")} actions=${html`
    <button type="button" class="main" onClick=${() => setOver({ make: true })}>${t("company.intake.make")}</button>`}>
    <p>${t("company.intake.about")}</p>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!list.loading && !list.problem && !list.items.length && html`<${Empty} title=${t("company.intake.none")}>${t("company.intake.none.more")}<//>`}
    ${list.items.map((one) => html`<article class="card" key=${one.id}>
      <h2>${one.name} <${Tag}>${named("company.intake.kind", one.kind)}<//> ${one.revoked_at && html`<${Tag} kind="danger">${t("company.key.revoked", { at: day(one.revoked_at) })}<//>`}</h2>
      ${one.failure && html`<p class="notice fault">${t(`company.intake.failure.${one.failure}`)}</p>`}
      <dl class="facts">
        <dt>${t("company.intake.where")}</dt><dd>${where(one.marketplace_id)}</dd>
        <dt>${t("company.intake.interest")}</dt><dd>${one.interest}</dd>
        ${!!one.origins.length && html`<dt>${t("company.intake.origins")}</dt><dd>${one.origins.join(", ")}</dd>`}
        <dt>${t("company.intake.consent")}</dt><dd>${one.consent_text}</dd>
      </dl>
      ${!one.revoked_at && html`<button type="button" onClick=${() => setOver({ revoke: one })}>${t("company.key.revoke")}</button>`}
    </article>`)}
    ${over?.make && html`<${Make} onMade=${(made) => setOver({ made })} onClose=${close} />`}
    ${over?.made && html`<${Once} title=${over.made.name} hint=${t("company.intake.once")} onClose=${close} rows=${[
      [t("company.intake.address"), location.origin + over.made.path],
      ...(over.made.secret ? [[t("company.webhook.secret"), over.made.secret]] : []),
    ]} />`}
    ${over?.revoke && html`<${Confirm} danger title=${t("company.intake.revoke", { name: over.revoke.name })} text=${t("company.intake.revoke.text")}
      yes=${t("company.key.revoke")} onClose=${close} onYes=${async () => {
        await remove(`/intake-keys/${over.revoke.id}`);
        changed("/intake-keys");
        say(t("company.key.revoked.done"));
      }} />`}
  <//>`;
}

function Make({ onMade, onClose }) {
  const { places } = useSession();
  const mine = places.filter((one) => one.as_operator || (one.state === "active" && one.capacities.includes("giver")));
  const [draft, setDraft] = useState({ marketplace_id: mine[0]?.id || "", kind: "form", name: "", interest: "", consent_text: "", origins: "", app_secret: "", access_token: "" });
  const change = (values) => setDraft((before) => ({ ...before, ...values }));
  const send = async () => {
    const { origins, app_secret, access_token, ...rest } = draft;
    const more = draft.kind === "meta" ? { meta: { app_secret, access_token } } : {};
    const made = await post("/intake-keys", { ...rest, ...more, origins: origins.split(/\s+/).filter(Boolean) });
    changed("/intake-keys");
    onMade(made);
  };
  if (!mine.length) return html`<${Dialog} title=${t("company.intake.make")} onClose=${onClose}><p>${t("company.intake.nowhere")}</p><//>`;
  return html`<${Dialog} title=${t("company.intake.make")} onClose=${onClose}>
    <${Form} send=${t("company.intake.make")} onSend=${send}>
      <${Chips} label=${t("company.intake.kind")} value=${draft.kind} onChange=${(kind) => change({ kind })}
        options=${["form", "google", "meta"].map((kind) => [kind, t(`company.intake.kind.${kind}`)])} />
      <${Field} label=${t("company.intake.where")} as="select" value=${draft.marketplace_id} onInput=${(marketplace_id) => change({ marketplace_id })}>
        ${mine.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>
      <${Field} label=${t("company.intake.name")} required maxlength="40" value=${draft.name} onInput=${(name) => change({ name })} hint=${t("company.intake.name.hint")} />
      <${Field} label=${t("company.intake.interest")} required maxlength="120" value=${draft.interest} onInput=${(interest) => change({ interest })} />
      <${Field} as="textarea" label=${t("company.intake.consent")} required maxlength="10000" value=${draft.consent_text} onInput=${(consent_text) => change({ consent_text })} hint=${t("company.intake.consent.hint")} />
      ${draft.kind === "form" && html`<${Field} as="textarea" label=${t("company.intake.origins")} value=${draft.origins} onInput=${(origins) => change({ origins })} hint=${t("company.intake.origins.hint")} />`}
      ${draft.kind === "meta" && html`
        <${Field} label=${t("company.intake.app.secret")} required autocomplete="off" value=${draft.app_secret} onInput=${(app_secret) => change({ app_secret })} hint=${t("company.intake.app.secret.hint")} />
        <${Field} label=${t("company.intake.token")} required autocomplete="off" value=${draft.access_token} onInput=${(access_token) => change({ access_token })} hint=${t("company.intake.token.hint")} />`}
    <//>
  <//>`;
}
