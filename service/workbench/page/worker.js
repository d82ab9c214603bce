// The service worker: keeps the shell and its files for times without a network, and shows pushes.
// Nothing that the API answers is ever kept: what is personal stays out of every cache.
const KEPT = "kollegium-@version@";
const FILES = "/app/files/@version@/";

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((cache) => cache.add("/app/"))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((n) => n !== KEPT).map((n) => caches.delete(n))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith(FILES)) event.respondWith(kept(event.request));
  else if (event.request.mode === "navigate" && /^\/app(\/|$)/.test(url.pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match("/app/")));
  }
});

async function kept(request) {
  const cache = await caches.open(KEPT);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

// A push names no person: a title, how many, and an address in the workbench. One that comes twice has
// the same id, and replaces itself.
self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  const where = typeof told.path === "string" && told.path.startsWith("/app/") ? told.path : "/app/";
  event.waitUntil(
    self.registration.showNotification(told.title || "Kollegium", {
      body: told.count > 1 ? String(told.count) : "",
      tag: told.id,
      icon: FILES + "core/icon.svg",
      data: { where },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((open) => {
      const tab = open.find((one) => new URL(one.url).pathname.startsWith("/app"));
      const where = event.notification.data.where;
      return tab ? tab.focus().then(() => tab.navigate(where)) : self.clients.openWindow(where);
    }),
  );
});
