// The leads that the company works: as a list, by step, by date.
import { Leads } from "./leads.js";

export const screens = {
  "/app/leads": Leads,
  "/app/follow-ups": { load: () => import("./follow_ups.js").then((file) => file.FollowUps) },
};
