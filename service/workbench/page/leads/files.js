// Files of a lead: internal or shared, put in by drag or by button.
import { ask, remove } from "../core/api.js";
import { moment, size } from "../core/format.js";
import { html, useRef, useState } from "../core/html.js";
import { Confirm, Tag, Tick } from "../core/parts.js";
import { changed, useList } from "../core/reads.js";
import { act, say } from "../core/saying.js";
import { useSession } from "../core/shell.js";
import { t } from "../core/words.js";

/** @param {{at: string, l: string}} props */
export function Files({ at, l }) {
  const mine = useSession().me.company.id;
  const list = useList(`${at}/files`);
  const [shared, setShared] = useState(false);
  const [going, setGoing] = useState(/** @type {string | null} */ (null));
  const [drops, setDrops] = useState(/** @type {any} */ (null));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const put = async (files) => {
    for (const file of files) {
      setGoing(file.name);
      const form = new FormData();
      form.append("file", file);
      await act(() => ask("POST", `${at}/files${shared ? "?shared=true" : ""}`, { form }), { done: t("leads.file.in", { name: file.name }) });
    }
    setGoing(null);
    changed(l);
  };
  return html`<section class="card" onDragOver=${(event) => event.preventDefault()}
    onDrop=${(event) => (event.preventDefault(), put([...event.dataTransfer.files]))}>
    <h2>${t("leads.files")}</h2>
    <${Tick} label=${t("leads.file.shared")} hint=${t("leads.file.shared.hint")} checked=${shared} onChange=${setShared} />
    <input type="file" multiple hidden ref=${field} aria-label=${t("leads.file.add")}
      onChange=${(event) => (put([...event.currentTarget.files]), (event.currentTarget.value = ""))} />
    <button type="button" onClick=${() => field.current?.click()}>${t("leads.file.add")}</button>
    ${going && html`<p role="status">${t("leads.file.going", { name: going })}<progress aria-label=${going}></progress></p>`}
    <ul class="plain">${list.items.map((one) => html`<li key=${one.id} class="line"><span class="grow">
        <a class="alone" href="${at}/files/${one.id}" download=${one.name}>${one.name}</a>
        <br /><small>${size(one.size)} · ${one.author_name} · ${moment(one.created_at)}</small></span>
      <${Tag} kind=${one.shared ? "warn" : "good"}>${t(one.shared ? "leads.file.is_shared" : "leads.file.is_internal")}<//>
      ${(!one.shared || one.company_id === mine) && html`<button type="button" class="quiet" aria-label=${`${t("act.delete")}: ${one.name}`} onClick=${() => setDrops(one)}>×</button>`}</li>`)}</ul>
    ${drops && html`<${Confirm} danger title=${t("leads.file.drop")} text=${drops.name} yes=${t("act.delete")} onClose=${() => setDrops(null)}
      onYes=${async () => (await remove(`${at}/files/${drops.id}`), changed(l), say(t("leads.file.gone")))} />`}
  </section>`;
}

