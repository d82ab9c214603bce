// Where it begins: in which language, who is logged in, and which of both screens is shown.
import { html, render } from "./html.js";
import { keepShell } from "./offline.js";
import { followLinks } from "./router.js";
import { chosenLanguage, chosenTheme, paint } from "./settings.js";
import { App } from "./shell.js";
import { choose } from "./words.js";

paint(chosenTheme());
followLinks();
await choose(chosenLanguage(), []);
render(html`<${App} />`, /** @type {Element} */ (document.getElementById("page")));
keepShell();
