// The first screen of a marketplace: for its operator what came in, for a partner what it may know.
import { html } from "../core/html.js";
import { Inbox } from "./inbox.js";
import { useOperated } from "./part.js";
import { PartnersPlace } from "./places.js";

/** @param {{params: {m: string}}} props */
export const Front = ({ params }) =>
  useOperated(params.m) ? html`<${Inbox} params=${params} />` : html`<${PartnersPlace} m=${params.m} />`;
