// What screens are made of.
import { Problem } from "./api.js";
import { moment, span } from "./format.js";
import { html, useEffect, useId, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { act, inWords } from "./saying.js";
import { t } from "./words.js";

export { Icon };

/**
 * A screen: its title (which gets the focus when one comes to it), what can be done, its content.
 * @param {{title: string, back?: string, actions?: any, children?: any}} props back: an address
 */
export function Screen({ title, back, actions, children }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    document.title = `${title} – Kollegium`;
  }, [title]);
  useEffect(() => {
    const active = document.activeElement;
    if (!active || active === document.body || !active.isConnected) heading.current?.focus({ preventScroll: true });
  }, []);
  return html`<section class="screen">
    <header class="head">
      ${back && html`<a class="button quiet" href=${back} aria-label=${t("act.back")}><${Icon} name="back" /></a>`}
      <h1 tabindex="-1" ref=${heading}>${title}</h1>
      <div class="actions">${actions}</div>
    </header>
    ${children}
  </section>`;
}

/**
 * A button that waits for what it does, and says what was refused.
 * @param {{onClick: (event: Event) => unknown, children?: any, kind?: "main" | "quiet" | "danger" | "",
 *   icon?: string, done?: string, disabled?: boolean, label?: string, pressed?: boolean, id?: string}} props
 */
export function Button({ onClick, children, kind = "", icon, done, disabled, label, pressed, id }) {
  const [busy, set] = useState(false);
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  const click = async (event) => {
    if (busy) return;
    set(true);
    await act(async () => onClick(event), { done });
    if (here.current) set(false);
  };
  return html`<button type="button" id=${id} class=${kind} disabled=${disabled} aria-busy=${busy} aria-label=${label}
    aria-pressed=${pressed} onClick=${click}>${icon && html`<${Icon} name=${icon} />`}${children}</button>`;
}

/**
 * A labelled field. `as` is input, textarea or select; other properties are the element's.
 * @param {{label: string, value?: any, onInput?: (value: string) => void, as?: string, hint?: string,
 *   fault?: string, children?: any, [name: string]: any}} props
 */
export function Field({ label, value, onInput, as = "input", hint, fault, children, ...more }) {
  const id = useId();
  const about = [hint && `${id}-h`, fault && `${id}-f`].filter(Boolean).join(" ") || undefined;
  return html`<div class="field ${fault ? "faulty" : ""}">
    <label for=${id}>${label}</label>
    <${as} id=${id} value=${value} aria-describedby=${about} aria-invalid=${!!fault}
      onInput=${(event) => onInput?.(event.currentTarget.value)} ...${more}>${children}<//>
    ${hint && html`<p class="hint" id="${id}-h">${hint}</p>`}
    ${fault && html`<p class="fault" id="${id}-f">${fault}</p>`}
  </div>`;
}

/** A box to tick. @param {{label: string, checked: boolean, onChange: (on: boolean) => void, hint?: string, disabled?: boolean}} props */
export function Tick({ label, checked, onChange, hint, disabled }) {
  const id = useId();
  return html`<div class="tick">
    <input type="checkbox" id=${id} checked=${checked} disabled=${disabled}
      aria-describedby=${hint && `${id}-h`} onChange=${(event) => onChange(event.currentTarget.checked)} />
    <label for=${id}>${label}</label>
    ${hint && html`<p class="hint" id="${id}-h">${hint}</p>`}
  </div>`;
}

/**
 * One of a few, as chips.
 * @param {{label: string, options: [string, string][], value: string | null,
 *   onChange: (value: string) => void}} props options: value and words
 */
export function Chips({ label, options, value, onChange }) {
  const name = useId();
  return html`<fieldset class="chips">
    <legend>${label}</legend>
    ${options.map(
      ([option, words]) => html`<label key=${option} class=${option === value ? "chosen" : ""}>
        <input type="radio" name=${name} value=${option} checked=${option === value} onChange=${() => onChange(option)} />
        ${words}
      </label>`,
    )}
  </fieldset>`;
}

