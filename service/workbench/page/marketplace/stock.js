// What can be offered: accepted, or back without a taker.
import { withQuery } from "../core/api.js";
import { html, useState } from "../core/html.js";
import { Empty, Rows } from "../core/list.js";
import { Button, Confirm, Field } from "../core/parts.js";
import { useList } from "../core/reads.js";
import { go } from "../core/router.js";
import { t } from "../core/words.js";
import { ChosenBar, LeadRow, useChosen } from "./choosing.js";
import { doToMany, pageOf } from "./doing.js";
import { OfferDialog } from "./offer.js";
import { Part } from "./part.js";

/** @param {{params: any}} props */
export const Available = ({ params }) => html`<${Stock} m=${params.m} state="available" />`;
/** @param {{params: any}} props */
export const Unplaced = ({ params }) => html`<${Stock} m=${params.m} state="unplaced" />`;

function Stock({ m, state }) {
  const [q, setQ] = useState("");
  const asked = q.trim().length > 1 ? q.trim() : "";
  const list = useList(withQuery("/leads", { as: "operator", state, marketplace: m, q: asked, sort: asked ? "" : "oldest" }));
  const choice = useChosen(list.items);
  const [over, setOver] = useState(/** @type {any} */ (null));
  const [progress, setProgress] = useState("");
  const close = () => setOver(null);
  const offerAll = async () => {
    const leads = choice.chosen;
    await doToMany(leads, "offer", undefined, "marketplace.offered", (n) => setProgress(t("marketplace.progress", { done: n, n: leads.length })));
    setProgress("");
    choice.none();
  };
  const keys = {
    v: [(lead) => setOver({ lead }), t("marketplace.key.offer")],
    x: [choice.toggle, t("marketplace.key.choose")],
  };
  const title = t(`marketplace.part.${state}`);
  return html`<${Part} m=${m} at=${state} title=${title}>
    <div class="filters"><${Field} label=${t("marketplace.search")} type="search" value=${q} onInput=${setQ} /></div>
    ${!!list.items.length && html`<${ChosenBar} choice=${choice} items=${list.items} progress=${progress}>
      <${Button} kind="main" onClick=${() => setOver({ many: true })}>${t("marketplace.offer.many", { n: choice.chosen.length })}<//>
    <//>`}
    <${Rows} list=${list} label=${title} keyOf=${(lead) => lead.id} height=${60} keys=${keys} open=${(lead) => go(pageOf(lead))}
      empty=${html`<${Empty} title=${t(`marketplace.${state}.empty`)}>${t(`marketplace.${state}.empty.more`)}<//>`}
      row=${(lead) => html`<${LeadRow} lead=${lead} choice=${choice}
        after=${html`<${Button} onClick=${() => setOver({ lead })}>${t("marketplace.offer")}<//>`} />`} />
    ${over?.lead && html`<${OfferDialog} lead=${over.lead} onClose=${close} />`}
    ${over?.many && html`<${Confirm} title=${t("marketplace.offer.many", { n: choice.chosen.length })} text=${t("marketplace.offer.many.text")}
      yes=${t("marketplace.offer.plan")} onYes=${offerAll} onClose=${close} />`}
  <//>`;
}
