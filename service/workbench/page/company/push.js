// New offers on this device, also while no page is open.
import { get, post, remove } from "../core/api.js";
import { day } from "../core/format.js";
import { html, useEffect, useState } from "../core/html.js";
import { Button, Shown } from "../core/parts.js";
import { changed, useRead } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";

/** Whether this browser can be told; where it cannot, there is nothing to choose. */
const able = () => "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;

/** What the settings of notices say about pushes. */
export function Push() {
  const [key, setKey] = useState(/** @type {string | null} */ (null));
  const [refused, setRefused] = useState(able() && Notification.permission === "denied");
  const read = useRead(able() ? "/me/push-subscriptions" : null);
  useEffect(() => {
    if (able()) get("/push/key").then((found) => setKey(found.key)).catch(() => {});
  }, []);
  if (!key) return null;
  const begin = async () => {
    if ((await Notification.requestPermission()) !== "granted") return setRefused(true);
    const registration = await navigator.serviceWorker.ready;
    const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const { endpoint, keys, expirationTime } = subscription.toJSON();
    await post("/me/push-subscriptions", { endpoint, keys, expirationTime });
    changed("/me/push-subscriptions");
    return say(t("company.push.done"));
  };
  const end = async (one) => {
    await remove(`/me/push-subscriptions/${one.id}`);
    if (one.current) {
      const registration = await navigator.serviceWorker.ready;
      await (await registration.pushManager.getSubscription())?.unsubscribe();
    }
    changed("/me/push-subscriptions");
  };
  return html`<section class="card"><h2>${t("company.push")}</h2><p>${t("company.push.about")}</p>
    <${Shown} read=${read}>${({ items }) => html`
      ${refused && html`<p class="notice warn">${t("company.push.refused")}</p>`}
      ${!items.some((one) => one.current) && !refused && html`<${Button} icon="bell" onClick=${begin}>${t("company.push.begin")}<//>`}
      <ul class="plain">${items.map((one) => html`<li class="line" key=${one.id}>
        <span class="grow">${one.current ? t("company.push.this") : one.client || one.service} <small>${t("company.since")} ${day(one.created_at)}</small></span>
        <${Button} done=${t("company.push.ended")} onClick=${() => end(one)}>${t("company.push.end")}<//></li>`)}</ul>`}<//>
  </section>`;
}
