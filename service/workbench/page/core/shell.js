// The frame around every screen: who works here, where one can go, what happens meanwhile.
import { get, Problem, remove } from "./api.js";
import { connection, listen, start, stop, tell } from "./events.js";
import { createContext, html, useCallback, useContext, useEffect, useState } from "./html.js";
import { useKeys } from "./keys.js";
import { Fault, Icon, Loading, Screen } from "./parts.js";
import { forget, useRead } from "./reads.js";
import { home, ROOMS, sessionOf } from "./rooms.js";
import { go, match, useAddress } from "./router.js";
import { act, Sayings } from "./saying.js";
import { chosenTheme, keepLanguage, paint } from "./settings.js";
import { choose, language, learn, onChange, t } from "./words.js";

/** @type {any} */
const SessionContext = createContext(null);

/** Who works here. @returns {import("./rooms.js").Session} */
export const useSession = () => useContext(SessionContext);

/** Whether one may hand leads to others, or to nobody: a delegator; where the role is off, everybody. */
export function useHandsOver() {
  const { delegates } = useSession();
  return useRead("/company").value?.delegator_role === false || delegates;
}

const opened = () => ROOMS.map((one) => one.room).filter((room) => screens.has(room));
/** @type {Map<string, Record<string, any>>} by room: its screens by pattern */
const screens = new Map();

/** The whole page. */
export function App() {
  const [who, setWho] = useState(/** @type {any} */ (null));
  const [, again] = useState(0);
  const begin = useCallback(async () => {
    try {
      const [me, places] = await Promise.all([get("/me"), get("/marketplaces?limit=100")]);
      const session = sessionOf(me, places.items);
      const spoken = me.colleague?.language;
      if (spoken && spoken !== language()) await choose(spoken, opened());
      if (spoken) keepLanguage(spoken);
      setWho({ session });
      start();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setWho(problem.status === 401 ? { out: false } : { problem });
    }
  }, []);
  useEffect(() => {
    begin();
    const out = () => {
      stop();
      forget();
      setWho((before) => ({ out: !!before?.session || !!before?.out }));
    };
    const unlisten = listen((event) => {
      if (event.kind === "out") out();
      else if (event.kind === "in") begin();
    });
    const unheard = onChange(() => again((n) => n + 1));
    addEventListener("kollegium-out", out);
    return () => (unlisten(), unheard(), removeEventListener("kollegium-out", out));
  }, []);

  if (!who) return html`<main><${Loading} /></main>`;
  if (who.problem) return html`<main><h1>Kollegium</h1><${Fault} problem=${who.problem} again=${begin} /></main>`;
  if (!who.session) return html`<${Later} load=${loadLogIn} ended=${who.out} onIn=${() => tell({ kind: "in" })} /><${Sayings} />`;
  return html`<${SessionContext.Provider} value=${who.session}><${Frame} refresh=${begin} /><//>`;
}

// Files that not everybody needs at once.
const loadLogIn = () => import("./login.js").then((file) => file.LogIn);
const loadPalette = () => import("./palette.js").then((file) => file.Palette);
const loadKeysHelp = () => import("./palette.js").then((file) => file.KeysHelp);

/** Ends the session in all tabs. */
export async function logOut() {
  await act(() => remove("/sessions/current"));
  tell({ kind: "out" });
}

/** The focus of something that is gone goes to the screen's title: never to nowhere. */
function useKeptFocus() {
  useEffect(() => {
    let last = /** @type {Element | null} */ (null);
    const noted = (event) => (last = event.target);
    const watch = new MutationObserver(() => {
      if (document.activeElement !== document.body || !last || last.isConnected) return;
      last = null;
      /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus({ preventScroll: true });
    });
    addEventListener("focusin", noted);
    watch.observe(document.body, { childList: true, subtree: true });
    return () => (removeEventListener("focusin", noted), watch.disconnect());
  }, []);
}

function Frame({ refresh }) {
  const session = useSession();
  useKeptFocus();
  const { path, query } = useAddress();
  const [over, setOver] = useState(/** @type {"palette" | "keys" | "menu" | null} */ (null));
  const close = () => setOver(null);
  useKeys({
    "/": [() => setOver("palette"), t("keys.search")],
    "?": [() => setOver("keys"), t("keys.help")],
  });
  useEffect(() => {
    if (path === "/app") go(home(session), { replace: true });
    close();
  }, [path]);
  return html`
    <a class="skip" href="#main">${t("nav.skip")}</a>
    <header class="top">
      <a class="brand" href="/app/"><img src=${new URL("icon.svg", import.meta.url).href} alt="" width="28" height="28" />Kollegium</a>
      <span class="whose">${session.me.company.name}</span>
      <${Connection} />
      <button type="button" class="quiet" aria-label=${t("nav.search")} onClick=${() => setOver("palette")}><${Icon} name="search" /></button>
      <button type="button" class="quiet" aria-label=${t("nav.account")} aria-expanded=${over === "menu"}
        onClick=${() => setOver(over === "menu" ? null : "menu")}><${Icon} name="user" /></button>
      ${over === "menu" && html`<${Account} close=${close} refresh=${refresh} openKeys=${() => setOver("keys")} />`}
    </header>
    <${Navigation} path=${path} />
    <main id="main"><${Place} key=${path} path=${path} query=${query} /></main>
    ${over === "palette" && html`<${Later} load=${loadPalette} onClose=${close} />`}
    ${over === "keys" && html`<${Later} load=${loadKeysHelp} onClose=${close} />`}
    <${Sayings} />`;
}

