// One field for everything: where to go, and which lead is meant.
import { get, withQuery } from "./api.js";
import { html, useEffect, useMemo, useState } from "./html.js";
import { present } from "./keys.js";
import { Dialog, Field } from "./parts.js";
import { ROOMS } from "./rooms.js";
import { go } from "./router.js";
import { logOut, useSession } from "./shell.js";
import { named, t } from "./words.js";

const PAUSE_MS = 180;
const AT_MOST = 8;

/** @param {{onClose: () => void}} props */
export function Palette({ onClose }) {
  const session = useSession();
  const [asked, setAsked] = useState("");
  const [leads, setLeads] = useState(/** @type {any[]} */ ([]));
  const [at, setAt] = useState(0);
  const commands = useMemo(() => commandsOf(session), [session]);
  useEffect(() => {
    setAt(0);
    if (asked.trim().length < 2) return void setLeads([]);
    const stopped = new AbortController();
    const timer = setTimeout(() => {
      const kinds = [session.operates && "operator", session.takes && "taker", session.gives && "giver"].filter(Boolean);
      const paths = kinds.map((as) => withQuery("/leads", { as, q: asked.trim(), limit: AT_MOST }));
      Promise.all(paths.map((path) => get(path, stopped.signal)))
        .then((pages) => setLeads([...new Map(pages.flatMap((page) => page.items).map((one) => [one.id, one])).values()]))
        .catch(() => setLeads([]));
    }, PAUSE_MS);
    return () => (clearTimeout(timer), stopped.abort());
  }, [asked]);

  const words = asked.trim().toLowerCase();
  const found = [
    ...commands.filter((one) => one.words.toLowerCase().includes(words)),
    ...leads.map((lead) => ({
      words: `${lead.prospect?.name || lead.interest} · ${lead.postcode_area} · ${named("lead_state", lead.state)}`,
      run: () => go(`/app/leads/${lead.marketplace_id}/${lead.id}`),
    })),
  ].slice(0, 12);
  const run = (one) => (onClose(), one?.run());
  const key = (event) => {
    if (event.key === "ArrowDown") setAt((n) => Math.min(found.length - 1, n + 1));
    else if (event.key === "ArrowUp") setAt((n) => Math.max(0, n - 1));
    else if (event.key === "Enter") run(found[at]);
    else return;
    event.preventDefault();
  };
  return html`<${Dialog} title=${t("palette.title")} onClose=${onClose}>
    <div class="palette" onKeyDown=${key}>
      <${Field} label=${t("palette.field")} value=${asked} onInput=${setAsked} type="search" autocomplete="off"
        autofocus role="combobox" aria-expanded="true" aria-controls="palette-found"
        aria-activedescendant=${found.length ? `palette-${at}` : undefined} />
      <ul id="palette-found" role="listbox" aria-label=${t("palette.title")}>
        ${found.map((one, n) => html`<li key=${one.words + n} id="palette-${n}" role="option" aria-selected=${n === at} onClick=${() => run(one)}>${one.words}</li>`)}
      </ul>
      ${!found.length && html`<p class="hint">${t("palette.none")}</p>`}
    </div>
  <//>`;
}

function commandsOf(session) {
  const rooms = ROOMS.filter((one) => one.nav?.when(session)).map(({ nav }) => ({
    words: t(/** @type {any} */ (nav).words),
    run: () => go(/** @type {any} */ (nav).to(session)),
  }));
  const places = session.operated.map((one) => ({
    words: one.name,
    run: () => go(`/app/marketplaces/${one.id}`),
  }));
  const others = [
    session.takes && [t("nav.followups"), "/app/follow-ups"],
    session.takes && [t("nav.receipts"), "/app/offers/past"],
    (session.gives || session.operates) && [t("nav.new"), "/app/giving/new"],
    (session.gives || session.operates) && [t("nav.import"), "/app/giving/import"],
    [t("nav.colleagues"), "/app/company/colleagues"],
    [t("account.notices"), "/app/company/notices"],
  ];
  const more = others.filter(Boolean).map(([words, to]) => ({ words, run: () => go(to) }));
  return [...rooms, ...places, ...more, { words: t("account.out"), run: logOut }];
}

/** Which keys hold on this screen. @param {{onClose: () => void}} props */
export const KeysHelp = ({ onClose }) =>
  html`<${Dialog} title=${t("keys.help")} onClose=${onClose}>
    <dl class="keys">
      ${present().map(([key, words]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}
      <div><dt><kbd>Ctrl K</kbd></dt><dd>${t("keys.search")}</dd></div>
    </dl>
  <//>`;
