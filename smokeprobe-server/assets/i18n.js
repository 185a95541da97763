// Words in the viewer's language. The English text is the key, so that code reads as the page does, and a text without
// a translation is still understood.

import zh from "./lang/zh-CN.js";
import { preferred, onPrefs } from "./prefs.js";

/** @type {Record<string, Record<string, string>>} */
const DICTIONARIES = { "zh-CN": zh };

/** The language on the screen. @returns {"en" | "zh-CN"} */
export function language() {
  const chosen = preferred().lang;
  if (chosen) return chosen;
  return navigator.languages.some((name) => /^zh/i.test(name)) && /^zh/i.test(navigator.language) ? "zh-CN" : "en";
}

/**
 * A text in the viewer's language. `{name}` in it is replaced by the value of that name.
 * @param {string} text @param {Record<string, string | number>} [values]
 */
export function t(text, values = {}) {
  const found = DICTIONARIES[language()]?.[text] ?? text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Tells the browser, for hyphens, fonts and voices. */
function tell() {
  document.documentElement.lang = language();
}

tell();
onPrefs(tell);
