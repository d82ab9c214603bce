// What became of the offers of a lead: wave by wave, with the clocks that run.
import { moment } from "../core/format.js";
import { html } from "../core/html.js";
import { Countdown, Shown, Tag } from "../core/parts.js";
import { useRead } from "../core/reads.js";
import { named, t } from "../core/words.js";
import { pathOf } from "./doing.js";
import { WaveOf } from "./offer.js";

const KINDS = { picked: "good", open: "info", declined: "warn", expired: "warn" };

/** @param {{lead: any, atMost?: number}} props */
export function Brokerages({ lead, atMost = 20 }) {
  const read = useRead(`${pathOf(lead)}/brokerages?limit=${atMost}`);
  const beside = (one) => html`<${Tag} kind=${KINDS[one.outcome] || ""}>${named("marketplace.outcome", one.outcome)}<//>
    ${one.outcome === "open" ? html`<${Countdown} until=${one.expires_at} />` : html`<small>${moment(one.answered_at || one.expires_at)}</small>`}`;
  return html`<${Shown} read=${read}>${(page) => page.items.length
    ? page.items.map((run) => html`<section key=${run.id} class="run">
        <p class="line"><b>${moment(run.opened_at)}</b> <${Tag} kind=${run.state === "placed" ? "good" : run.state === "open" ? "info" : ""}>${named("marketplace.run", run.state)}<//></p>
        ${run.waves.map((wave) => html`<${WaveOf} key=${wave.number} wave=${wave} beside=${beside} />`)}
      </section>`)
    : html`<p class="hint">${t("marketplace.run.none")}</p>`}<//>`;
}

/** One line of the wave that runs: how many have it before them, and until when. @param {{lead: any}} props */
export function Clock({ lead }) {
  const run = useRead(`${pathOf(lead)}/brokerages?limit=1`).value?.items[0];
  if (!run) return null;
  const wave = run.waves[run.waves.length - 1];
  const open = wave ? wave.offered.filter((one) => one.outcome === "open") : [];
  const until = open.map((one) => one.expires_at).sort()[0];
  return html`<span class="clock"><small>${t("marketplace.clock", { number: wave?.number || 0, open: open.length })}</small>
    ${until && html`<${Countdown} until=${until} />`}</span>`;
}
