// What a viewer can choose for this device: the zone of times, the theme, the language.

import { html } from "./vendor/preact.js";
import * as format from "./format.js";
import { language, t } from "./i18n.js";
import { prefer, usePrefs } from "./prefs.js";

const THEMES = /** @type {const} */ ({ system: "light", light: "dark", dark: "system" });
const SIGNS = { system: "◐", light: "☀", dark: "☾" };

export function Prefs() {
  const { theme, zone } = usePrefs();
  const other = language() === "en" ? { lang: "zh-CN", name: "中文" } : { lang: "en", name: "English" };
  const words = { system: t("theme as the system"), light: t("light theme"), dark: t("dark theme") };
  return html`<div class="prefs" role="group" aria-label=${t("Preferences")}>
    <button type="button" title=${t("Times are in {zone}; press for the other zone", { zone: format.zone() })}
      onClick=${() => prefer("zone", zone === "server" ? "viewer" : "server")}>${zone === "server" ? t("server's time") : t("your time")}</button>
    <button type="button" class="sign" title=${words[theme]} aria-label=${words[theme]} onClick=${() => prefer("theme", THEMES[theme])}>${SIGNS[theme]}</button>
    <button type="button" lang=${other.lang} onClick=${() => prefer("lang", /** @type {"en" | "zh-CN"} */ (other.lang))}>${other.name}</button>
  </div>`;
}