/** Parts of a screen, each with an address. @param {{label: string, tabs: [string, string, number?][], at: string}} props */
export const Tabs = ({ label, tabs, at }) =>
  html`<nav class="tabs" aria-label=${label}>
    ${tabs.map(
      ([to, words, badge]) => html`<a key=${to} href=${to} aria-current=${to === at ? "page" : undefined}>
        ${words}${!!badge && html` <b class="badge">${badge}</b>`}
      </a>`,
    )}
  </nav>`;

/** Nothing is there, and what to do. @param {{title: string, children?: any}} props */
export const Empty = ({ title, children }) =>
  html`<div class="empty"><h2>${title}</h2><p>${children}</p></div>`;

/** Something is being read. */
export const Loading = () => html`<p class="loading" role="status">${t("state.loading")}</p>`;

/** What was refused, in words, and another try. @param {{problem: unknown, again?: () => unknown}} props */
export function Fault({ problem, again }) {
  const gone = problem instanceof Problem && problem.status === 404;
  return html`<div class="notice fault" role="alert">
    <p>${gone ? t("fault.gone") : inWords(problem)}</p>
    ${again && !gone && html`<${Button} onClick=${again}>${t("act.again")}<//>`}
  </div>`;
}

/**
 * A value that was read, or why there is none yet.
 * @param {{read: {value: any, problem: any, loading: boolean, again: () => unknown},
 *   children: (value: any) => any}} props
 */
export function Shown({ read, children }) {
  if (read.value !== null && read.value !== undefined) return children(read.value);
  return read.problem
    ? html`<${Fault} problem=${read.problem} again=${read.again} />`
    : html`<${Loading} />`;
}

/**
 * A dialog over the page; Escape closes it, and the focus goes back to where it was.
 * @param {{title: string, onClose: () => void, children?: any, actions?: any}} props
 */
export function Dialog({ title, onClose, children, actions }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      else /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus();
    };
  }, []);
  return html`<dialog ref=${ref} aria-labelledby=${id} onClose=${onClose}
    onCancel=${(event) => (event.preventDefault(), onClose())}>
    <header><h2 id=${id}>${title}</h2>
      <button type="button" class="quiet" aria-label=${t("act.close")} onClick=${onClose}><${Icon} name="cross" /></button>
    </header>
    <div class="body">${children}</div>
    ${actions && html`<footer>${actions}</footer>`}
  </dialog>`;
}

/**
 * Asks before something that cannot be taken back.
 * @param {{title: string, text: any, yes: string, danger?: boolean, onYes: () => unknown, onClose: () => void}} props
 */
export const Confirm = ({ title, text, yes, danger, onYes, onClose }) =>
  html`<${Dialog} title=${title} onClose=${onClose} actions=${html`
    <button type="button" onClick=${onClose}>${t("act.cancel")}</button>
    <${Button} kind=${danger ? "danger" : "main"} onClick=${async () => (await onYes(), onClose())}>${yes}<//>`}>
    <p>${text}</p>
  <//>`;

/** Time left until then, running. @param {{until: string, over?: string}} props over: what is said afterwards */
export function Countdown({ until, over }) {
  const left = (Date.parse(until) - Date.now()) / 1000;
  const [, tick] = useState(0);
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => tick((n) => n + 1), left > 7200 ? 60000 : 1000);
    return () => clearTimeout(timer);
  });
  const words = left > 0 ? span(left > 7200 ? left - (left % 60) : left) : over || t("state.over");
  return html`<time class="countdown ${left < 3600 ? "soon" : ""}" datetime=${until} title=${moment(until)}>
    <${Icon} name="clock" />${words}</time>`;
}

/** A state as a word with a colour. @param {{kind?: string, children?: any}} props */
export const Tag = ({ kind = "", children }) => html`<span class="tag ${kind}">${children}</span>`;

/**
 * A form: Enter sends it, its problems stand above its buttons.
 * @param {{onSend: () => Promise<unknown>, send: string, children?: any, more?: any}} props
 */
export function Form({ onSend, send, children, more }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await onSend();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (here.current) setProblem(error);
    }
    if (here.current) setBusy(false);
  };
  return html`<form onSubmit=${submit}>
    ${children}
    ${problem && html`<p class="notice fault" role="alert">${inWords(problem)}</p>`}
    <div class="buttons"><button class="main" aria-busy=${busy}>${send}</button>${more}</div>
  </form>`;
}
