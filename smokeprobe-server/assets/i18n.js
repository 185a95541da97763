// Words in the viewer's language. The English text is the key, so that code reads as the page does, and a text without
// a translation is still understood. Another language's words are loaded when they are wanted.

import { onPrefs, preferred, redraw } from "./prefs.js";

/** @typedef {{words: Record<string, string>, sentences: Record<string, string>}} Dictionary */

/** What there is in Chinese, once it is loaded. @type {Dictionary | null} */
let chinese = null;

/** The server's sentences: which text, what stands for it. @type {{pattern: RegExp, names: string[], text: string}[] | null} */
let known = null;

/** The language that the viewer wants. @returns {"en" | "zh-CN"} */
function wanted() {
  const chosen = preferred().lang;
  if (chosen) return chosen;
  return /^zh/i.test(navigator.language) ? "zh-CN" : "en";
}

/** The language on the screen. @returns {"en" | "zh-CN"} */
export const language = () => (chinese ? wanted() : "en");

/**
 * A text in the viewer's language. `{name}` in it is replaced by the value of that name.
 * @param {string} text @param {Record<string, string | number>} [values]
 */
export function t(text, values = {}) {
  const found = (language() === "zh-CN" && chinese?.words[text]) || text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * A sentence of the server in the viewer's language, as it is where that has none. What stands in it may be such a
 * sentence again.
 * @param {string} sentence @returns {string}
 */
export function said(sentence) {
  if (language() === "en" || !chinese) return sentence;
  known ??= Object.entries(chinese.sentences).map(([english, text]) => ({
    pattern: new RegExp(`^${english.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, "([^]+?)")}$`),
    names: [...english.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    text,
  }));
  for (const { pattern, names, text } of known) {
    const match = pattern.exec(sentence);
    if (!match) continue;
    const values = Object.fromEntries(names.map((name, i) => [name, said(match[i + 1])]));
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }
  return sentence;
}

/** Loads the words that are wanted, and tells the browser, for hyphens, fonts and voices. */
async function prepare() {
  if (wanted() === "zh-CN" && !chinese) {
    try {
      chinese = (await import("./lang/zh-CN.js")).default;
      redraw();
    } catch {
      // English is understood too.
    }
  }
  document.documentElement.lang = language();
}

onPrefs(() => void prepare());
// Nothing is drawn before: no flash of English.
await prepare();
