// The company and oneself: who belongs to it, what speaks for it, whom it becomes one with. Each part
// is loaded when it is first shown: nobody needs all of them on one day.

export const screens = {
  "/app/company": { load: () => import("./overview.js").then((file) => file.Overview) },
  "/app/company/colleagues": { load: () => import("./colleagues.js").then((file) => file.Colleagues) },
  "/app/company/absences": { load: () => import("./absences.js").then((file) => file.Absences) },
  "/app/company/keys": { load: () => import("./api_keys.js").then((file) => file.ApiKeys) },
  "/app/company/intake": { load: () => import("./intake.js").then((file) => file.Intake) },
  "/app/company/webhooks": { load: () => import("./webhooks.js").then((file) => file.Webhooks) },
  "/app/company/merges": { load: () => import("./merges.js").then((file) => file.Merges) },
  "/app/company/notices": { load: () => import("./notices.js").then((file) => file.NoticesScreen) },
  "/app/company/sessions": { load: () => import("./sessions.js").then((file) => file.Sessions) },
  "/app/merges/:id": { load: () => import("./merge.js").then((file) => file.MergeScreen) },
};
