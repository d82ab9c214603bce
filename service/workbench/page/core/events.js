// What happens, as it happens. One tab holds the stream, whoever has the lock, and tells the others:
// a browser opens six connections to a host over HTTP/1.1, and each stream would keep one.

const RESTART_MS = [1000, 2000, 5000, 10000, 30000];
const channel = new BroadcastChannel("kollegium");
const listeners = new Set();
let lastId = "";
let state = "connecting";
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

channel.onmessage = (message) => receive(message.data);

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
  const headers = lastId ? { "last-event-id": lastId } : undefined;
  const answer = await fetch("/events", { headers, signal, credentials: "same-origin" });
  if (answer.status === 401) throw "out";
  if (!answer.ok || !answer.body) throw new Error(String(answer.status));
  const again = state !== "live" && lastId === "" && listeners.size > 0;
  began();
  tell({ kind: "state", state: "live", again });
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
