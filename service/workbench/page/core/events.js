// What happens, as it happens. One tab holds the stream, whoever has the lock, and tells the others:
// a browser opens six connections to a host over HTTP/1.1, and each stream would keep one.

import { firstAnswer } from "./api.js";

const RESTART_MS = [1000, 2000, 5000, 10000, 30000];
const BEFORE_MS = 2000; // a date of HTTP has no parts of a second, and commits take a moment
const channel = new BroadcastChannel("kollegium");
const listeners = new Set();
let lastId = "";
let state = "connecting";
let holding = false; // whether the stream is this tab's
/** @type {AbortController | null} */
let running = null;

/**
 * Calls `told` for each event, with {kind: "state"} when the connection changes, with
 * {kind: "out"} when the session has ended. Returns how to stop.
 * @param {(event: any) => void} told
 */
export function listen(told) {
  listeners.add(told);
  return () => listeners.delete(told);
}

/** connecting, live or offline. */
export const connection = () => state;

/** Tells all tabs of this browser, this one too. @param {any} event */
export function tell(event) {
  channel.postMessage(event);
  receive(event);
}

channel.onmessage = ({ data }) => {
  if (data.kind !== "asked") receive(data);
  else if (holding) channel.postMessage({ kind: "state", state, lastId });
};

function receive(event) {
  if (event.kind === "state") state = event.state;
  if (event.lastId) lastId = event.lastId;
  for (const told of listeners) told(event);
}

/** Begins to listen: at once when no other tab does, else when that one is closed. */
export function start() {
  if (running) return;
  const mine = new AbortController();
  running = mine;
  channel.postMessage({ kind: "asked" }); // how the connection of another tab is
  navigator.locks
    .request("kollegium-events", { signal: mine.signal }, () => hold(mine.signal))
    .catch(() => {});
}

/** Ends it: nobody is logged in. */
export function stop() {
  running?.abort();
  running = null;
  lastId = "";
}

async function hold(signal) {
  holding = true;
  try {
    await keepUp(signal);
  } finally {
    holding = false;
  }
}

async function keepUp(signal) {
  for (let failures = 0; !signal.aborted; ) {
    try {
      await follow(signal, () => (failures = 0));
    } catch (error) {
      if (signal.aborted) return;
      if (error === "out") return tell({ kind: "out" });
    }
    if (signal.aborted) return;
    tell({ kind: "state", state: navigator.onLine ? "connecting" : "offline" });
    const wait = RESTART_MS[Math.min(failures, RESTART_MS.length - 1)];
    failures += 1;
    await new Promise((go) => {
      setTimeout(go, wait);
      addEventListener("online", go, { once: true });
      signal.addEventListener("abort", go, { once: true });
    });
  }
}

async function follow(signal, began) {
  // What happened since the first read is told, too, so nothing need be read twice.
  const headers = { "last-event-id": lastId || idAt(firstAnswer() - BEFORE_MS) };
  const answer = await fetch("/events", { headers, signal, credentials: "same-origin" });
  if (answer.status === 401) throw "out";
  if (!answer.ok || !answer.body) throw new Error(String(answer.status));
  began();
  tell({ kind: "state", state: "live" });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let id = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() || "";
    for (const line of lines) {
      if (line.startsWith("id: ")) id = line.slice(4);
      else if (line.startsWith("data: ")) tell({ ...JSON.parse(line.slice(6)), lastId: id });
      else if (line === "" && id) tell({ kind: "seen", lastId: id });
    }
  }
}

/** The first id of a moment: ids are ordered by time (UUID, version 7). @param {number} ms */
function idAt(ms) {
  const hex = Math.max(0, ms).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