function Connection() {
  const [state, set] = useState(connection());
  useEffect(() => {
    set(connection()); // it may have changed since the first drawing
    return listen((event) => event.kind === "state" && set(event.state));
  }, []);
  const shown = navigator.onLine ? state : "offline";
  useEffect(() => {
    const told = () => set(connection());
    addEventListener("offline", told);
    addEventListener("online", told);
    return () => (removeEventListener("offline", told), removeEventListener("online", told));
  }, []);
  return html`<span class="connection ${shown}" role="status">${shown === "offline" ? t("state.offline") : ""}
    <span class="dot" title=${t(`state.${shown}`)}></span></span>`;
}

function Navigation({ path }) {
  const session = useSession();
  const counts = useRead("/counts").value;
  const shown = ROOMS.filter((one) => one.nav?.when(session));
  return html`<nav class="rooms" aria-label=${t("nav.rooms")}>
    ${shown.map(({ room, nav, paths }) => {
      if (!nav) return null;
      const badge = counts && nav.badge ? nav.badge(counts) : 0;
      const here = paths.some((pattern) => match(pattern, path)) || (nav.around && path.startsWith(`${nav.around}/`));
      return html`<a key=${room} href=${nav.to(session)} aria-current=${here ? "page" : undefined}>
        <${Icon} name=${nav.icon} /><span>${t(nav.words)}</span>
        ${!!badge && html`<b class="badge" aria-label=${t("nav.waiting", { n: badge })}>${badge > 99 ? "99+" : badge}</b>`}
      </a>`;
    })}
  </nav>`;
}

function Account({ close, refresh, openKeys }) {
  const { me } = useSession();
  const [theme, setTheme] = useState(chosenTheme());
  const speak = async (chosen) => {
    keepLanguage(chosen);
    await choose(chosen, opened());
    if (me.colleague) await act(() => import("./api.js").then(({ patch }) => patch("/me", { language: chosen })));
    refresh();
  };
  const dress = (chosen) => (paint(chosen), setTheme(chosen));
  useEffect(() => {
    const key = (event) => event.key === "Escape" && close();
    const click = (event) => !event.target.closest(".account, header.top button") && close();
    addEventListener("keydown", key);
    addEventListener("click", click);
    return () => (removeEventListener("keydown", key), removeEventListener("click", click));
  }, []);
  const choice = (label, options, value, set) => html`<fieldset class="chips"><legend>${label}</legend>
    ${options.map(([one, words]) => html`<button type="button" key=${one} aria-pressed=${one === value} onClick=${() => set(one)}>${words}</button>`)}
  </fieldset>`;
  return html`<div class="account" role="group" aria-label=${t("nav.account")}>
    <p><b>${me.colleague?.name}</b><br />${me.colleague?.email}<br />${me.company.name} · ${t(`role.${me.role}`)}</p>
    ${choice(t("account.language"), [["de", "Deutsch"], ["en", "English"]], language(), speak)}
    ${choice(t("account.theme"), ["auto", "light", "dark"].map((one) => [one, t(`theme.${one}`)]), theme, dress)}
    <p class="links">
      <a href="/app/company/notices" onClick=${close}>${t("account.notices")}</a>
      <a href="/app/company/sessions" onClick=${close}>${t("account.sessions")}</a>
      <button type="button" class="link" onClick=${openKeys}>${t("keys.help")}</button>
    </p>
    <button type="button" onClick=${logOut}>${t("account.out")}</button>
  </div>`;
}

/** The screen of an address; its room's files come when they are first needed. */
function Place({ path, query }) {
  const room = ROOMS.find((one) => one.paths.some((pattern) => match(pattern, path)));
  const [ready, setReady] = useState(!!room && screens.has(room.room));
  const [failed, setFailed] = useState(/** @type {unknown} */ (null));
  const load = useCallback(async () => {
    if (!room) return;
    setFailed(null);
    try {
      const dressed = room.style && !screens.has(room.room) ? dress(room.room) : null;
      const [found] = await Promise.all([import(`../${room.room}/room.js`), learn(room.room), dressed]);
      screens.set(room.room, found.screens);
      setReady(true);
    } catch {
      setFailed(new Problem(0, { type: "offline" }));
    }
  }, [room]);
  useEffect(() => {
    if (!ready) load();
  }, [room]);
  if (path === "/app") return null;
  if (!room) return html`<${Nowhere} />`;
  if (failed) return html`<${Fault} problem=${failed} again=${load} />`;
  if (!ready) return html`<${Loading} />`;
  const table = screens.get(room.room) || {};
  for (const [pattern, shown] of Object.entries(table)) {
    const params = match(pattern, path);
    if (params && shown.load) return html`<${Later} key=${pattern} load=${shown.load} params=${params} query=${query} />`;
    if (params) return html`<${shown} params=${params} query=${query} />`;
  }
  return html`<${Nowhere} />`;
}

/** A screen whose file is loaded when it is first shown. */
function Later({ load, ...more }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(/** @type {unknown} */ (null));
  const begin = useCallback(() => {
    setFailed(null);
    load().then((Shown) => setFound(() => Shown)).catch(() => setFailed(new Problem(0, { type: "offline" })));
  }, [load]);
  useEffect(begin, []);
  if (failed) return html`<${Fault} problem=${failed} again=${begin} />`;
  return found ? html`<${found} ...${more} />` : html`<${Loading} />`;
}

/** Loads a room's own style sheet, once. @param {string} room */
export function dress(room) {
  const { href } = new URL(`../${room}/style.css`, import.meta.url);
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  document.head.append(link);
  return new Promise((done) => {
    link.onload = done;
    link.onerror = done;
  });
}

const Nowhere = () => html`<${Screen} title=${t("fault.nowhere")}>
  <p>${t("fault.nowhere.more")}</p><p><a class="alone" href="/app/">${t("fault.nowhere.back")}</a></p><//>`;
