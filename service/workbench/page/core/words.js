// Words in German and English: a dictionary per room and language, with equal keys.
import { speak } from "./api.js";

/** @typedef {Record<string, string>} Dictionary */
/** @type {Dictionary} */
const known = {};
const loaded = new Set();
const listeners = new Set();
let current = "de";

/** The language of the page: de or en. */
export const language = () => current;

/**
 * Loads a room's words in the present language.
 * @param {string} room a folder of the page
 */
export async function learn(room) {
  const name = `${room}.${current}`;
  if (loaded.has(name)) return;
  const found = await import(`../${room}/words.${current}.js`);
  Object.assign(known, found.default);
  loaded.add(name);
}

/**
 * Switches the language; the words of all rooms seen so far come with it.
 * @param {string} chosen @param {string[]} rooms
 */
export async function choose(chosen, rooms) {
  current = chosen === "de" ? "de" : "en";
  document.documentElement.lang = current;
  speak(current);
  const all = new Set(["core", ...rooms, ...[...loaded].map((name) => name.split(".")[0])]);
  loaded.clear();
  await Promise.all([...all].map(learn));
  for (const told of listeners) told();
}

/** Calls `told` after each change of language; returns how to stop. @param {() => void} told */
export function onChange(told) {
  listeners.add(told);
  return () => listeners.delete(told);
}

/**
 * A text of the dictionary. `{name}` stands for a value; with `n` the key's `_one` is taken for one.
 * @param {string} key @param {Record<string, string | number>} [values]
 */
export function t(key, values) {
  const single = values && values.n === 1 && known[`${key}_one`];
  const text = single || known[key];
  if (text === undefined) return key;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text;
}

/** Whether there are words for it, where the API may say more than this page knows. @param {string} key */
export const has = (key) => key in known;

/** The words for one value of the API's, or the value itself. @param {string} kind @param {string} value */
export const named = (kind, value) => (has(`${kind}.${value}`) ? t(`${kind}.${value}`) : value);
