// Who acts for the company, and who is invited to.
import { patch, post, remove } from "../core/api.js";
import { day } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Chips, Confirm, Dialog, Fault, Field, Form, Loading, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { Part } from "./part.js";

const ROLES = ["member", "delegator", "admin"];

export function Colleagues() {
  const { admin, me } = useSession();
  const people = useList("/colleagues", 100);
  const [over, setOver] = useState(/** @type {any} */ (null));
  const close = () => setOver(null);
  const invite = html`<button type="button" class="main" onClick=${() => setOver({ invite: true })}>${t("company.invite")}</button>`;
  return html`<${Part} at="/app/company/colleagues" title=${t("company.colleagues")} actions=${admin && invite}>
    ${people.problem && html`<${Fault} problem=${people.problem} again=${people.again} />`}
    ${people.loading && !people.items.length && html`<${Loading} />`}
    <ul class="grid plain">
      ${people.items.map((one) => html`<li class="card" key=${one.id}>
        <h2>${one.name} ${one.id === me.colleague?.id && html`<small>${t("company.me")}</small>`}</h2>
        <p>${one.email}<br />${one.active ? html`<${Tag} kind=${one.role === "member" ? "" : "info"}>${t(`role.${one.role}`)}<//>` : html`<${Tag} kind="danger">${t("company.left")}<//>`}
          ${" "}<small>${t("company.since")} ${day(one.created_at)}</small></p>
        ${admin && html`<div class="buttons">
          <button type="button" onClick=${() => setOver({ role: one })}>${t("company.role.change")}</button>
          ${one.active
            ? html`<button type="button" onClick=${() => setOver({ leaves: one })}>${t("company.leaves")}</button>`
            : html`<${Button} onClick=${() => alter(one, { active: true })} done=${t("company.back.done", { name: one.name })}>${t("company.comes.back")}<//>`}
        </div>`}
      </li>`)}
    </ul>
    ${!people.whole && !!people.items.length && html`<${Button} onClick=${people.more}>${t("act.more")}<//>`}
    ${admin && html`<${Invitations} />`}
    ${over?.invite && html`<${Invite} onClose=${close} />`}
    ${over?.role && html`<${RoleOf} one=${over.role} onClose=${close} />`}
    ${over?.leaves && html`<${Confirm} danger title=${t("company.leaves.title", { name: over.leaves.name })} text=${t("company.leaves.text")}
      yes=${t("company.leaves")} onClose=${close} onYes=${async () => {
        await alter(over.leaves, { active: false });
        say(t("company.leaves.done", { name: over.leaves.name }), { undo: () => again(over.leaves) });
      }} />`}
  <//>`;
}

async function alter(one, change) {
  await patch(`/colleagues/${one.id}`, change, one.version);
  changed("/colleagues");
}

async function again(one) {
  await patch(`/colleagues/${one.id}`, { active: true }, one.version + 1);
  changed("/colleagues");
}

function RoleOf({ one, onClose }) {
  const [role, setRole] = useState(one.role);
  const save = async () => {
    await alter(one, { role });
    say(t("company.role.done", { name: one.name, role: t(`role.${role}`) }));
    onClose();
  };
  return html`<${Dialog} title=${t("company.role.of", { name: one.name })} onClose=${onClose}>
    <${Form} send=${t("act.save")} onSend=${save}>
      <${Chips} label=${t("company.role")} options=${ROLES.map((value) => [value, t(`role.${value}`)])} value=${role} onChange=${setRole} />
      <p class="hint">${t(`company.role.${role}`)}</p>
    <//>
  <//>`;
}

function Invite({ onClose }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("member");
  const send = async () => {
    await post("/invitations", { email, role });
    changed("/invitations");
    say(t("company.invite.done", { email }));
    onClose();
  };
  return html`<${Dialog} title=${t("company.invite")} onClose=${onClose}>
    <${Form} send=${t("company.invite.send")} onSend=${send}>
      <${Field} label=${t("company.email")} type="email" required autofocus value=${email} onInput=${setEmail} hint=${t("company.invite.hint")} />
      <${Chips} label=${t("company.role")} options=${ROLES.map((value) => [value, t(`role.${value}`)])} value=${role} onChange=${setRole} />
      <p class="hint">${t(`company.role.${role}`)}</p>
    <//>
  <//>`;
}

function Invitations() {
  const list = useList("/invitations", 50);
  const open = list.items.filter((one) => one.state === "open");
  return html`<section><h2>${t("company.invitations")}</h2>
    ${open.length === 0 && html`<p class="hint">${t("company.invitations.none")}</p>`}
    <ul class="plain">${open.map((one) => html`<li class="card line" key=${one.id}>
      <span class="grow">${one.email} <${Tag}>${t(`role.${one.role}`)}<//> <small>${t("company.until", { at: day(one.expires_at) })}</small></span>
      <${Button} onClick=${async () => (await remove(`/invitations/${one.id}`), changed("/invitations"))} done=${t("company.invitation.gone")}>${t("company.invitation.revoke")}<//>
    </li>`)}</ul>
  </section>`;
}
