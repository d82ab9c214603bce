// What is being offered now, with its clocks.
import { html, useState } from "../core/html.js";
import { Empty, Rows } from "../core/list.js";
import { Button, Confirm, Dialog } from "../core/parts.js";
import { useList } from "../core/reads.js";
import { go } from "../core/router.js";
import { t } from "../core/words.js";
import { Brokerages, Clock } from "./brokerages.js";
import { ChosenBar, LeadRow, useChosen } from "./choosing.js";
import { doToMany, nameOf, pageOf } from "./doing.js";
import { Part } from "./part.js";

/** @param {{params: {m: string}}} props */
export function Running({ params: { m } }) {
  const list = useList(`/leads?as=operator&state=offered&marketplace=${m}&sort=oldest`);
  const choice = useChosen(list.items);
  const [over, setOver] = useState(/** @type {any} */ (null));
  const close = () => setOver(null);
  const keys = {
    v: [(lead) => setOver({ lead }), t("marketplace.key.run")],
    w: [(lead) => setOver({ back: choice.or(lead) }), t("marketplace.withdraw")],
    x: [choice.toggle, t("marketplace.key.choose")],
  };
  const title = t("marketplace.part.running");
  return html`<${Part} m=${m} at="running" title=${title}>
    ${!!list.items.length && html`<${ChosenBar} choice=${choice} items=${list.items} progress="">
      <${Button} onClick=${() => setOver({ back: choice.chosen })}>${t("marketplace.withdraw")}<//>
    <//>`}
    <${Rows} list=${list} label=${title} keyOf=${(lead) => lead.id} height=${60} keys=${keys} open=${(lead) => go(pageOf(lead))}
      empty=${html`<${Empty} title=${t("marketplace.running.empty")}>${t("marketplace.running.empty.more")}<//>`}
      row=${(lead) => html`<${LeadRow} lead=${lead} choice=${choice} more=${html`<${Clock} lead=${lead} />`}
        after=${html`<${Button} label=${t("marketplace.run.show", { name: nameOf(lead) })} icon="more" onClick=${() => setOver({ lead })} />`} />`} />
    ${over?.lead && html`<${Dialog} title=${t("marketplace.run.title", { name: nameOf(over.lead) })} onClose=${close}
      actions=${html`<a class="button" href=${pageOf(over.lead)}>${t("marketplace.lead.open")}</a>`}><${Brokerages} lead=${over.lead} /><//>`}
    ${over?.back && html`<${Confirm} danger title=${t("marketplace.withdraw.title", { n: over.back.length })} text=${t("marketplace.withdraw.text")}
      yes=${t("marketplace.withdraw")} onClose=${close}
      onYes=${async () => (await doToMany(over.back, "withdraw", undefined, "marketplace.withdrawn"), choice.none())} />`}
  <//>`;
}
