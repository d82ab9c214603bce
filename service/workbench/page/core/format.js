// Dates, numbers and money as the reader writes them; times in the zone of the browser.
import { language } from "./words.js";

const made = new Map();

function by(name, build) {
  const key = `${language()} ${name}`;
  if (!made.has(key)) made.set(key, build(language() === "de" ? "de-DE" : "en-GB"));
  return made.get(key);
}

/** @param {string} at RFC 3339 */
export const day = (at) =>
  by("day", (l) => new Intl.DateTimeFormat(l, { dateStyle: "medium" })).format(new Date(at));

/** @param {string} at RFC 3339 */
export const moment = (at) =>
  by("moment", (l) => new Intl.DateTimeFormat(l, { dateStyle: "medium", timeStyle: "short" })).format(
    new Date(at),
  );

/** @param {string} at RFC 3339 */
export const clock = (at) =>
  by("clock", (l) => new Intl.DateTimeFormat(l, { timeStyle: "short" })).format(new Date(at));

/** @param {number} value @param {number} [digits] at most so many after the point */
export const number = (value, digits = 0) =>
  by(`n${digits}`, (l) => new Intl.NumberFormat(l, { maximumFractionDigits: digits })).format(value);

/** @param {number} value 0 to 1 */
export const percent = (value) =>
  by("%", (l) => new Intl.NumberFormat(l, { style: "percent", maximumFractionDigits: 1 })).format(value);

/** @param {number | string} value in units, not cents @param {string} [currency] */
export const money = (value, currency = "EUR") =>
  by(`$${currency}`, (l) => new Intl.NumberFormat(l, { style: "currency", currency })).format(
    Number(value),
  );

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** How long ago, or until when, in the largest unit that fits. @param {string} at RFC 3339 */
export function ago(at) {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  const relative = by("ago", (l) => new Intl.RelativeTimeFormat(l, { numeric: "auto" }));
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(Math.trunc(seconds), "second");
}

/** A span of time in its two largest units: 2 d 4 h. @param {number} seconds */
export function span(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  /** @type {[string, number][]} */
  const parts = [
    ["day", Math.floor(left / 86400)],
    ["hour", Math.floor((left % 86400) / 3600)],
    ["minute", Math.floor((left % 3600) / 60)],
    ["second", left % 60],
  ];
  const first = Math.max(0, parts.findIndex(([, n]) => n > 0));
  const shown = parts[first][1] === 0 ? [parts[3]] : parts.slice(first, first + 2);
  return shown
    .filter(([, n], place) => n > 0 || place === 0)
    .map(([unit, n]) =>
      by(`s${unit}`, (l) => new Intl.NumberFormat(l, { style: "unit", unit, unitDisplay: "narrow" })).format(n),
    )
    .join(" ");
}

/** @param {number} bytes */
export const size = (bytes) =>
  bytes < 1024 * 1024 ? `${number(Math.ceil(bytes / 1024))} kB` : `${number(bytes / 1048576, 1)} MB`;
