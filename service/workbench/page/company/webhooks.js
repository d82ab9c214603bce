// Where events go to: addresses, what became of each delivery, and once more.
import { patch, post, remove } from "../core/api.js";
import { ago } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Confirm, Dialog, Empty, Fault, Field, Form, Loading, Tag, Tick } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";
import { Once, Part } from "./part.js";

const KIND = { active: "good", off: "", gone: "danger", failing: "danger", delivered: "good", failed: "danger", pending: "warn" };
/** Groups of kinds that one thinks in; whoever needs others sets them by the API. */
const GROUPS = {
  offers: ["offer.opened", "offer.last_call", "offer.expired", "offer.withdrawn", "offer.lost", "offer.declined", "offer.reopened"],
  leads: ["lead.created", "lead.submitted", "lead.accepted", "lead.rejected", "lead.offered", "lead.withdrawn", "lead.unplaced", "lead.recycled", "lead.came_back", "lead.changed", "lead.consent_stated"],
  work: ["lead.picked", "lead.assigned", "lead.handler_changed", "lead.step_changed", "lead.won", "lead.lost", "lead.reopened", "lead.revoked"],
  returns: ["lead.return_requested", "lead.return_due", "lead.return_refused", "lead.return_withdrawn", "lead.returned"],
  messages: ["message.added", "file.added"],
};

export function Webhooks() {
  const list = useList("/webhooks", 50);
  const [over, setOver] = useState(/** @type {any} */ (null));
  const close = () => setOver(null);
  const after = () => changed("/webhooks");
  const turn = async (one, state) => (await patch(`/webhooks/${one.id}`, { state }, one.version), after());
  return html`<${Part} at="/app/company/webhooks" title=${t("company.webhooks")} actions=${html`
    <button type="button" class="main" onClick=${() => setOver({ make: true })}>${t("company.webhook.make")}</button>`}>
    <p>${t("company.webhooks.about")}</p>
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${!list.loading && !list.problem && !list.items.length && html`<${Empty} title=${t("company.webhooks.none")}>${t("company.webhooks.none.more")}<//>`}
    ${list.items.map((one) => html`<article class="card" key=${one.id}>
      <h2>${one.name || one.url} <${Tag} kind=${KIND[one.state]}>${t(`company.webhook.${one.state}`)}<//></h2>
      <p>${one.url}<br /><small>${one.kinds ? t("company.webhook.kinds", { n: one.kinds.length }) : t("company.webhook.all")}
        ${one.failing_since && html` · ${t("company.webhook.since", { at: ago(one.failing_since) })}`}</small></p>
      <div class="buttons">
        <${Button} done=${t("company.webhook.pinged")} onClick=${async () => (await post(`/webhooks/${one.id}/ping`), changed(one.id))}>${t("company.webhook.ping")}<//>
        ${one.state === "active" ? html`<${Button} onClick=${() => turn(one, "off")}>${t("company.webhook.turn.off")}<//>`
          : html`<${Button} onClick=${() => turn(one, "active")}>${t("company.webhook.turn.on")}<//>`}
        <button type="button" onClick=${() => setOver({ rotate: one })}>${t("company.webhook.rotate")}</button>
        <button type="button" onClick=${() => setOver({ remove: one })}>${t("act.delete")}</button>
      </div>
      <${Deliveries} id=${one.id} />
    </article>`)}
    ${over?.make && html`<${Make} onMade=${(made) => setOver({ secret: made.secret })} onClose=${close} />`}
    ${over?.secret && html`<${Once} title=${t("company.webhook.secret")} hint=${t("company.webhook.once")} rows=${[[t("company.webhook.secret"), over.secret]]} onClose=${close} />`}
    ${over?.rotate && html`<${Confirm} title=${t("company.webhook.rotate")} text=${t("company.webhook.rotate.text")} yes=${t("company.webhook.rotate")} onClose=${() => over.rotate && close()}
      onYes=${async () => {
        const made = await post(`/webhooks/${over.rotate.id}/rotate`);
        setTimeout(() => setOver({ secret: made.secret }));
      }} />`}
    ${over?.remove && html`<${Confirm} danger title=${t("company.webhook.remove")} text=${t("company.webhook.remove.text", { url: over.remove.url })} yes=${t("act.delete")} onClose=${close}
      onYes=${async () => (await remove(`/webhooks/${over.remove.id}`), after(), say(t("company.webhook.removed")))} />`}
  <//>`;
}

function Make({ onMade, onClose }) {
  const [url, setUrl] = useState("https://");
  const [name, setName] = useState("");
  const [groups, setGroups] = useState(/** @type {string[]} */ ([]));
  const send = async () => {
    const kinds = groups.length ? [...groups.flatMap((group) => GROUPS[group]), "resync"] : null;
    const made = await post("/webhooks", { url, name, kinds });
    changed("/webhooks");
    onMade(made);
  };
  const set = (group, on) => setGroups((before) => (on ? [...before, group] : before.filter((one) => one !== group)));
  return html`<${Dialog} title=${t("company.webhook.make")} onClose=${onClose}>
    <${Form} send=${t("company.webhook.make")} onSend=${send}>
      <${Field} label=${t("company.webhook.url")} type="url" required autofocus maxlength="2000" value=${url} onInput=${setUrl} hint=${t("company.webhook.url.hint")} />
      <${Field} label=${t("company.webhook.name")} maxlength="200" value=${name} onInput=${setName} />
      <fieldset class="plain"><legend>${t("company.webhook.which")}</legend><p class="hint">${t("company.webhook.which.hint")}</p>
        ${Object.keys(GROUPS).map((group) => html`<${Tick} key=${group} label=${t(`company.webhook.group.${group}`)} checked=${groups.includes(group)} onChange=${(on) => set(group, on)} />`)}
      </fieldset>
    <//>
  <//>`;
}

function Deliveries({ id }) {
  const [open, setOpen] = useState(false);
  const list = useList(open ? `/webhooks/${id}/deliveries` : null);
  const again = async (one) => (await post(`/webhooks/${id}/deliveries/${one.id}/replay`), changed(id));
  return html`<details onToggle=${(event) => setOpen(event.currentTarget.open)}><summary>${t("company.deliveries")}</summary>
    ${open && list.loading && html`<${Loading} />`}
    ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
    ${open && !list.loading && !list.items.length && html`<p class="hint">${t("company.deliveries.none")}</p>`}
    <ul class="plain">${list.items.map((one) => html`<li class="line" key=${one.id}>
      <span class="grow"><code>${one.kind}</code> <small>${ago(one.created_at)}, ${t("company.delivery.attempts", { n: one.attempts })}
        ${one.status ? ` · HTTP ${one.status}` : ""}${one.failure ? ` · ${t(`company.failure.${one.failure}`)}` : ""}</small></span>
      <${Tag} kind=${KIND[one.state]}>${t(`company.delivery.${one.state}`)}<//>
      ${one.state !== "pending" && html`<${Button} done=${t("company.webhook.pinged")} onClick=${() => again(one)}>${t("company.delivery.replay")}<//>`}
    </li>`)}</ul>
    ${open && !list.whole && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}
  </details>`;
}
