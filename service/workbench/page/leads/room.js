// The screens of the leads that my company works.
import { FollowUps } from "./follow_ups.js";
import { Lead } from "./lead.js";
import { Leads } from "./leads.js";

export const screens = { "/app/leads": Leads, "/app/leads/:m/:l": Lead, "/app/follow-ups": FollowUps };
