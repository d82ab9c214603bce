// The company itself.
import { patch } from "../core/api.js";
import { day } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { Field, Form, Shown, Tick } from "../core/parts.js";
import { useRead } from "../core/reads.js";
import { say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";
import { Part } from "./part.js";

export function Overview() {
  const read = useRead("/company");
  return html`<${Part} at="/app/company" title=${t("company.overview.title")}>
    <${Shown} read=${read}>${(company) => html`<${Card} company=${company} set=${read.set} key=${company.version} />`}<//>
  <//>`;
}

/** @param {{company: Api.Company, set: (company: Api.Company) => void}} props */
function Card({ company, set }) {
  const { admin, places } = useSession();
  const [draft, setDraft] = useState({
    name: company.name,
    language: company.language,
    delegator_role: company.delegator_role,
    returns_need_release: company.returns_need_release,
  });
  const change = (values) => setDraft((before) => ({ ...before, ...values }));
  const features = company.colleague_features;
  const save = async () => {
    set(await patch("/company", draft, company.version));
    say(t("company.saved"));
  };
  return html`
    ${!features.on && html`<p class="notice">${features.week ? t("company.features.week", { week: features.week }) : t("company.features.later")}</p>`}
    <div class="split">
      <div class="card">
        ${admin
          ? html`<${Form} send=${t("act.save")} onSend=${save}>
              <${Field} label=${t("company.name")} required maxlength="200" value=${draft.name} onInput=${(name) => change({ name })} />
              <${Field} label=${t("company.language")} as="select" value=${draft.language} onInput=${(language) => change({ language })}>
                <option value="de">Deutsch</option><option value="en">English</option>
              <//>
              <${Tick} label=${t("company.delegators")} hint=${t("company.delegators.hint")} checked=${draft.delegator_role}
                onChange=${(on) => change({ delegator_role: on })} />
              <${Tick} label=${t("company.release")} hint=${t("company.release.hint")} checked=${draft.returns_need_release}
                onChange=${(on) => change({ returns_need_release: on })} />
            <//>`
          : html`<dl class="facts"><dt>${t("company.name")}</dt><dd>${company.name}</dd>
              <dt>${t("company.since")}</dt><dd>${day(company.created_at)}</dd></dl>
              <p class="hint">${t("company.admins.only")}</p>`}
      </div>
      <div class="card">
        <h2>${t("company.places")}</h2>
        ${places.length
          ? html`<ul>${places.map((place) => html`<li key=${place.id}><a href="/app/marketplaces/${place.id}">${place.name}</a>${" "}
              <small>${[place.as_operator && t("capacity.operator"), ...place.capacities.map((one) => t(`capacity.${one}`))].filter(Boolean).join(", ")}</small></li>`)}</ul>`
          : html`<p>${t("company.places.none")}</p>`}
      </div>
    </div>`;
}
