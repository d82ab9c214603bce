// The two-digit regions of German postcodes: a colour says how many takers cover each.
import { html } from "../core/html.js";
import { t } from "../core/words.js";

const ALL = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, "0"));

/**
 * How much of a region a taker covers: 2 all, 1 some, 0 nothing. Areas are the beginnings of postcodes.
 * @param {any} taker @param {string} region
 */
export function covers(taker, region) {
  const areas = taker.postcode_areas;
  if (!areas.length || areas.some((area) => region.startsWith(area))) return 2;
  return areas.some((area) => area.startsWith(region)) ? 1 : 0;
}

/** @param {{takers: any[]}} props */
export const Regions = ({ takers }) => {
  const active = takers.filter((one) => !one.paused);
  return html`<p class="hint">${t("marketplace.regions.hint")}</p>
    <div class="regions" role="list" aria-label=${t("marketplace.regions")}>${ALL.map((region) => {
      const found = active.filter((one) => covers(one, region) > 0);
      const whole = found.filter((one) => covers(one, region) === 2).length;
      const names = found.map((one) => one.company_name).join(", ") || t("marketplace.regions.none");
      return html`<span key=${region} role="listitem" class="n${Math.min(found.length, 3)} ${whole < found.length ? "some" : ""}"
        title="${region}: ${names}">${region}<span class="unseen">: ${t("marketplace.regions.n", { n: found.length })}</span></span>`;
    })}</div>
    <p class="line regions-key"><small>${t("marketplace.regions.key")}</small></p>`;
};
