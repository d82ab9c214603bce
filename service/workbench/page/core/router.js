// Addresses: which screen is shown is in the path, how it is filtered in the query.
import { useEffect, useState } from "./html.js";

const listeners = new Set();

/**
 * Goes to an address of the workbench without loading the page anew.
 * @param {string} to @param {{replace?: boolean}} [how] replace: "back" does not come here again
 */
export function go(to, how = {}) {
  if (to === location.pathname + location.search) return;
  history[how.replace ? "replaceState" : "pushState"](null, "", to);
  for (const told of listeners) told();
}

/** The present address, and again after each change. */
export function useAddress() {
  const [address, set] = useState(here);
  useEffect(() => {
    const told = () => set(here());
    listeners.add(told);
    addEventListener("popstate", told);
    return () => {
      listeners.delete(told);
      removeEventListener("popstate", told);
    };
  }, []);
  return address;
}

function here() {
  const path = location.pathname.replace(/\/$/, "") || "/app";
  return { path, query: new URLSearchParams(location.search) };
}

/** Changes parts of the query; what is empty goes. @param {Record<string, string | null>} values */
export function setQuery(values) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ""), { replace: true });
}

/**
 * The parameters of a path, or null: `/app/leads/:m/:l`.
 * @param {string} pattern @param {string} path @returns {Record<string, string> | null}
 */
export function match(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  /** @type {Record<string, string>} */
  const found = {};
  for (let n = 0; n < wanted.length; n += 1) {
    if (wanted[n].startsWith(":")) found[wanted[n].slice(1)] = decodeURIComponent(given[n]);
    else if (wanted[n] !== given[n]) return null;
  }
  return found;
}

/** Links into the workbench stay in the page; new tabs, downloads and other places do not. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !/^\/app(\/|$)/.test(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
