// The bar on top: where one is, the connection, what one prefers, and who looks.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { ask, change, wantSignIn } from "./api.js";
import * as format from "./format.js";
import { t } from "./i18n.js";
import { model, useModel } from "./model.js";
import { Prefs } from "./preferences.js";
import { place, useRoute } from "./route.js";

/** @typedef {{user: string | null, role: string, can_sign_in: boolean, can_sign_out: boolean}} Session */

/** @param {{drawer: boolean, onDrawer: () => void}} props */
export function Bar({ drawer, onDrawer }) {
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  useDrawerFocus(drawer, () => drawer && onDrawer(), button);
  return html`<header class="bar">
    <button id="menu" type="button" ref=${button} aria-expanded=${String(drawer)} aria-controls="side" aria-label=${t("Targets")} onClick=${onDrawer}>☰</button>
    <a class="brand" href=${place({})}>smokeprobe</a>
    <${Crumbs} />
    <${Connection} />
    <${Prefs} />
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

/** Who looks, when the server wants to know. */
function Viewer() {
  const [session, setSession] = useState(/** @type {Session | null} */ (null));
  const [failure, setFailure] = useState("");
  useEffect(() => {
    let gone = false;
    // A server that does not know of users has no such address.
    ask("session").then((answer) => gone || setSession(answer), () => {});
    return () => {
      gone = true;
    };
  }, []);
  if (!session || (!session.user && !session.can_sign_in)) return null;
  const signOut = () => change("DELETE", "session").then(() => location.reload(), (error) => setFailure(String(error.message ?? error)));
  return html`<div class="viewer">
    ${session.user && html`<span class="user" title=${session.role === "operate" ? t("may acknowledge and silence") : t("may look")}>${session.user}</span>`}
    ${session.user && session.can_sign_out && html`<button type="button" class="button" onClick=${signOut}>${t("Sign out")}</button>`}
    ${!session.user && session.can_sign_in && html`<button type="button" class="button" onClick=${wantSignIn}>${t("Sign in")}</button>`}
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
