// One lead: the person, the work on it, what is said about it. For all its parties, each as it may see it.
import { html, useEffect, useState } from "../core/html.js";
import { Fault, Screen, Shown, Tag } from "../core/parts.js";
import { Presence } from "../core/presence.js";
import { changed, useRead } from "../core/reads.js";
import { dress, useSession } from "../core/shell.js";
import { named, t } from "../core/words.js";
import { begin, Calls } from "./calls.js";
import { Files } from "./files.js";
import { LeadFollowUps } from "./follow_ups.js";
import { routeOf } from "./part.js";
import { Person } from "./person.js";
import { History, Talk } from "./talk.js";
import { Return } from "./return.js";
import { Work } from "./work.js";

const WORKED = ["active", "return_requested"];

/** @param {{params: {m: string, l: string}}} props */
export function Lead({ params: { m, l } }) {
  const session = useSession();
  const at = routeOf(m, l);
  const read = useRead(at);
  const work = useRead(`${at}/engagement`);
  const lead = read.value;
  const engagement = work.value;
  const again = () => changed(l, "/leads", "/counts", "/returns", "/offers");
  if (!lead && read.problem) return html`<${Kept} at=${at} work=${work} problem=${read.problem} />`;
  const mine = !!engagement && engagement.company_id === session.me.company.id;
  const working = mine && WORKED.includes(engagement.state);
  return html`<${Screen} title=${lead?.prospect?.name || lead?.interest || t("leads.lead")} back="/app/leads">
    <${Shown} read=${read}>${() => html`
      <${Presence} m=${m} l=${l} />
      <p class="line"><${Tag} kind="info">${named("lead_state", lead.state)}<//>
        ${engagement && html`<${Tag}>${named("engagement_state", engagement.state)}<//>`}
        ${lead.tags.map((tag) => html`<${Tag} key=${tag}>${tag}<//>`)}
        ${session.operated.some((one) => one.id === m) && html`<a class="button quiet" href="/app/leads/${m}/${l}/access">${t("leads.access")}</a>`}</p>
      <div class="split"><div>
        <${Person} at=${at} lead=${lead} onCall=${working ? () => begin(at, l) : undefined} />
        ${working && html`<${Calls} at=${at} l=${l} />`}
        <${Talk} at=${at} kind="notes" l=${l} />
        <${Talk} at=${at} kind="messages" l=${l} />
      </div><div>
        <${Operating} lead=${lead} engagement=${engagement} again=${again} />
        ${engagement && html`<${Work} at=${at} engagement=${engagement} mine=${mine} working=${working} />`}
        ${mine && html`<${LeadFollowUps} at=${at} l=${l} />`}
        ${mine && html`<${Return} at=${at} engagement=${engagement} />`}
        <${Files} at=${at} l=${l} />
        <${History} at=${at} />
      </div></div>`}<//>
  <//>`;
}

/** What my company keeps of a lead that it sees no more. */
function Kept({ at, work, problem }) {
  const engagement = work.value;
  return html`<${Screen} title=${t("leads.lead")} back="/app/leads">
    ${engagement
      ? html`<p class="notice">${t("leads.kept")} <b>${named("engagement_state", engagement.state)}</b></p>
        <${Work} at=${at} engagement=${engagement} mine=${true} working=${false} />
        <${Talk} at=${at} kind="notes" l=${engagement.lead_id} closed=${true} />
        <${Talk} at=${at} kind="messages" l=${engagement.lead_id} closed=${true} />`
      : html`<${Fault} problem=${problem} /><p><a class="alone" href="/app/offers">${t("leads.to_offers")}</a></p>`}
  <//>`;
}

/** The operator's own part of the screen comes from its room, for who operates the marketplace. */
function Operating({ lead, engagement, again }) {
  const session = useSession();
  const [found, set] = useState(/** @type {any} */ (null));
  const operated = session.operated.some((one) => one.id === lead.marketplace_id);
  useEffect(() => {
    const room = "marketplace";
    if (operated) Promise.all([import(`../${room}/lead_actions.js`), dress(room)]).then(([file]) => set(file), () => {});
  }, [operated]);
  return found && html`<${found.LeadActions} lead=${lead} engagement=${engagement} again=${again} />`;
}
