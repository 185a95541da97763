// What the address says, and changing it. Everything that can be linked is in it.

import { useEffect, useState } from "./vendor/preact.js";

/**
 * @typedef {"" | "heat" | "compare" | "charts" | "alerts" | "status"} Mode
 * @typedef {object} Route
 * @property {string} target the dotted path of a section or target; empty for the top
 * @property {Mode} mode empty: a section's overview, a target's detail
 * @property {string} hierarchy in which the tree is shown; empty for the configuration's own
 * @property {string} filter of the tree
 * @property {string} from as the server takes times; empty: the configured ranges
 * @property {string} to empty: now, and following
 * @property {string} vantage a slave, "local", "all"; empty: each in a chart of its own
 * @property {string[]} compare series, in mode compare
 * @property {string} chart in mode charts
 * @property {string} sort of an overview
 * @property {string} scale "own" or "common", of an overview
 * @property {string} alert in mode alerts; of a target, the one that is replayed over its graph
 * @property {string} event in mode alerts, the one that is open
 */

/** Modes that an address may name. @type {Mode[]} */
const MODES = ["heat", "compare", "charts", "alerts", "status"];

const TEXTS = /** @type {const} */ (["hierarchy", "filter", "from", "to", "vantage", "chart", "sort", "scale", "alert", "event"]);

/** @type {Set<() => void>} */
const listeners = new Set();

/** The page fills a frame in somebody else's. */
export const embedded = location.pathname.endsWith("/embed");

let now = parse(location.search);

/** Reads the part of an address from the `?` on. @param {string} search @returns {Route} */
export function parse(search) {
  const given = new URLSearchParams(search);
  const mode = MODES.find((known) => known === given.get("mode")) ?? "";
  const compare = (given.get("compare") ?? "").split(",").filter(Boolean);
  const texts = Object.fromEntries(TEXTS.map((name) => [name, given.get(name) ?? ""]));
  return /** @type {Route} */ ({ target: given.get("target") ?? "", mode, compare, ...texts });
}

/** The relative address of a route. @param {Partial<Route>} route */
export function href(route) {
  const query = new URLSearchParams();
  for (const name of /** @type {const} */ (["target", "mode", "chart", ...TEXTS.filter((text) => text !== "chart")])) {
    const value = route[name];
    if (value) query.set(name, value);
  }
  if (route.compare?.length) query.set("compare", route.compare.join(","));
  // Commas and slashes may stand in a query, and people read it.
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%7E", "~");
  return text ? `?${text}` : "./";
}

/** The address of another place that keeps what belongs to the tree. @param {Partial<Route>} route */
export function place(route) {
  const { hierarchy, filter } = now;
  return href({ hierarchy, filter, ...route });
}

/** What the address says now. @returns {Readonly<Route>} */
export const route = () => now;

/**
 * Goes to another place. What `change` leaves out stays as it is.
 * @param {Partial<Route>} change @param {{replace?: boolean}} [how] replace: no new step for the back button
 */
export function go(change, { replace = false } = {}) {
  const next = href({ ...now, ...change });
  if (next === href(now)) return;
  if (replace) history.replaceState(history.state, "", next);
  else leave(next);
  arrived();
}

/** A new step for the back button; where one has scrolled to is kept in the one that one leaves. @param {string} to */
function leave(to) {
  keepScrolled();
  history.pushState(null, "", to);
}

/** Scrolling is kept when it has come to rest so long: browsers count how often a step is written. */
const REST_MS = 150;

let rest = 0;

/** Where one has scrolled to belongs to the step, for whoever comes back to it, or forward. */
function keepScrolled() {
  clearTimeout(rest);
  history.replaceState({ scrolled: document.getElementById("main")?.scrollTop ?? 0 }, "");
}

addEventListener("scroll", ({ target }) => {
  if (!(target instanceof Element) || target.id !== "main") return;
  clearTimeout(rest);
  rest = window.setTimeout(keepScrolled, REST_MS);
}, { capture: true, passive: true });

/** Frames in which what was scrolled to may still come: graphs take their room when they are drawn. */
const FRAMES = 30;

/** Scrolls to where one was, unless somebody scrolls meanwhile. @param {number} top @param {number} [frames] @param {number} [before] */
function scrollBack(top, frames = FRAMES, before = -1) {
  const key = href(now);
  requestAnimationFrame(() => {
    const main = document.getElementById("main");
    if (!main || href(now) !== key || (before >= 0 && Math.abs(main.scrollTop - before) > 1 && main.scrollTop !== top)) return;
    main.scrollTo({ top, behavior: "instant" });
    if (frames > 0 && Math.abs(main.scrollTop - top) > 1) scrollBack(top, frames - 1, main.scrollTop);
  });
}

/** Draws a component anew when the address changes. @returns {Readonly<Route>} */
export function useRoute() {
  const [, again] = useState(0);
  useEffect(() => onRoute(() => again((n) => n + 1)), []);
  return now;
}

/** @param {() => void} listener @returns {() => void} stops listening */
export function onRoute(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** A click on a link within the page. With a modifier key it is the browser's. @param {MouseEvent} event */
export function follow(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const at = link.getAttribute("href") ?? "";
  if (link.target || link.hasAttribute("download") || !(at.startsWith("?") || at === "./")) return;
  event.preventDefault();
  if (at !== href(now)) {
    leave(at);
    arrived();
    document.getElementById("main")?.scrollTo(0, 0);
  }
}

function arrived() {
  now = parse(location.search);
  listeners.forEach((listener) => listener());
}

addEventListener("popstate", ({ state }) => {
  // The step that it was about is left.
  clearTimeout(rest);
  const { target, mode } = now;
  arrived();
  if (typeof state?.scrolled === "number") scrollBack(state.scrolled);
  else if (target !== now.target || mode !== now.mode) scrollBack(0);
});
