// Where I am logged in, and my password.
import { ask, put, remove } from "../core/api.js";
import { ago, moment } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Button, Fault, Field, Form, Tag } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { say } from "../core/saying.js";
import { logOut, useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { Part } from "./part.js";

export function Sessions() {
  const list = useList("/sessions", 50);
  return html`<${Part} at="/app/company/sessions" title=${t("company.sessions")}>
    <div class="split">
      <section><h2>${t("company.sessions.open")}</h2>
        ${list.problem && html`<${Fault} problem=${list.problem} again=${list.again} />`}
        <ul class="plain">${list.items.map((one) => html`<li class="card line" key=${one.id}>
          <span class="grow"><b title=${one.client}>${program(one.client)}</b><br />
            <small>${t("company.session.times", { opened: ago(one.opened_at), until: moment(one.expires_at) })}</small><br />
            ${one.current && html`<${Tag} kind="good">${t("company.session.this")}<//>`}
            ${!one.same_address && html`<${Tag} kind="warn">${t("company.session.elsewhere")}<//>`}</span>
          ${one.current
            ? html`<${Button} onClick=${logOut}>${t("account.out")}<//>`
            : html`<${Button} done=${t("company.session.ended")} onClick=${async () => (await remove(`/sessions/${one.id}`), changed("/sessions"))}>${t("company.session.end")}<//>`}
        </li>`)}</ul>
      </section>
      <section class="card"><h2>${t("company.me.name")}</h2><${Name} />
        <h2>${t("company.password")}</h2><${Password} /></section>
    </div>
  <//>`;
}

const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]];

/** What a browser calls itself, in two words; another program's name as it stands. @param {string | null} client */
function program(client) {
  if (!client) return t("company.session.unknown");
  const named = (table) => table.find(([sign]) => client.includes(sign))?.[1];
  const browser = named(BROWSERS);
  return client.startsWith("Mozilla/") && browser ? [browser, named(SYSTEMS)].filter(Boolean).join(", ") : client;
}

function Name() {
  const { me } = useSession();
  const [name, setName] = useState(me.colleague?.name || "");
  const save = async () => {
    await ask("PATCH", "/me", { body: { name } });
    changed("/colleagues", "/me");
    say(t("company.saved"));
  };
  return html`<${Form} send=${t("act.save")} onSend=${save}>
    <${Field} label=${t("company.me.label")} required maxlength="200" autocomplete="name" value=${name} onInput=${setName} />
  <//>`;
}

function Password() {
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const save = async () => {
    await put("/me/password", { current_password: present, password: next });
    setPresent("");
    setNext("");
    changed("/sessions");
    say(t("company.password.done"));
  };
  return html`<${Form} send=${t("company.password.change")} onSend=${save}>
    <${Field} label=${t("company.password.present")} type="password" required autocomplete="current-password" value=${present} onInput=${setPresent} />
    <${Field} label=${t("company.password.next")} type="password" required minlength="10" autocomplete="new-password" value=${next} onInput=${setNext} hint=${t("company.password.hint")} />
  <//>`;
}
