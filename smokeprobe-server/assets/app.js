// Puts the page together: which target the address names, the tree, what is chosen, and reading anew.

import { loadTree, trail } from "./api.js";
import { byId, say } from "./dom.js";
import * as format from "./format.js";
import { TreeView } from "./tree.js";
import { View } from "./view.js";

/** How often to ask, in seconds: twice a step, within these bounds. */
const OFTEN = 2;
const SELDOM = 30;
const AFTER_FAILURE = 5;

const connection = byId("connection");
const menu = byId("menu");

/** @param {string} path */
const addressOf = (path) => (path ? `?target=${encodeURIComponent(path)}` : "./");
const chosen = () => new URLSearchParams(window.location.search).get("target") ?? "";

const treeView = new TreeView(byId("tree"), addressOf);
const view = new View(byId("main"), addressOf);

/** @type {import("./api.js").Tree | null} */
let tree = null;
let readAt = 0;
let timer = 0;

async function read() {
  window.clearTimeout(timer);
  let next = AFTER_FAILURE;
  try {
    tree = await loadTree();
    readAt = performance.now();
    next = Math.min(SELDOM, Math.max(OFTEN, shortestStep(tree.root) / 2));
    connection.className = "";
    say(connection, "");
    say(byId("owner"), [tree.owner, `smokeprobe ${tree.version}`].filter(Boolean).join(" · "));
    treeView.update(tree.root);
    show();
  } catch (error) {
    connection.className = "lost";
    const since = tree ? `last data of ${format.time(tree.now)}, ` : "";
    say(connection, `connection lost, ${since}trying again`);
    console.warn(error);
  }
  timer = window.setTimeout(read, next * 1000);
}

function show() {
  if (!tree) return;
  const now = tree.now + (performance.now() - readAt) / 1000;
  view.show({ ...tree, now }, trail(tree.root, chosen()), chosen());
}

/** @param {string} path */
function choose(path) {
  closeDrawer();
  if (path !== chosen()) window.history.pushState(null, "", addressOf(path));
  arrive();
}

function arrive() {
  treeView.choose(chosen());
  show();
  byId("main").scrollTo(0, 0);
}

/** @param {import("./api.js").Section} section @returns {number} */
function shortestStep(section) {
  const below = (section.children ?? []).map(shortestStep);
  return Math.min(section.target?.step ?? Infinity, ...below);
}

function closeDrawer() {
  document.body.classList.remove("drawer");
  menu.setAttribute("aria-expanded", "false");
}

// A link to a section changes what is chosen without a new page; with a modifier key it is the browser's.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-path], #home") : null;
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  choose(link.getAttribute("data-path") ?? "");
  byId("main").focus({ preventScroll: true });
});

menu.addEventListener("click", () => {
  const open = document.body.classList.toggle("drawer");
  menu.setAttribute("aria-expanded", String(open));
  if (open) byId("filter").focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeDrawer();
});
byId("main").addEventListener("click", closeDrawer);
byId("filter").addEventListener("input", (event) => {
  if (event.target instanceof HTMLInputElement) treeView.search(event.target.value);
});
window.addEventListener("popstate", arrive);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") read();
});
// The count-down to the first round goes on between readings.
window.setInterval(() => {
  const sections = tree ? trail(tree.root, chosen()) : [];
  const series = sections[sections.length - 1]?.target?.series ?? [];
  if (series.some(({ state }) => state === "waiting")) show();
}, 1000);

await read();
treeView.choose(chosen());
