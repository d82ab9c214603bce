// Keys: what is on the screen says which, `?` lists them. Never while somebody writes.
import { useEffect } from "./html.js";

/** @typedef {Record<string, [() => unknown, string]>} Keys by key: what it does, and that in words */
/** @type {Set<{keys: Keys}>} */
const layers = new Set();

/** Keys for as long as the component is shown. @param {Keys} keys */
export function useKeys(keys) {
  useEffect(() => {
    const layer = { keys };
    layers.add(layer);
    return () => void layers.delete(layer);
  });
}

/** All that hold now, the newest first. @returns {[string, string][]} key and words */
export function present() {
  const found = new Map();
  for (const { keys } of [...layers].reverse()) {
    for (const [key, [, words]] of Object.entries(keys)) if (!found.has(key)) found.set(key, words);
  }
  return [...found];
}

const WRITES = /^(INPUT|TEXTAREA|SELECT)$/;

addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const ticks = target instanceof HTMLInputElement && /^(checkbox|radio)$/.test(target.type);
  const writes = (WRITES.test(target.tagName) && !ticks) || target.isContentEditable;
  const palette = (event.ctrlKey || event.metaKey) && event.key === "k";
  if (!palette && (writes || event.ctrlKey || event.metaKey || event.altKey)) return;
  if (!palette && document.querySelector("dialog[open]")) return;
  const key = palette ? "/" : event.key;
  for (const { keys } of [...layers].reverse()) {
    if (!keys[key]) continue;
    event.preventDefault();
    keys[key][0]();
    return;
  }
});
