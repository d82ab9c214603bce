// What an operator does to a lead, or to many one after the other.
import { post, Problem } from "../core/api.js";
import { changed } from "../core/reads.js";
import { inWords, say } from "../core/saying.js";
import { t } from "../core/words.js";

/** The address of a lead in the API. @param {any} lead */
export const pathOf = (lead) => `/marketplaces/${lead.marketplace_id}/leads/${lead.id}`;

/** The address of a lead in the page. @param {any} lead */
export const pageOf = (lead) => `/app/leads/${lead.marketplace_id}/${lead.id}`;

/** Who it is about, or what. @param {any} lead */
export const nameOf = (lead) => lead.prospect?.name || lead.prospect?.company || lead.interest;

/** Reads anew what a lead's change changes. @param {any} lead */
export const touched = (lead) => changed("/leads", "/counts", "/returns", lead.id);

/**
 * One action on one lead.
 * @param {any} lead @param {string} action @param {unknown} [body]
 */
export async function doTo(lead, action, body) {
  const answer = await post(`${pathOf(lead)}/${action}`, body);
  touched(lead);
  return answer;
}

/**
 * The same action on many leads; what was refused is said, the others are done all the same.
 * @param {any[]} leads @param {string} action @param {unknown} body @param {string} words a key with `n`
 * @param {(done: number) => void} [progress]
 */
export async function doToMany(leads, action, body, words, progress) {
  let done = 0;
  /** @type {Set<string>} */
  const refused = new Set();
  for (const [place, lead] of leads.entries()) {
    try {
      await post(`${pathOf(lead)}/${action}`, body);
      done += 1;
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status === 401) throw problem;
      refused.add(`${nameOf(lead)}: ${inWords(problem)}`);
    }
    progress?.(place + 1);
  }
  changed("/leads", "/counts", ...leads.map((lead) => lead.id));
  if (done) say(t(words, { n: done }));
  for (const why of refused) say(why, { kind: "fault" });
}
