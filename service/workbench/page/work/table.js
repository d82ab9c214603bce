// The leads as rows.
import { ago } from "../core/format.js";
import { html } from "../core/html.js";
import { Rows } from "../core/list.js";
import { Button, Icon, Tag } from "../core/parts.js";
import { go } from "../core/router.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";

export const KIND = { active: "info", won: "good", lost: "", return_requested: "warn", returned: "danger", revoked: "danger" };
export const addressOf = (lead) => `/app/leads/${lead.marketplace_id}/${lead.id}`;

/**
 * @param {{list: any, chosen: Set<string>, choose: (lead: Api.Lead, on: boolean) => void,
 *   take: (lead: Api.Lead) => unknown, empty: any}} props
 */
export function Table({ list, chosen, choose, take, empty }) {
  const { me } = useSession();
  const row = (lead) => {
    const { engagement, prospect } = lead;
    const mine = engagement?.handler_id === me.colleague?.id;
    return html`
      <label class="pick"><input type="checkbox" checked=${chosen.has(lead.id)} onChange=${(event) => choose(lead, event.currentTarget.checked)} />
        <span class="unseen">${t("work.choose", { name: prospect?.name || lead.interest })}</span></label>
      <a class="grow" href=${addressOf(lead)}>
        <b>${prospect?.name || t("work.nobody")}</b>
        <small>${lead.interest} · ${prospect?.postcode || lead.postcode_area} ${prospect?.city || ""} · ${ago(engagement?.started_at || lead.received_at)}</small>
      </a>
      ${prospect?.phone && html`<a class="button wide" href="tel:${prospect.phone}" aria-label=${t("work.call", { name: prospect.name || "" })}><${Icon} name="phone" /></a>`}
      ${engagement && (engagement.handler_id
        ? html`<${Tag} kind=${mine ? "good" : ""}>${mine ? t("work.mine") : engagement.handler_name}<//>`
        : html`<${Button} onClick=${() => take(lead)}>${t("work.take")}<//>`)}
      ${engagement && html`<span class="wide"><${Tag} kind=${KIND[engagement.state]}>${engagement.state === "active" ? engagement.step : t(`engagement_state.${engagement.state}`)}<//></span>`}`;
  };
  const toggle = (lead) => choose(lead, !chosen.has(lead.id));
  return html`<${Rows} list=${list} row=${row} keyOf=${(lead) => lead.id} height=${72} label=${t("work.title")} empty=${empty}
    open=${(lead) => go(addressOf(lead))} keys=${{ x: toggle, t: take }} />`;
}
