// The log-in. The answer sets a cookie that no script reads; the demo offers its log-ins to click.
import { get, post } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { Button, Field, Form } from "./parts.js";
import { keepLanguage } from "./settings.js";
import { choose, language, named, t } from "./words.js";

const isDemo = !!document.querySelector('meta[name="kollegium-demo"]');

/** @param {{ended: boolean, onIn: () => void}} props ended: there was a session until just now */
export function LogIn({ ended, onIn }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const enter = async (given) => {
    await post("/sessions", { ...given, cookie: true });
    onIn();
  };
  const speak = (chosen) => (keepLanguage(chosen), choose(chosen, []));
  useEffect(() => void (document.title = `${t("login.title")} – Kollegium`));
  return html`<main class="login">
    <img src=${new URL("icon.svg", import.meta.url).href} alt="" width="56" height="56" />
    <h1 tabindex="-1">${t("login.title")}</h1>
    ${ended && html`<p class="notice" role="status">${t("login.ended")}</p>`}
    <${Form} send=${t("login.enter")} onSend=${() => enter({ email, password })}
      more=${html`<a href="/password-forgotten">${t("login.forgotten")}</a>`}>
      <${Field} label=${t("login.email")} type="email" name="email" autocomplete="username" required value=${email} onInput=${setEmail} />
      <${Field} label=${t("login.password")} type="password" name="password" autocomplete="current-password" required value=${password} onInput=${setPassword} />
    <//>
    ${isDemo && html`<${DemoCards} enter=${enter} />`}
    <p class="languages">
      <button type="button" class="link" lang="de" aria-pressed=${language() === "de"} onClick=${() => speak("de")}>Deutsch</button>
      <button type="button" class="link" lang="en" aria-pressed=${language() === "en"} onClick=${() => speak("en")}>English</button>
    </p>
  </main>`;
}

function DemoCards({ enter }) {
  const [cards, set] = useState(/** @type {any[]} */ ([]));
  useEffect(() => void get("/demo/logins").then(set), []);
  const firms = [...new Set(cards.map((card) => card.company))];
  return html`<section class="demo" aria-label=${t("login.demo")}>
    <h2>${t("login.demo")}</h2>
    <p class="hint">${t("login.demo.hint")} <a class="alone" href="/demo/mails">${t("login.demo.mails")}</a></p>
    ${firms.map((firm) => {
      const people = cards.filter((card) => card.company === firm);
      return html`<div class="firm" key=${firm}>
        <h3>${firm} <small>${[...new Set(people.flatMap((one) => one.capacities))].map((one) => named("capacity", one)).join(", ")}</small></h3>
        ${people.map((one) => html`<${Button} key=${one.email} onClick=${() => enter({ email: one.email, password: one.password })}>
          ${one.colleague} <small>${named("role", one.role)}</small><//>`)}
      </div>`;
    })}
  </section>`;
}
