// Long lists: only what is on the screen is in the page, more is read before the end is reached.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { useKeys } from "./keys.js";
import { Empty, Fault, Loading } from "./parts.js";
import { t } from "./words.js";

const AHEAD = 12; // rows beyond the edges

/**
 * Rows of equal height; j and k go through them, Enter opens one.
 * @param {{list: {items: any[], problem: any, loading: boolean, whole: boolean, more: () => unknown,
 *   again: () => unknown}, row: (item: any) => any, keyOf: (item: any) => string, height: number,
 *   label: string, empty: any, open?: (item: any) => void, keys?: Record<string, any>}} props
 *   row: what stands in it; empty: what is shown when there is none; keys: others that act on the
 *   chosen row, with their words where core has none: `{ a: [accept, "accept"] }`
 */
export function Rows({ list, row, keyOf, height, label, empty, open, keys = {} }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [view, setView] = useState({ from: 0, to: 40 });
  const [at, setAt] = useState(-1);
  const moved = useRef(false);
  const count = list.items.length;

  useLayoutEffect(() => {
    const measure = () => {
      const top = box.current?.getBoundingClientRect().top || 0;
      const from = Math.max(0, Math.floor(-top / height) - AHEAD);
      const to = Math.ceil((innerHeight - top) / height) + AHEAD;
      setView((v) => (v.from === from && v.to === to ? v : { from, to }));
      if (to - AHEAD / 2 > count && !list.whole && !list.loading) list.more();
    };
    measure();
    addEventListener("scroll", measure, { passive: true, capture: true });
    addEventListener("resize", measure);
    return () => {
      removeEventListener("scroll", measure, { capture: true });
      removeEventListener("resize", measure);
    };
  }, [count, height, list.whole, list.loading]);

  const move = (by) => {
    if (!count) return;
    const next = Math.max(0, Math.min(count - 1, now.current.at + by));
    now.current.at = next;
    moved.current = true;
    setAt(next);
    const top = (box.current?.offsetTop || 0) + next * height;
    const shown = scrollY + innerHeight - 2 * height;
    if (top < scrollY + height || top > shown) scrollTo({ top: top - innerHeight / 2 });
  };
  // Two keys may come before the page is drawn again.
  const now = useRef({ at, items: list.items });
  now.current = { at, items: list.items };
  const chosen = (action) => () => now.current.items[now.current.at] && action(now.current.items[now.current.at]);
  useKeys({
    j: [() => move(1), t("keys.next")],
    k: [() => move(-1), t("keys.previous")],
    ...(open ? { o: [chosen(open), t("keys.open")] } : {}),
    ...Object.fromEntries(Object.entries(keys).map(([key, does]) =>
      Array.isArray(does) ? [key, [chosen(does[0]), does[1]]] : [key, [chosen(does), t(`keys.${key}`)]])),
  });
  const here = at >= 0 && at < count ? keyOf(list.items[at]) : null;
  const had = useRef(0);
  useEffect(() => {
    const fewer = count < had.current;
    had.current = count;
    if (at >= count && count) return setAt(count - 1);
    const active = document.activeElement;
    const lost = active === document.body;
    // When a row went, its neighbour gets the focus, else the title; who is elsewhere stays there.
    const row = here !== null && (lost || moved.current || !!active?.matches("main h1"));
    moved.current = false;
    const one = row && box.current?.querySelector(`[data-at="${at}"] a, [data-at="${at}"] button`);
    if (one instanceof HTMLElement) one.focus({ preventScroll: true });
    else if (lost && fewer) /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus({ preventScroll: true });
  }, [at, here, count]);

  if (!count) {
    if (list.problem) return html`<${Fault} problem=${list.problem} again=${list.again} />`;
    return list.loading ? html`<${Loading} />` : empty;
  }
  const to = Math.min(view.to, count);
  const from = Math.min(view.from, Math.max(0, to - 1));
  return html`<div class="rows" role="list" aria-label=${label} ref=${box}
    style=${{ height: `${count * height}px` }}>
    ${list.items.slice(from, to).map((item, n) => {
      const place = from + n;
      return html`<div class="row ${place === at ? "at" : ""}" role="listitem" key=${keyOf(item)} data-at=${place}
        aria-setsize=${list.whole ? count : -1} aria-posinset=${place + 1}
        style=${{ top: `${place * height}px`, height: `${height}px` }}>${row(item)}</div>`;
    })}
  </div>
  ${list.problem && html`<${Fault} problem=${list.problem} again=${list.more} />`}
  ${list.loading && html`<${Loading} />`}`;
}

export { Empty };
