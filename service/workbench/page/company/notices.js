// Which mails I get, and when.
import { put } from "../core/api.js";
import { html, useState } from "../core/html.js";
import { Field, Form, Shown, Tick } from "../core/parts.js";
import { useRead } from "../core/reads.js";
import { say } from "../core/saying.js";
import { language, t } from "../core/words.js";
import { Part } from "./part.js";
import { Push } from "./push.js";

const WAYS = ["at_once", "digest", "never"];
const NIGHT = { begins: "22:00", ends: "06:00" };

export function NoticesScreen() {
  const read = useRead("/me/notices");
  return html`<${Part} at="/app/company/notices" title=${t("company.notices")}>
    <${Shown} read=${read}>${(notices) => html`<${Choice} key=${language()} notices=${notices} set=${read.set} />`}<//>
    <${Push} />
  <//>`;
}

/** @param {{notices: Api.Notices, set: (notices: Api.Notices) => void}} props */
function Choice({ notices, set }) {
  const [draft, setDraft] = useState({
    time_zone: notices.time_zone,
    digest_time: notices.digest_time.slice(0, 5),
    quiet: notices.quiet && { begins: notices.quiet.begins.slice(0, 5), ends: notices.quiet.ends.slice(0, 5) },
    kinds: /** @type {Record<string, string>} */ ({ ...notices.kinds }),
  });
  const change = (values) => setDraft((before) => ({ ...before, ...values }));
  const save = async () => {
    set(await put("/me/notices", draft));
    say(t("company.saved"));
  };
  return html`<${Form} send=${t("act.save")} onSend=${save}>
    <p>${t("company.notices.about")}</p>
    <div class="grid">
      ${notices.words.map(({ kind, title, about }) => html`<div class="card" key=${kind}>
        <${Field} label=${title} as="select" hint=${about} value=${draft.kinds[kind] || "at_once"}
          onInput=${(way) => change({ kinds: { ...draft.kinds, [kind]: way } })}>
          ${WAYS.map((way) => html`<option key=${way} value=${way}>${t(`company.notices.${way}`)}</option>`)}
        <//></div>`)}
    </div>
    <div class="card grid">
      <${Field} label=${t("company.notices.digest.time")} type="time" required value=${draft.digest_time} onInput=${(digest_time) => change({ digest_time })} />
      <${Field} label=${t("company.notices.zone")} list="zones" required value=${draft.time_zone} onInput=${(time_zone) => change({ time_zone })} />
      <datalist id="zones">${Intl.supportedValuesOf("timeZone").map((zone) => html`<option key=${zone} value=${zone} />`)}</datalist>
      <div>
        <${Tick} label=${t("company.notices.quiet")} hint=${t("company.notices.quiet.hint")} checked=${!!draft.quiet}
          onChange=${(on) => change({ quiet: on ? NIGHT : null })} />
        ${draft.quiet && html`
          <${Field} label=${t("company.from")} type="time" value=${draft.quiet.begins} onInput=${(begins) => change({ quiet: { ...draft.quiet, begins } })} />
          <${Field} label=${t("company.to")} type="time" value=${draft.quiet.ends} onInput=${(ends) => change({ quiet: { ...draft.quiet, ends } })} />`}
      </div>
    </div>
    <p class="hint">${t("company.notices.always")} ${notices.always.join(", ")}</p>
  <//>`;
}
