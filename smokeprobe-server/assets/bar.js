// The bar on top: where one is, the connection, and what one prefers.

import { html } from "./vendor/preact.js";
import * as format from "./format.js";
import { language, t } from "./i18n.js";
import { useModel } from "./model.js";
import { prefer, usePrefs } from "./prefs.js";
import { place } from "./route.js";

/** @param {{drawer: boolean, onDrawer: () => void}} props */
export function Bar({ drawer, onDrawer }) {
  const prefs = usePrefs();
  const other = language() === "en" ? { lang: "zh-CN", name: "中文" } : { lang: "en", name: "English" };
  const themes = /** @type {const} */ ({ system: "light", light: "dark", dark: "system" });
  const themeWords = { system: t("theme as the system"), light: t("light theme"), dark: t("dark theme") };
  const zoneWords = prefs.zone === "server" ? t("server's time") : t("your time");
  return html`<header class="bar">
    <button id="menu" type="button" aria-expanded=${String(drawer)} aria-controls="side" aria-label=${t("Targets")} onClick=${onDrawer}>☰</button>
    <a class="brand" href=${place({})}>smokeprobe</a>
    <${Connection} />
    <div class="prefs">
      <button type="button" title=${t("Times are in {zone}; press for the other zone", { zone: format.zone() })}
        onClick=${() => prefer("zone", prefs.zone === "server" ? "viewer" : "server")}>${zoneWords}</button>
      <button type="button" title=${t("Theme")} aria-label=${themeWords[prefs.theme]}
        onClick=${() => prefer("theme", themes[prefs.theme])}>${{ system: "◐", light: "☀", dark: "☾" }[prefs.theme]}</button>
      <button type="button" lang=${other.lang} onClick=${() => prefer("lang", /** @type {"en" | "zh-CN"} */ (other.lang))}>${other.name}</button>
    </div>
  </header>`;
}

/** Live, or since when not. */
function Connection() {
  const { connected, lastWord } = useModel();
  if (connected === false) {
    const text = t("connection lost, last data of {time}, trying again", { time: format.time(lastWord) });
    return html`<span id="connection" class="lost" role="status">${text}</span>`;
  }
  return html`<span id="connection" role="status">${connected ? t("live") : ""}</span>`;
}
