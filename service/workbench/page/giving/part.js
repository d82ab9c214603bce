// What all screens of the room have.
import { html } from "../core/html.js";
import { Screen, Tabs } from "../core/parts.js";
import { t } from "../core/words.js";

/** @param {{at: string, title: string, actions?: any, children?: any}} props */
export const Part = ({ at, title, actions, children }) =>
  html`<${Screen} title=${title} actions=${actions}>
    <${Tabs} label=${t("nav.giving")} at=${at} tabs=${[
      ["/app/giving", t("giving.given")],
      ["/app/giving/new", t("giving.new")],
      ["/app/giving/import", t("giving.import")],
      ["/app/giving/imports", t("giving.imports")],
    ]} />
    ${children}
  <//>`;

/** Marketplaces on which the company may put in. @param {import("../core/rooms.js").Session} session */
export const openTo = (session) =>
  session.places.filter((one) => one.as_operator || (one.state === "active" && one.capacities.includes("giver")));
