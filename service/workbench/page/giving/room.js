// Putting leads in: by hand, from files, and what became of them.
import { Given } from "./given.js";

export const screens = {
  "/app/giving": Given,
  "/app/giving/new": { load: () => import("./new_lead.js").then((file) => file.NewLead) },
  "/app/giving/import": { load: () => import("./import_file.js").then((file) => file.ImportFile) },
  "/app/giving/imports": { load: () => import("./imports.js").then((file) => file.Imports) },
  "/app/giving/imports/:id": { load: () => import("./imports.js").then((file) => file.OneImport) },
};
