// Short messages at the foot of the page, with a way back where there is one.
import { Problem } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { t } from "./words.js";

const STAYS_MS = 6000;
const UNDO_MS = 10000;
/** @typedef {{id: number, text: string, kind: string, undo?: () => unknown, until: number}} Said */
/** @type {Said[]} */
let said = [];
let told = () => {};
let next = 1;

/**
 * Says something for a while.
 * @param {string} text
 * @param {{kind?: "done" | "fault", undo?: () => unknown}} [how] undo: taken back within ten seconds
 */
export function say(text, how = {}) {
  const until = Date.now() + (how.undo ? UNDO_MS : how.kind === "fault" ? 2 * STAYS_MS : STAYS_MS);
  const one = { id: next, text, kind: how.kind || "done", undo: how.undo, until };
  next += 1;
  said = [...said.slice(-2), one];
  told();
  setTimeout(() => drop(one.id), until - Date.now());
}

function drop(id) {
  said = said.filter((one) => one.id !== id);
  told();
}

/** A problem in words. @param {unknown} error @returns {string} */
export function inWords(error) {
  if (!(error instanceof Problem)) return t("fault.unexpected");
  if (error.slug === "offline") return t("fault.offline");
  const all = error.errors.map((one) => one.detail).filter(Boolean);
  return [error.detail || error.title, ...all].filter((x, n, list) => list.indexOf(x) === n).join(" ");
}

/**
 * Does something and says what came of it; a refusal is said, too.
 * @template T
 * @param {() => Promise<T>} work
 * @param {{done?: string, undo?: () => unknown}} [how]
 * @returns {Promise<T | undefined>} undefined when it was refused
 */
export async function act(work, how = {}) {
  try {
    const result = await work();
    if (how.done) say(how.done, { undo: how.undo });
    return result;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status !== 401) say(inWords(error), { kind: "fault" });
    return undefined;
  }
}

/** Where it is said; read aloud. */
export function Sayings() {
  const [, again] = useState(0);
  useEffect(() => {
    told = () => again((n) => n + 1);
    return () => (told = () => {});
  }, []);
  return html`<div class="sayings" role="status" aria-live="polite">
    ${said.map(
      (one) => html`<div class="saying ${one.kind}" key=${one.id}>
        <span>${one.text}</span>
        ${one.undo && html`<button type="button" onClick=${() => (drop(one.id), one.undo?.())}>${t("act.undo")}</button>`}
        <button type="button" class="quiet" aria-label=${t("act.close")} onClick=${() => drop(one.id)}>×</button>
      </div>`,
    )}
  </div>`;
}
