// The rooms of the workbench: which addresses are theirs, who finds them in the navigation. A room's
// files are loaded when it is first entered.

/**
 * @typedef {object} Session who works here: the answers of /me and /marketplaces
 * @property {Api.Me} me
 * @property {Api.Marketplace[]} places all marketplaces of the company
 * @property {Api.Marketplace[]} operated
 * @property {boolean} takes @property {boolean} gives @property {boolean} operates
 * @property {boolean} admin @property {boolean} delegates may hand leads over
 */

/**
 * @typedef {object} Room
 * @property {string} room its folder
 * @property {string[]} paths its addresses; each is a key of `screens` in its room.js
 * @property {boolean} [style] whether it has a style.css of its own
 * @property {{to: (session: Session) => string, icon: string, words: string,
 *   around?: string, badge?: (counts: Api.Counts) => number, when: (session: Session) => boolean}} [nav]
 *   around: where other rooms show parts of it
 */

/** @type {Room[]} */
export const ROOMS = [
  {
    room: "offers",
    paths: ["/app/offers", "/app/offers/past"],
    style: true,
    nav: { to: () => "/app/offers", icon: "offers", words: "nav.offers", badge: (c) => c.offers, when: (s) => s.takes },
  },
  {
    room: "work",
    paths: ["/app/leads", "/app/follow-ups"],
    style: true,
    nav: { to: () => "/app/leads", around: "/app/leads", icon: "leads", words: "nav.leads", badge: (c) => c.unassigned, when: (s) => s.takes },
  },
  { room: "leads", paths: ["/app/leads/:m/:l"], style: true },
  { room: "reports", paths: ["/app/marketplaces/:m/reports", "/app/marketplaces/:m/statement"], style: true },
  {
    room: "marketplace",
    paths: ["/app/marketplaces", "/app/marketplaces/:m", "/app/marketplaces/:m/:part", "/app/marketplaces/:m/:part/:one"],
    style: true,
    nav: {
      to: (s) => (s.operated.length === 1 ? `/app/marketplaces/${s.operated[0].id}` : "/app/marketplaces"),
      around: "/app/marketplaces",
      icon: "market",
      words: "nav.marketplace",
      badge: (c) => c.submitted + c.returns + c.unplaced,
      when: () => true,
    },
  },
  {
    room: "giving",
    paths: ["/app/giving", "/app/giving/new", "/app/giving/import", "/app/giving/imports", "/app/giving/imports/:id"],
    nav: { to: () => "/app/giving", icon: "give", words: "nav.giving", when: (s) => s.gives || s.operates },
  },
  { room: "insight", paths: ["/app/leads/:m/:l/access"] },
  {
    room: "company",
    paths: ["/app/company", "/app/company/:part", "/app/merges/:id"],
    nav: { to: () => "/app/company", icon: "company", words: "nav.company", when: () => true },
  },
];

/** @param {Session} session where the day begins */
export function home(session) {
  if (session.takes) return "/app/offers";
  if (session.operates) return /** @type {any} */ (ROOMS.find((one) => one.room === "marketplace")).nav.to(session) || "/app/marketplaces";
  return session.gives ? "/app/giving" : "/app/marketplaces";
}

/**
 * @param {Api.Me} me
 * @param {Api.Marketplace[]} places
 * @returns {Session}
 */
export function sessionOf(me, places) {
  const active = places.filter((place) => place.as_operator || place.state === "active");
  const operated = places.filter((place) => place.as_operator);
  const has = (capacity) => active.some((place) => place.capacities.includes(capacity));
  return {
    me,
    places,
    operated,
    takes: has("taker"),
    gives: has("giver"),
    operates: operated.length > 0,
    admin: me.role === "admin",
    delegates: me.role !== "member",
  };
}
