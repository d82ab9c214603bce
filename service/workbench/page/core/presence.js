// Who of one's colleagues looks at a lead now: said while the page is looked at, and read with it.
import { ask, Problem } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { t } from "./words.js";

const AGAIN_MS = 30000; // it holds for twice that

/** @param {{m: string, l: string}} props marketplace and lead */
export function Presence({ m, l }) {
  const [names, setNames] = useState(/** @type {string[]} */ ([]));
  useEffect(() => {
    const stopped = new AbortController();
    const look = async () => {
      if (document.hidden) return;
      try {
        setNames((await ask("PUT", `/marketplaces/${m}/leads/${l}/presence`, { signal: stopped.signal })).colleagues);
      } catch (error) {
        // Nobody is known to look; the lead itself says what is wrong.
        if (!stopped.signal.aborted && error instanceof Problem) setNames([]);
      }
    };
    look();
    const timer = setInterval(look, AGAIN_MS);
    document.addEventListener("visibilitychange", look);
    return () => (stopped.abort(), clearInterval(timer), document.removeEventListener("visibilitychange", look));
  }, [m, l]);
  return html`<p class="hint presence" role="status">${!!names.length && t("presence.also", { names: names.join(", ") })}</p>`;
}
