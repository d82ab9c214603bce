// Picking, declining, and taking a refusal back.
import { post, Problem } from "../core/api.js";
import { changed } from "../core/reads.js";
import { go } from "../core/router.js";
import { inWords, say } from "../core/saying.js";
import { t } from "../core/words.js";


const GONE = ["lead-no-longer-available", "offer-declined", "not-found"];
/** @typedef {(lead: string, found: any) => void} Fated says what became of an offer */

const route = (offer) => `/marketplaces/${offer.marketplace_id}/leads/${offer.lead_id}`;

/** The screen of an offer's lead. @param {any} offer */
export const leadOf = (offer) => `/app/leads/${offer.marketplace_id}/${offer.lead_id}`;

/**
 * Final: the lead is my company's, and its screen comes at once.
 * @param {any} offer @param {Fated} fated
 */
export async function pick(offer, fated) {
  try {
    const engagement = await post(`${route(offer)}/pick`);
    changed("/offers", "/leads", "/counts", "/engagements", "/receipts", offer.lead_id);
    fated(offer.lead_id, { kind: "hidden" });
    go(leadOf(offer));
    say(t("offers.picked", { name: engagement.picked_by || engagement.company_name }));
  } catch (problem) {
    refused(offer, problem, fated);
  }
}

/**
 * For the whole company, at once; ten seconds to take it back.
 * @param {any} offer @param {Fated} fated
 */
export async function decline(offer, fated) {
  try {
    await post(`${route(offer)}/decline`);
    fated(offer.lead_id, { kind: "mine" });
    changed("/offers", "/counts", "/receipts");
    say(t("offers.declined"), { undo: () => reopen(offer, fated) });
  } catch (problem) {
    refused(offer, problem, fated);
  }
}

/** @param {any} offer @param {string} reason what the operator reads @param {Fated} fated */
export async function explain(offer, reason, fated) {
  await post(`${route(offer)}/decline`, { reason });
  fated(offer.lead_id, { kind: "hidden" });
  say(t("offers.reason.sent"));
}

/** @param {any} offer @param {Fated} fated */
export async function reopen(offer, fated) {
  try {
    await post(`${route(offer)}/reopen`);
    fated(offer.lead_id, null);
    changed("/offers", "/counts", "/receipts");
    say(t("offers.reopened"));
  } catch (problem) {
    refused(offer, problem, fated);
  }
}

function refused(offer, problem, fated) {
  if (!(problem instanceof Problem)) throw problem;
  if (GONE.includes(problem.slug)) {
    fated(offer.lead_id, { kind: problem.slug === "offer-declined" ? "declined" : "gone" });
    changed("/offers", "/counts");
  } else if (problem.status !== 401) {
    fated(offer.lead_id, { kind: "refused", words: inWords(problem) });
  }
}
