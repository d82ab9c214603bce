// What the page has read: each address once, shown at once when it is known, read again when an event
// or an action of ours says that it changed.
import { get, Problem, withQuery } from "./api.js";
import { listen } from "./events.js";
import { useCallback, useEffect, useState } from "./html.js";

const KEPT = 200; // addresses that no screen shows
const GATHER_MS = 60; // events come in groups
const FIRST = 20; // items of a first page: what a screen shows
const NEXT = 100; // items of each page after it
const HEAD = 200; // so much of a long list is read again at once, what lies below it stays as it was
/** @typedef {{value: any, problem: Problem | null, loading: boolean}} Read */
/** @typedef {{read: Read, users: Set<() => void>, load: () => Promise<any>, stale: boolean, turn: number}} Entry */
/** @type {Map<string, Entry>} */
const entries = new Map();

/** Lists and numbers that an event of a lead may change. */
const LISTS = ["/offers", "/leads", "/counts", "/engagements", "/follow-ups", "/receipts", "/returns"];

function entry(path, load) {
  let found = entries.get(path);
  if (!found) {
    found = { read: { value: null, problem: null, loading: true }, users: new Set(), load, stale: true, turn: 0 };
    entries.set(path, found);
    trim();
  }
  return found;
}

function trim() {
  if (entries.size <= KEPT) return;
  for (const [path, one] of entries) {
    if (one.users.size === 0) entries.delete(path);
    if (entries.size <= KEPT) return;
  }
}

function show(one, read) {
  one.read = { ...one.read, ...read };
  for (const told of one.users) told();
}

function useEntry(path, load) {
  const [, again] = useState(0);
  useEffect(() => {
    if (!path) return undefined;
    const one = entry(path, load);
    const told = () => again((n) => n + 1);
    one.users.add(told);
    if (one.stale) reload(path);
    told();
    return () => one.users.delete(told);
  }, [path]);
  return path ? entries.get(path) : undefined;
}

async function reload(path) {
  const one = entries.get(path);
  if (!one) return;
  one.stale = false;
  one.turn += 1;
  const { turn } = one;
  try {
    const value = await one.load();
    // Of two that overlap the later one counts, whichever was answered first.
    if (one.turn === turn) show(one, { value, problem: null, loading: false });
  } catch (problem) {
    if (one.turn !== turn) return;
    if (!(problem instanceof Problem)) throw problem;
    // What is gone must not stay on the screen; a network that failed for a moment changes nothing.
    const value = problem.status === 0 || problem.status === 503 ? one.read.value : null;
    show(one, { value, problem, loading: false });
  }
}

const NOTHING = { value: null, problem: null, loading: true };

/**
 * One thing of the API; null reads nothing.
 * @param {string | null} path
 * @returns {Read & {again: () => Promise<void>, set: (value: any) => void}}
 */
export function useRead(path) {
  const found = useEntry(path, () => get(/** @type {string} */ (path)));
  const again = useCallback(() => reload(path), [path]);
  const set = useCallback((value) => put(path, value), [path]);
  return { ...(found?.read || NOTHING), again, set };
}

/**
 * A list of the API, page by page.
 * @param {string | null} path
 * @param {number} [size] items of the first page
 * @returns {{items: any[], problem: Problem | null, loading: boolean, whole: boolean,
 *   more: () => Promise<void>, again: () => Promise<void>}} whole: there are no more
 */
export function useList(path, size = FIRST) {
  const name = path && `${path}#list`;
  const found = useEntry(name, async () => {
    // As much as was shown before, so that nothing jumps.
    const before = entries.get(/** @type {string} */ (name))?.read.value || { items: [], cursor: null };
    const wanted = Math.min(HEAD, before.items.length);
    let items = [];
    let cursor = null;
    do {
      const page = await get(withQuery(/** @type {string} */ (path), { limit: cursor || wanted > FIRST ? NEXT : size, cursor }));
      items = items.concat(page.items);
      cursor = page.next_cursor;
    } while (cursor && items.length < wanted);
    if (!cursor || before.items.length <= items.length) return { items, cursor };
    const known = new Set(items.map((item) => item.id));
    return { items: items.concat(before.items.slice(wanted).filter((item) => !known.has(item.id))), cursor: before.cursor };
  });
  const more = useCallback(async () => {
    const one = name && entries.get(name);
    if (!one || one.read.loading || !one.read.value?.cursor) return;
    show(one, { loading: true });
    const before = one.read.value;
    try {
      const page = await get(withQuery(/** @type {string} */ (path), { limit: NEXT, cursor: before.cursor }));
      if (one.read.value !== before) return show(one, { loading: false });
      show(one, { value: { items: before.items.concat(page.items), cursor: page.next_cursor }, loading: false });
    } catch (problem) {
      show(one, { problem, loading: false });
    }
  }, [name]);
  const again = useCallback(() => reload(name), [name]);
  const read = found?.read || NOTHING;
  const { items = [], cursor = null } = read.value || {};
  return { items, problem: read.problem, loading: read.loading, whole: !!read.value && !cursor, more, again };
}

/** What was read or answered is known without asking again. @param {string | null} path @param {any} value */
export function put(path, value) {
  const one = path && entries.get(path);
  if (!one) return;
  one.turn += 1; // what is being read meanwhile is older
  show(one, { value, problem: null, loading: false });
}

/** Forgets everything: another person may log in here. */
export function forget() {
  entries.clear();
}

/**
 * Reads again what begins with one of these paths, or has one of these ids in it.
 * @param {...string} parts
 */
export function changed(...parts) {
  for (const [path, one] of entries) {
    if (!parts.some((part) => (part.startsWith("/") ? path.startsWith(part) : path.includes(part)))) continue;
    if (one.users.size) reload(path);
    else one.stale = true;
  }
}

/** @type {Set<string>} */
const waiting = new Set();
listen((event) => {
  if (event.kind === "resync") waiting.add("/");
  else if (event.lead_id) for (const part of [event.lead_id, ...LISTS]) waiting.add(part);
  else return;
  setTimeout(() => {
    const parts = [...waiting];
    waiting.clear();
    if (parts.length) changed(...parts);
  }, GATHER_MS);
});
