// Who sees what, and why: for operators of a marketplace.
import { LeadAccess } from "./lead_access.js";

export const screens = { "/app/leads/:m/:l/access": LeadAccess };
