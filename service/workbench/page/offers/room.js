// The screens of what is offered to my company.
import { Offers } from "./offers.js";
import { Past } from "./past.js";

export const screens = { "/app/offers": Offers, "/app/offers/past": Past };
