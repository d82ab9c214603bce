// All marketplaces of the company, in each of its capacities; and what a partner knows of one.
import { post } from "../core/api.js";
import { tell } from "../core/events.js";
import { html, useState } from "../core/html.js";
import { Button, Confirm, Dialog, Empty, Field, Form, Screen, Shown, Tag } from "../core/parts.js";
import { useList, useRead } from "../core/reads.js";
import { go } from "../core/router.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { named, t } from "../core/words.js";

const KINDS = { active: "good", invited: "warn", declined: "", ended: "" };

export function Places() {
  const { places } = useSession();
  const [founds, setFounds] = useState(false);
  const [declined, setDeclined] = useState(/** @type {any} */ (null));
  const invited = places.filter((one) => one.state === "invited");
  const others = places.filter((one) => one.state !== "invited");
  const found = html`<button type="button" class="main" onClick=${() => setFounds(true)}>${t("marketplace.found")}</button>`;
  return html`<${Screen} title=${t("marketplace.places")} actions=${found}>
    ${!!invited.length && html`<h2>${t("marketplace.invited")}</h2><ul class="grid plain">
      ${invited.map((one) => html`<li class="card" key=${one.id}><${PlaceFacts} place=${one} />
        <${Answer} place=${one} onDecline=${() => setDeclined(one)} /></li>`)}</ul>`}
    ${!places.length && html`<${Empty} title=${t("marketplace.places.empty")}>${t("marketplace.places.empty.more")}<//>`}
    <ul class="grid plain">${others.map((one) => html`<li class="card" key=${one.id}><${PlaceFacts} place=${one} /></li>`)}</ul>
    ${founds && html`<${Found} onClose=${() => setFounds(false)} />`}
    ${declined && html`<${Decline} place=${declined} onClose=${() => setDeclined(null)} />`}
  <//>`;
}

const PlaceFacts = ({ place }) =>
  html`<h2><a class="place" href="/app/marketplaces/${place.id}">${place.name}</a></h2>
    <p>${t("marketplace.of", { name: place.operator_name })}</p>
    <p class="line">${place.as_operator && html`<${Tag} kind="info">${t("capacity.operator")}<//>`}
      ${place.capacities.map((one) => html`<${Tag} key=${one}>${t(`capacity.${one}`)}<//>`)}
      ${place.state && html`<${Tag} kind=${KINDS[place.state]}>${t(`marketplace.state.${place.state}`)}<//>`}</p>`;

async function answer(place, how) {
  await post(`/marketplaces/${place.id}/participations/${how}`);
  say(t(`marketplace.${how}.done`, { name: place.name }));
  tell({ kind: "in" }); // what one may do changed with it
}

const Answer = ({ place, onDecline }) => html`<div class="buttons">
  <${Button} kind="main" onClick=${() => answer(place, "accept")}>${t("marketplace.join")}<//>
  <${Button} onClick=${onDecline}>${t("marketplace.decline")}<//>
</div>`;

const Decline = ({ place, onClose }) =>
  html`<${Confirm} title=${t("marketplace.decline.title", { name: place.name })} text=${t("marketplace.decline.text")}
    yes=${t("marketplace.decline")} onYes=${() => answer(place, "decline")} onClose=${onClose} />`;

function Found({ onClose }) {
  const [name, setName] = useState("");
  const send = async () => {
    const made = await post("/marketplaces", { name });
    say(t("marketplace.found.done", { name: made.name }));
    onClose();
    tell({ kind: "in" });
    go("/app/marketplaces");
  };
  return html`<${Dialog} title=${t("marketplace.found")} onClose=${onClose}>
    <${Form} onSend=${send} send=${t("marketplace.found")}>
      <${Field} label=${t("marketplace.name")} value=${name} onInput=${setName} required maxlength="200" hint=${t("marketplace.found.hint")} />
    <//>
  <//>`;
}

/** @param {{m: string}} props */
export function PartnersPlace({ m }) {
  const { me } = useSession();
  const place = useRead(`/marketplaces/${m}`);
  const cards = useList(`/marketplaces/${m}/participations`);
  const [declines, setDeclines] = useState(false);
  const card = cards.items.find((one) => one.company_id === me.company.id) || cards.items[0];
  const some = (list, none) => (list.length ? list.join(", ") : t(none));
  return html`<${Screen} title=${place.value?.name || t("nav.marketplace")} back="/app/marketplaces">
    <${Shown} read=${place}>${(value) => html`<div class="card">
      <${PlaceFacts} place=${value} />
      ${value.state === "invited" && html`<${Answer} place=${value} onDecline=${() => setDeclines(true)} />`}
      <dl class="facts">
        <dt>${t("marketplace.steps")}</dt><dd>${value.steps.join(" → ")}</dd>
        ${card && html`
          <dt>${t("marketplace.areas")}</dt><dd>${some(card.postcode_areas, "marketplace.areas.all")}</dd>
          <dt>${t("marketplace.tags")}</dt><dd>${some(card.tags, "marketplace.tags.all")}</dd>
          <dt>${t("marketplace.caps")}</dt><dd>${capsOf(card.caps)}</dd>
          <dt>${t("marketplace.pause")}</dt><dd>${t(card.paused ? "marketplace.paused" : "marketplace.not.paused")}</dd>`}
      </dl>
      <p class="hint">${t("marketplace.partner.hint", { name: value.operator_name })}</p>
    </div>`}<//>
    ${declines && html`<${Decline} place=${place.value} onClose=${() => setDeclines(false)} />`}
  <//>`;
}

/** Caps in words. @param {any} caps */
export function capsOf(caps) {
  const set = Object.entries(caps).filter(([, n]) => n !== null);
  return set.length ? set.map(([kind, n]) => `${n} ${named("marketplace.cap", kind)}`).join(", ") : t("marketplace.caps.none");
}
