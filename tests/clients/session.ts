// The README's session with the client that @hey-api/openapi-ts made: session.ts BASE LEAD PASSWORD.
// The compiler checks it against the generated types, Node runs it as it is.
import { createClient } from "./generated/client/index.ts";
import { leadsShow, offersListOffers, offersPick, sessionsLogIn } from "./generated/sdk.gen.ts";

declare const process: { argv: string[] };
declare const console: { log(...words: unknown[]): void };
const [base, lead, password] = process.argv.slice(2);

async function logIn(email: string) {
  const client = createClient({ baseUrl: base });
  const { data } = await sessionsLogIn({ client, body: { email, password } });
  if (!data?.token) throw new Error(`${email} cannot log in`);
  return createClient({ baseUrl: base, auth: data.token });
}

const [ben, anna, cora] = [
  await logIn("ben@huber.example"),
  await logIn("anna@huber.example"),
  await logIn("cora@klein.example"),
];
const offers = await offersListOffers({ client: cora, query: { state: "open", limit: 100 } });
const offer = offers.data?.items.find((one) => one.lead_id === lead);
if (!offer) throw new Error("Cora has no such offer");
console.log("Cora is offered", offer.teaser.interest, "until", offer.expires_at.slice(0, 4));
const path = { m: offer.marketplace_id, l: offer.lead_id };
const picked = await offersPick({ client: ben, path });
console.log("Ben picked:", picked.data?.picked_by, picked.data?.state);
const late = await offersPick({ client: cora, path });
if (late.error?.type !== "urn:kollegium:problem:lead-no-longer-available") {
  throw new Error(JSON.stringify(late.error));
}
console.log("Cora is told:", late.error.status, late.error.title);
const seen = await leadsShow({ client: anna, path });
console.log("Anna sees:", seen.data?.state, seen.data?.prospect?.name, !!seen.data?.created_at);
const gone = await leadsShow({ client: cora, path });
console.log("Cora sees:", gone.error?.status);
