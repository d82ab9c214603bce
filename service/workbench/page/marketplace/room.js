// The room of the marketplaces: the operator's day, and what a partner knows of a place. Each part is
// loaded when it is first shown.

const part = (file, name) => ({ load: () => file().then((found) => found[name]) });

export const screens = {
  "/app/marketplaces": part(() => import("./places.js"), "Places"),
  "/app/marketplaces/:m": part(() => import("./front.js"), "Front"),
  "/app/marketplaces/:m/available": part(() => import("./stock.js"), "Available"),
  "/app/marketplaces/:m/unplaced": part(() => import("./stock.js"), "Unplaced"),
  "/app/marketplaces/:m/running": part(() => import("./running.js"), "Running"),
  "/app/marketplaces/:m/returns": part(() => import("./returns.js"), "Returns"),
  "/app/marketplaces/:m/partners": part(() => import("./partners.js"), "Partners"),
  "/app/marketplaces/:m/waves": part(() => import("./waves.js"), "Waves"),
  "/app/marketplaces/:m/calendar": part(() => import("./calendar.js"), "CalendarScreen"),
  "/app/marketplaces/:m/rules": part(() => import("./rules.js"), "Rules"),
  "/app/marketplaces/:m/settings": part(() => import("./settings.js"), "SettingsScreen"),
};
