// Lists as colleagues want to find them again, above the list that they belong to.
import { post, remove } from "./api.js";
import { html, useState } from "./html.js";
import { Button, Dialog, Field, Form } from "./parts.js";
import { changed, useList } from "./reads.js";
import { say } from "./saying.js";
import { t } from "./words.js";

/** @param {{path: string}} props path: of the list; its views are those that lead to it */
export function SavedViews({ path }) {
  const list = useList("/views", 100);
  const [naming, setNaming] = useState(false);
  const here = location.pathname + location.search;
  const mine = list.items.filter((one) => one.address === path || one.address.startsWith(`${path}?`));
  const present = mine.find((one) => one.address === here);
  const forget = async (one) => {
    await remove(`/views/${one.id}`);
    changed("/views");
    say(t("view.gone", { name: one.name }), { undo: () => keep(one.name, one.address) });
  };
  return html`<nav class="views" aria-label=${t("view.saved")}>
    ${mine.map((one) => html`<a key=${one.id} class="button" href=${one.address} aria-current=${one === present ? "page" : undefined}>${one.name}</a>`)}
    ${present
      ? html`<${Button} kind="quiet" onClick=${() => forget(present)}>${t("view.forget")}<//>`
      : location.search && html`<button type="button" class="quiet" onClick=${() => setNaming(true)}>${t("view.save")}</button>`}
    ${naming && html`<${Naming} address=${here} onClose=${() => setNaming(false)} />`}
  </nav>`;
}

async function keep(name, address) {
  await post("/views", { name, address });
  changed("/views");
}

function Naming({ address, onClose }) {
  const [name, setName] = useState("");
  const send = async () => {
    await keep(name, address);
    say(t("view.kept", { name }));
    onClose();
  };
  return html`<${Dialog} title=${t("view.save")} onClose=${onClose}>
    <${Form} send=${t("act.save")} onSend=${send}>
      <${Field} label=${t("view.name")} required maxlength="60" autofocus value=${name} onInput=${setName} hint=${t("view.hint")} />
    <//>
  <//>`;
}
