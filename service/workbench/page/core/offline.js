// The service worker, which keeps the shell; the one place that hands the browser a script's address.

const WORKER = "/app/worker.js";

/** Registers it; the page works without. */
export function keepShell() {
  if (!("serviceWorker" in navigator) || !isSecureContext) return;
  const types = /** @type {any} */ (globalThis).trustedTypes;
  const policy = types?.createPolicy("kollegium", {
    createScriptURL: (given) => {
      if (given !== WORKER) throw new TypeError(given);
      return given;
    },
  });
  const address = policy ? policy.createScriptURL(WORKER) : WORKER;
  navigator.serviceWorker.register(address, { scope: "/app/" }).catch(() => {});
}
