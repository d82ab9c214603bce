// The leads by step: each marketplace has its own, so each has a board.
import { patch, Problem } from "../core/api.js";
import { html, useState } from "../core/html.js";
import { Button, Empty, Fault, Loading } from "../core/parts.js";
import { changed } from "../core/reads.js";
import { act, say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { addressOf } from "./table.js";

/** @param {{list: any}} props the leads that are shown as a list, too */
export function Board({ list }) {
  const { places } = useSession();
  if (list.problem && !list.items.length) return html`<${Fault} problem=${list.problem} again=${list.again} />`;
  if (list.loading && !list.items.length) return html`<${Loading} />`;
  const leads = list.items.filter((lead) => lead.engagement);
  const markets = places.filter((place) => leads.some((lead) => lead.marketplace_id === place.id));
  if (!markets.length) return html`<${Empty} title=${t("work.none")}>${t("work.none.more")} <a href="/app/offers">${t("nav.offers")}</a><//>`;
  return html`${markets.map((place) => html`<section key=${place.id}>
      ${markets.length > 1 && html`<h2>${place.name}</h2>`}
      <${Steps} level=${markets.length > 1 ? "h3" : "h2"} leads=${leads.filter((lead) => lead.marketplace_id === place.id)} />
    </section>`)}
    ${!list.whole && html`<${Button} onClick=${list.more}>${t("act.more")}<//>`}`;
}

function Steps({ leads, level }) {
  const steps = [...new Set(leads.flatMap((lead) => lead.engagement.steps))];
  const [over, setOver] = useState("");
  const move = async (lead, step) => {
    const before = lead.engagement.step;
    if (!step || step === before) return;
    await act(() => put(lead, step, lead.version), { done: t("work.moved", { step }), undo: () => put(lead, before, lead.version + 1) });
  };
  const drop = (event, step) => {
    event.preventDefault();
    setOver("");
    const lead = leads.find((one) => one.id === event.dataTransfer.getData("text/plain"));
    if (lead) move(lead, step);
  };
  return html`<div class="board" tabindex="0" role="region" aria-label=${t("work.board")}>
    ${steps.map((step) => {
      const here = leads.filter((lead) => lead.engagement.step === step);
      return html`<section key=${step} class=${over === step ? "over" : ""} aria-label=${step}
        onDragOver=${(event) => (event.preventDefault(), setOver(step))} onDragLeave=${() => setOver("")} onDrop=${(event) => drop(event, step)}>
        <${level}>${step} <small>${here.length}</small><//>
        ${here.map((lead) => html`<article class="card" key=${lead.id} draggable="true"
          onDragStart=${(event) => event.dataTransfer.setData("text/plain", lead.id)}>
          <a class="alone" href=${addressOf(lead)}><b>${lead.prospect?.name || t("work.nobody")}</b></a>
          <p><small>${lead.interest} · ${lead.prospect?.postcode || lead.postcode_area}<br />${lead.engagement.handler_name || t("work.nobodys")}</small></p>
          <select aria-label=${t("work.step.of", { name: lead.prospect?.name || lead.interest })} value=${step} onChange=${(event) => move(lead, event.currentTarget.value)}>
            ${lead.engagement.steps.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select>
        </article>`)}
      </section>`;
    })}
  </div>`;
}

async function put(lead, step, version) {
  try {
    await patch(`/marketplaces/${lead.marketplace_id}/leads/${lead.id}/engagement`, { step }, version);
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 412) say(t("work.changed.meanwhile"), { kind: "fault" });
    else throw problem;
  } finally {
    changed("/leads", lead.id);
  }
}
