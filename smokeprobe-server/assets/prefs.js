// What a viewer prefers on this device: theme, language, time zone. Kept in the browser, not on the server. A frame in
// somebody else's page takes what its address says, and keeps nothing.

import { useEffect, useState } from "./vendor/preact.js";
import { embedded } from "./route.js";

/** @typedef {{theme: "system" | "light" | "dark", lang: "" | "en" | "zh-CN", zone: "viewer" | "server"}} Prefs */

/** @type {Prefs} */
const DEFAULTS = { theme: "system", lang: "", zone: "viewer" };

/** @type {{[K in keyof Prefs]: Prefs[K][]}} */
const CHOICES = { theme: ["system", "light", "dark"], lang: ["", "en", "zh-CN"], zone: ["viewer", "server"] };

/** @type {Set<() => void>} */
const listeners = new Set();

const prefs = { ...DEFAULTS };
const NAMES = /** @type {(keyof Prefs)[]} */ (Object.keys(DEFAULTS));
for (const name of NAMES) take(name, stored(name));
takeAddress();

const dark = matchMedia("(prefers-color-scheme: dark)");
const print = matchMedia("print");
let paper = print.matches;
applyTheme();
addEventListener("beforeprint", () => onto(true));
addEventListener("afterprint", () => onto(false));
print.addEventListener("change", ({ matches }) => onto(matches));
dark.addEventListener("change", redraw);
// Another tab may have changed them; a frame goes by its address.
if (!embedded) {
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== null && key in prefs) {
      take(/** @type {keyof Prefs} */ (key), newValue);
      redraw();
    }
  });
}

/** What the address asks for is preferred from here on: a click, which leads to an address without it, changes nothing. */
function takeAddress() {
  const given = new URLSearchParams(location.search);
  const asked = NAMES.filter((name) => given.has(name));
  for (const name of asked) if (take(name, given.get(name)) && !embedded) store(name);
  if (embedded || asked.length === 0) return;
  // The rest stays as it was written.
  const parts = location.search.slice(1).split("&").filter((part) => !NAMES.some((name) => part.split("=")[0] === name));
  history.replaceState(history.state, "", `${location.pathname}${parts.length > 0 ? "?" : ""}${parts.join("&")}${location.hash}`);
}

/** What is preferred now. @returns {Readonly<Prefs>} */
export const preferred = () => prefs;

/** Whether the page is being put on paper. */
export const onPaper = () => paper;

/** Which theme is on the screen; paper is light. @returns {"light" | "dark"} */
export function theme() {
  if (paper) return "light";
  if (prefs.theme !== "system") return prefs.theme;
  return dark.matches ? "dark" : "light";
}

/** Changes a preference and keeps it. @template {keyof Prefs} K @param {K} name @param {Prefs[K]} value */
export function prefer(name, value) {
  prefs[name] = value;
  if (!embedded) store(name);
  redraw();
}

/** @param {() => void} listener @returns {() => void} stops listening */
export function onPrefs(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Draws a component anew when a preference changes. @returns {Readonly<Prefs>} */
export function usePrefs() {
  const [, again] = useState(0);
  useEffect(() => onPrefs(() => again((n) => n + 1)), []);
  return prefs;
}

/** What is drawn must be drawn anew before this returns to the browser, which prints then. @param {boolean} on */
function onto(on) {
  if (on === paper) return;
  paper = on;
  redraw();
}

function applyTheme() {
  if (paper) document.documentElement.dataset.theme = "light";
  else if (prefs.theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = prefs.theme;
}

/** Draws everything anew that goes by preferences. */
export function redraw() {
  applyTheme();
  listeners.forEach((listener) => listener());
}

/** @template {keyof Prefs} K @param {K} name @param {string | null} value @returns {boolean} whether it is one that there is */
function take(name, value) {
  const known = CHOICES[name].find((choice) => choice === value);
  if (known !== undefined) prefs[name] = known;
  return known !== undefined;
}

/** @param {keyof Prefs} name */
function store(name) {
  try {
    localStorage.setItem(name, prefs[name]);
  } catch {
    // It holds for this visit.
  }
}

/** @param {string} name */
function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
