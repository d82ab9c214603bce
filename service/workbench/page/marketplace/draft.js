// Something with a version that is edited as a whole: what others saved meanwhile is never written over
// without a word.
import { Problem } from "../core/api.js";
import { html, useEffect, useState } from "../core/html.js";
import { Button, Fault, Form, Loading } from "../core/parts.js";
import { useRead } from "../core/reads.js";
import { say } from "../core/saying.js";
import { t } from "../core/words.js";

/**
 * @param {{path: string, from: (read: any) => any, save: (draft: any, version: number) => Promise<any>,
 *   children: (draft: any, set: (draft: any) => void, read: any) => any}} props from: what is edited
 */
export function Draft({ path, from, save, children }) {
  const read = useRead(path);
  const [draft, setDraft] = useState(/** @type {any} */ (null));
  const take = () => setDraft({ version: read.value.version, of: from(read.value), touched: false });
  useEffect(() => {
    if (read.value && !draft?.touched) take();
  }, [read.value]);
  if (!draft) return read.problem ? html`<${Fault} problem=${read.problem} again=${read.again} />` : html`<${Loading} />`;
  const other = read.value && read.value.version !== draft.version;
  const send = async () => {
    try {
      const saved = await save(draft.of, draft.version);
      setDraft({ version: saved.version, of: from(saved), touched: false });
      read.set(saved);
      say(t("marketplace.saved"));
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 412) return void (await read.again());
      throw problem;
    }
  };
  return html`<${Form} onSend=${send} send=${t("act.save")}>
    ${children(draft.of, (of) => setDraft({ ...draft, of, touched: true }), read.value)}
    ${other && html`<div class="notice warn" role="alert"><p>${t("marketplace.meanwhile")}</p><div class="buttons">
      <${Button} onClick=${take}>${t("marketplace.meanwhile.theirs")}<//>
      <${Button} onClick=${() => setDraft({ ...draft, version: read.value.version })}>${t("marketplace.meanwhile.mine")}<//></div></div>`}
  <//>`;
}
