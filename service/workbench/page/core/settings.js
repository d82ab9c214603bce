// What this browser remembers: the language before log-in, and the theme. Nothing of anybody's leads.

/** @param {string} name @param {string} otherwise */
function kept(name, otherwise) {
  try {
    return localStorage.getItem(name) || otherwise;
  } catch {
    return otherwise; // storage is switched off: nothing is remembered
  }
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // as above
  }
}

export const chosenLanguage = () => kept("kollegium-language", document.documentElement.lang);
export const keepLanguage = (language) => keep("kollegium-language", language);
export const chosenTheme = () => kept("kollegium-theme", "auto");

/** auto, light or dark. @param {string} theme */
export function paint(theme) {
  document.documentElement.dataset.theme = theme;
  keep("kollegium-theme", theme);
}
