// The bar on top: where one is, the connection, what one prefers, and who looks.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { wantSignIn, whyOf } from "./api.js";
import * as format from "./format.js";
import { language, t } from "./i18n.js";
import { model, useModel } from "./model.js";
import { prefer, usePrefs } from "./prefs.js";
import { place, useRoute } from "./route.js";
import { session, signOut } from "./session.js";

const THEMES = /** @type {const} */ ({ system: "light", light: "dark", dark: "system" });
const SIGNS = { system: "◐", light: "☀", dark: "☾" };

/** @param {{drawer: boolean, onDrawer: () => void}} props */
export function Bar({ drawer, onDrawer }) {
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  useDrawerFocus(drawer, () => drawer && onDrawer(), button);
  return html`<header class="bar">
    <button id="menu" type="button" ref=${button} aria-expanded=${String(drawer)} aria-controls="side" aria-label=${t("Targets")} onClick=${onDrawer}>☰</button>
    <a class="brand" href=${place({})}>smokeprobe</a>
    <${Crumbs} />
    <${Connection} />
    <${Preferences} />
    <${Viewer} />
  </header>`;
}

/** The way to what is chosen. */
function Crumbs() {
  const { mode, target } = useRoute();
  useModel();
  /** @type {Record<string, string>} */
  const pages = { charts: t("Charts"), alerts: t("Alerts"), status: t("Status"), compare: t("Compare") };
  if (pages[mode]) return html`<nav class="crumbs" aria-label=${t("You are here")}><span aria-current="page">${pages[mode]}</span></nav>`;
  const way = [];
  for (let section = model.section(target) ?? null; section && section.parent; section = section.parent) way.unshift(section);
  const last = way.pop();
  return html`<nav class="crumbs" aria-label=${t("You are here")}>
    ${way.map(({ path, menu }) => html`<a href=${place({ target: path })} key=${path} title=${menu}>${menu}</a><i aria-hidden="true">›</i>`)}
    ${last && html`<span aria-current="page" title=${last.menu}>${last.menu}</span>`}
  </nav>`;
}

/** Live, or since when not. */
function Connection() {
  const { connected, lastWord } = useModel();
  if (connected === false) {
    const text = t("connection lost, last data of {time}, trying again", { time: format.time(lastWord) });
    return html`<span id="connection" class="lost" role="status" title=${text}>${text}</span>`;
  }
  return html`<span id="connection" class=${connected ? "live" : ""} role="status" title=${t("Rounds appear as they end")}>${connected ? t("live") : ""}</span>`;
}

/** Whose zone the times are in, and how far that is from UTC. */
export function Zone() {
  const { zone } = usePrefs();
  // The server's zone comes with the outline.
  useModel();
  return html`<span class="whose">${zone === "server" ? t("server's time") : t("your time")} </span><span class="muted">${format.offsetName(model.now())}</span>`;
}

/** What a viewer can choose for this device: the zone of times, the theme, the language. */
export function Preferences() {
  const { theme, zone } = usePrefs();
  const other = language() === "en" ? { lang: /** @type {const} */ ("zh-CN"), name: "中文" } : { lang: /** @type {const} */ ("en"), name: "English" };
  const words = { system: t("theme as the system"), light: t("light theme"), dark: t("dark theme") };
  return html`<div class="prefs" role="group" aria-label=${t("Preferences")}>
    <button type="button" class="zone" title=${t("Times are in {zone}; press for the other zone", { zone: format.zone() })} onClick=${() => prefer("zone", zone === "server" ? "viewer" : "server")}>
      <${Zone} /></button>
    <button type="button" class="sign" title=${words[theme]} aria-label=${words[theme]} onClick=${() => prefer("theme", THEMES[theme])}>${SIGNS[theme]}</button>
    <button type="button" lang=${other.lang} onClick=${() => prefer("lang", other.lang)}>${other.name}</button>
  </div>`;
}

/** Who looks, when the server wants to know. */
function Viewer() {
  const { connected } = useModel();
  const [who, setWho] = useState(/** @type {import("./session.js").Session | null} */ (null));
  const [failure, setFailure] = useState("");
  useEffect(() => {
    let gone = false;
    // A server that does not know of users has no such address.
    session().then((answer) => gone || setWho(answer), () => {});
    return () => {
      gone = true;
    };
    // A session that ends takes the stream with it.
  }, [connected]);
  if (!who || (!who.user && !who.can_sign_in)) return null;
  const leave = () => signOut().catch((error) => setFailure(whyOf(error)));
  return html`<div class="viewer">
    ${who.user && html`<span class="user" title=${who.role === "operate" ? t("may acknowledge and silence") : t("may look")}>${who.user}</span>`}
    ${who.user && who.can_sign_out && html`<button type="button" class="button" onClick=${leave}>${t("Sign out")}</button>`}
    ${!who.user && who.can_sign_in && html`<button type="button" class="button" onClick=${wantSignIn}>${t("Sign in")}</button>`}
    ${failure && html`<span class="lost" role="alert">${failure}</span>`}
  </div>`;
}

/**
 * The drawer takes the focus when it opens and gives it back; it closes when one goes elsewhere.
 * @param {boolean} drawer @param {() => void} close @param {{current: HTMLElement | null}} button
 */
function useDrawerFocus(drawer, close, button) {
  const last = useRef(close);
  last.current = close;
  useLayoutEffect(() => {
    if (!drawer) return undefined;
    const side = document.getElementById("side");
    // Not before it can be seen.
    const frame = requestAnimationFrame(() => document.getElementById("tree")?.focus({ preventScroll: true }));
    const away = (/** @type {Event} */ event) => {
      const { target } = event;
      // The shade belongs to the body itself.
      if (target === document.body || (event.type === "focusin" && target instanceof Element && target.closest("#main"))) last.current();
    };
    document.addEventListener("click", away);
    document.addEventListener("focusin", away);
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener("click", away);
      document.removeEventListener("focusin", away);
      if (side?.contains(document.activeElement) || document.activeElement === document.body) button.current?.focus();
    };
  }, [drawer]);
}
