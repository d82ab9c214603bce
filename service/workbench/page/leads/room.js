// The screen of one lead.
import { Lead } from "./lead.js";

export const screens = { "/app/leads/:m/:l": Lead };
