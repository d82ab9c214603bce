// The public API, and nothing beside it. The session is a cookie that no script can read.

const TRIES = 3;
const PAUSE_MS = 400;
let language = document.documentElement.lang || "en";
let begun = 0;

/** When the first answer was made, by the service's clock, in milliseconds; 0 before. */
export const firstAnswer = () => begun;

/** In which language the API says what went wrong. */
export function speak(chosen) {
  language = chosen;
}

/** What the API refused (RFC 9457), or what kept it from answering: then `slug` is "offline". */
export class Problem extends Error {
  /**
   * @param {number} status of the answer; 0 without one
   * @param {Record<string, any>} told the body
   * @param {Headers} [headers]
   */
  constructor(status, told, headers) {
    super(told.title || String(status));
    this.status = status;
    this.told = told;
    this.slug = String(told.type || "").split(":").pop() || "";
    this.title = told.title || "";
    this.detail = told.detail || "";
    /** @type {{pointer?: string, detail?: string}[]} */
    this.errors = told.errors || [];
    this.etag = headers?.get("etag") || null;
    this.retryAfter = Number(headers?.get("retry-after")) || 0;
  }
}

/**
 * Asks the API. A POST carries an Idempotency-Key, so it is repeated when the network or the service
 * failed for a moment, and still happens once.
 *
 * @param {string} method
 * @param {string} path with its query
 * @param {{body?: unknown, file?: Blob, form?: FormData, version?: number, signal?: AbortSignal, key?: string,
 *   headers?: Record<string, string>}} [more] `version`: what was read, for If-Match
 * @returns {Promise<any>} the body; null where there is none
 * @throws {Problem}
 */
export async function ask(method, path, more = {}) {
  const headers = new Headers({ accept: "application/json", "accept-language": language });
  for (const [name, value] of Object.entries(more.headers || {})) headers.set(name, value);
  let body;
  if (more.body !== undefined) {
    headers.set("content-type", "application/json");
    body = JSON.stringify(more.body);
  } else if (more.file) {
    headers.set("content-type", more.file.type || "application/octet-stream");
    body = more.file;
  } else if (more.form) {
    body = more.form; // its type names a boundary, which the browser makes
  }
  if (more.version !== undefined) headers.set("if-match", `"${more.version}"`);
  if (method === "POST") headers.set("idempotency-key", more.key || crypto.randomUUID());
  const asked = { method, headers, body, signal: more.signal, credentials: "same-origin" };
  for (let tries = 1; ; tries += 1) {
    try {
      return await once(path, asked);
    } catch (error) {
      const passing = error instanceof Problem && (error.status === 0 || error.status === 503);
      const safe = method === "GET" || method === "POST";
      if (!passing || !safe || tries === TRIES || more.signal?.aborted) throw error;
      await new Promise((go) => setTimeout(go, PAUSE_MS * tries));
    }
  }
}

/** @param {string} path @param {AbortSignal} [signal] */
export const get = (path, signal) => ask("GET", path, { signal });
/** @param {string} path @param {unknown} [body] @param {object} [more] */
export const post = (path, body, more) => ask("POST", path, { body, ...more });
/** @param {string} path @param {unknown} body @param {number} [version] */
export const patch = (path, body, version) => ask("PATCH", path, { body, version });
/** @param {string} path @param {unknown} body @param {number} [version] */
export const put = (path, body, version) => ask("PUT", path, { body, version });
/** @param {string} path */
export const remove = (path) => ask("DELETE", path);

/**
 * All pages of a list, one after the other.
 * @param {string} path
 * @returns {AsyncGenerator<any>} the items
 */
export async function* all(path) {
  let cursor = "";
  do {
    const page = await get(withQuery(path, { limit: 100, cursor: cursor || null }));
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor);
}

/**
 * A path with a query; what is null, undefined or empty is left out.
 * @param {string} path @param {Record<string, unknown>} values
 */
export function withQuery(path, values) {
  const [bare, had = ""] = path.split("?");
  const query = new URLSearchParams(had);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${bare}?${text}` : bare;
}

async function once(path, asked) {
  let answer;
  try {
    answer = await fetch(path, asked);
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new Problem(0, { type: "offline" });
  }
  begun ||= Date.parse(answer.headers.get("date") || "") || Date.now();
  const json = /json/.test(answer.headers.get("content-type") || "");
  const told = json ? await answer.json() : null;
  if (answer.ok) return told;
  if (answer.status === 401 && path !== "/sessions") dispatchEvent(new Event("kollegium-out"));
  throw new Problem(answer.status, told || {}, answer.headers);
}
