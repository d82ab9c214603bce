// What the screens of this room share.
import { useSession } from "../core/shell.js";

/** The lead's address in the API. @param {string} m @param {string} l */
export const routeOf = (m, l) => `/marketplaces/${m}/leads/${l}`;

/** What an action on a lead may have changed: its own reads and the lists. @param {string} l */
export const about = (l) => [l, "/leads", "/counts", "/engagements", "/follow-ups"];

/** My id, to tell mine from others'. */
export const useMe = () => useSession().me.colleague?.id || null;

/** A moment as a field for date and time has it. @param {Date} date */
export const local = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);

/** Tomorrow at nine, for fields. */
export function tomorrow() {
  const date = new Date();
  date.setDate(date.getDate() + 1);
  date.setHours(9, 0, 0, 0);
  return local(date);
}
