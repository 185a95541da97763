// What is chosen: a section's overview, or a target's detail.

import { shownChildren } from "./api.js";
import { element, say } from "./dom.js";
import * as format from "./format.js";
import { Graph } from "./graph.js";
import { brief, conditionOf, severity, showMark, worstOf, worstSeries } from "./state.js";

/** @typedef {import("./api.js").Section} Section @typedef {import("./api.js").Series} Series */
/** @typedef {import("./api.js").Tree} Tree */

/** Graphs on a section's page at most; the tree has the rest. */
const MOST_CARDS = 200;

/** With this many targets or fewer, the page of a section of sections shows the graphs of all of them. */
const MOST_AT_ONCE = 24;

/** Targets that a section's card names, the worst first. */
const NAMED = 6;

const NOTICES = {
  not_ready: "The server is not measuring yet",
  config_error: "The configuration on disk has errors; the one before it goes on running",
  writer_blocked: "Rounds cannot be written to disk",
  disk_nearly_full: "Soon rounds cannot be written",
  set_aside: "Damaged files",
  alerts_blocked: "Alerts are told, but a restart may forget them",
  alerts_set_aside: "Silences and acknowledgements are gone",
};

export class View {
  /** @param {HTMLElement} place @param {(path: string) => string} addressOf */
  constructor(place, addressOf) {
    this.place = place;
    this.addressOf = addressOf;
    /** @type {Graph[]} */
    this.graphs = [];
    /** Things that change with each reading of the tree. @type {((tree: Tree, trail: Section[]) => void)[]} */
    this.updates = [];
    /** @type {Map<string, number>} */
    this.lastRounds = new Map();
    this.key = "";
  }

  /** Shows the last section of `trail`. @param {Tree} tree @param {Section[]} trail @param {string} path */
  show(tree, trail, path) {
    const section = trail[trail.length - 1];
    const key = JSON.stringify([path, section && outline(section), tree.ranges, tree.overview_range]);
    if (key !== this.key) {
      this.key = key;
      this.build(tree, trail, path);
    }
    for (const update of this.updates) update(tree, trail);
    if (section) this.redraw(section, tree.now);
  }

  /** @param {Tree} tree @param {Section[]} trail @param {string} path */
  build(tree, trail, path) {
    for (const graph of this.graphs) graph.remove();
    this.graphs = [];
    this.updates = [];
    this.lastRounds.clear();
    const section = trail[trail.length - 1];
    const notices = element("div");
    this.updates.push((now) => showNotices(notices, now));
    if (!section) {
      this.place.replaceChildren(notices, heading(`There is no target ${path}`), element("p", {}, "The tree has those there are."));
      return;
    }
    const parts = [notices, this.crumbs(trail), heading(section.title || section.menu || "All targets")];
    if (section.remark) parts.push(element("p", { class: "remark" }, section.remark));
    if (section.target) parts.push(...this.detail(tree, section));
    parts.push(...this.multihost(tree, section), ...this.overview(tree, section));
    this.place.replaceChildren(...parts);
  }

  /** @param {Section[]} trail */
  crumbs(trail) {
    const crumbs = element("p", { class: "crumbs" });
    trail.slice(0, -1).forEach((section, depth) => {
      const name = depth === 0 ? "All targets" : section.menu || section.name;
      if (depth > 0) crumbs.append(" › ");
      crumbs.append(element("a", { href: this.addressOf(section.path ?? ""), "data-path": section.path ?? "" }, name));
    });
    return crumbs;
  }

  /** @param {Tree} tree @param {Section} section @returns {HTMLElement[]} */
  detail(tree, section) {
    const { target } = section;
    if (!target) return [];
    const several = target.series.length > 1;
    const parts = target.series.map((series, index) => this.facts(section, series, index, several));
    const graphs = element("div", { class: "graphs" });
    // What nobody measures has its history at most, and the longest range shows that.
    const measured = target.series.some((series) => series.state !== "not_measured");
    for (const range of measured ? tree.ranges : tree.ranges.slice(-1)) {
      for (const series of target.series) {
        const from = several ? ` from ${series.vantage ?? "here"}` : "";
        graphs.append(this.graph(series.series, range.seconds, range.label + from, false));
      }
    }
    const first = target.series[0]?.series;
    const links = element("p", { class: "actions" });
    if (first) {
      links.append(
        element("a", { href: `api/v1/series/${encodeURIComponent(first)}` }, "data (JSON)"),
        element("a", { href: `graph/${encodeURIComponent(first)}.svg` }, "graph (SVG)"),
      );
    }
    return [...parts, graphs, links];
  }

  /** The numbers of the last round. @param {Section} section @param {Series} series @param {number} index @param {boolean} several */
  facts(section, series, index, several) {
    const mark = element("span", { class: "mark" });
    const median = element("b");
    const loss = element("span");
    const jitter = element("span");
    const about = element("span", { class: "about muted" });
    const reason = element("span", { class: "reason muted" });
    const phases = element("span", { class: "reason muted" });
    const vantage = several ? element("span", { class: "muted" }, `from ${series.vantage ?? "here"}`) : null;
    this.updates.push((tree, trail) => {
      const now = trail[trail.length - 1]?.target?.series[index];
      if (!now) return;
      const { last } = now;
      const condition = conditionOf(now);
      showMark(mark, condition);
      say(median, last?.median !== undefined ? format.rtt(last.median) : brief(now) || "not measured");
      say(loss, last?.loss !== undefined ? `loss ${last.loss} of ${last.pings}` : "");
      loss.className = condition;
      say(jitter, last?.deviation !== undefined ? `jitter ${format.rtt(last.deviation)}` : "");
      const stale = last?.stale_address ? " (the name does not resolve now)" : "";
      const address = last?.address && last.address !== section.host ? ` (${last.address}${stale})` : stale;
      const at = last ? ` · round of ${format.time(last.time)}` : "";
      say(about, `${section.host ?? ""}${address} · ${section.target?.measures ?? ""}${at}`);
      const starved = last?.quality?.suspect ? "suspect: this machine was too busy to measure well" : "";
      const certificate = expiry(last?.certificate_expires, tree.now);
      say(reason, [waiting(now, tree.now), now.reason, last?.note, certificate, starved].filter(Boolean).join(" · "));
      say(phases, parts(last?.phases));
    });
    return element("div", { class: "facts" }, mark, median, loss, jitter, vantage, about, phases, reason);
  }

  /** Its members' graphs, one under another. @param {Tree} tree @param {Section} section @returns {HTMLElement[]} */
  multihost(tree, section) {
    if (!section.multihost?.length) return [];
    const graphs = element("div", { class: "graphs" });
    for (const range of tree.ranges) {
      for (const series of section.multihost) {
        graphs.append(this.graph(series, range.seconds, `${range.label} – ${series}`, false));
      }
    }
    return [graphs];
  }

  /** @param {Tree} tree @param {Section} section @returns {HTMLElement[]} */
  overview(tree, section) {
    const children = shownChildren(section);
    if (!children.length) {
      if (section.path !== null) return [];
      const how = "Nothing is configured yet. Add a section with a host below *** Targets *** and reload the server.";
      return [element("p", { class: "notice" }, how)];
    }
    if (children.some((child) => !child.target) && leaves(section).length <= MOST_AT_ONCE) {
      return children.flatMap((child) => this.group(tree, child));
    }
    const grid = element("div", { class: "grid" });
    for (const child of children.slice(0, MOST_CARDS)) grid.append(this.card(tree, child));
    const rest = children.length - MOST_CARDS;
    const more = rest > 0 ? [element("p", { class: "muted" }, `And ${rest} more, in the tree.`)] : [];
    return [...(section.target ? [element("h2", {}, "Below")] : []), grid, ...more];
  }

  /** A child with the graphs of all that is measured in it. @param {Tree} tree @param {Section} child */
  group(tree, child) {
    const path = child.path ?? "";
    const mark = element("span", { class: "mark" });
    const title = child.title || child.menu || child.name;
    const link = element("a", { href: this.addressOf(path), "data-path": path }, title);
    const grid = element("div", { class: "grid" });
    for (const leaf of leaves(child)) grid.append(this.card(tree, leaf));
    this.updates.push((_, trail) => {
      const now = trail[trail.length - 1]?.children?.find((other) => other.name === child.name);
      if (now) showMark(mark, worstOf(now));
    });
    return child.target ? [grid] : [element("h2", { class: "group" }, mark, link), grid];
  }

  /** A child: its graph when it is measured, else what is worst below it. @param {Tree} tree @param {Section} child */
  card(tree, child) {
    const path = child.path ?? "";
    const mark = element("span", { class: "mark" });
    const value = element("span", { class: "muted" });
    const name = element("span", { class: "name" }, child.title || child.menu || child.name);
    const head = element("div", { class: "head" }, mark, name, value);
    const card = element("a", { class: "card", href: this.addressOf(path), "data-path": path }, head);
    const series = child.target?.series[0];
    const worst = element("ul", { class: "list" });
    if (series) {
      const graph = this.graph(series.series, tree.overview_range, `Last ${format.duration(tree.overview_range)}`, true);
      graph.classList.remove("card");
      card.append(graph);
    } else {
      card.append(worst);
    }
    this.updates.push((_, trail) => {
      const now = within(trail[trail.length - 1], path);
      if (!now) return;
      showMark(mark, worstOf(now));
      const below = leaves(now);
      say(value, series ? brief(worstSeries(now)) : `${below.length} ${below.length === 1 ? "target" : "targets"}`);
      if (!series) worst.replaceChildren(...worstOfList(below).map(listed));
    });
    return card;
  }

  /** @param {string} series @param {number} seconds @param {string} title @param {boolean} small */
  graph(series, seconds, title, small) {
    const graph = new Graph(series, seconds, title, small);
    this.graphs.push(graph);
    graph.place.classList.add("card");
    return graph.place;
  }

  /** @param {Section} section @param {number} now */
  redraw(section, now) {
    const ended = new Set();
    for (const place of [section, ...leaves(section)]) {
      for (const { series, last } of place.target?.series ?? []) {
        const time = last?.time ?? 0;
        const before = this.lastRounds.get(series);
        if (before !== undefined && before !== time) ended.add(series);
        this.lastRounds.set(series, time);
      }
    }
    for (const graph of this.graphs) {
      if (ended.has(graph.series)) graph.roundEnded(now);
    }
  }
}

/** The section at `path`, which is `section` or inside it. @param {Section | undefined} section @param {string} path @returns {Section | undefined} */
function within(section, path) {
  if (!section || section.path === path) return section;
  const inside = (/** @type {Section} */ child) => path === child.path || path.startsWith(`${child.path}.`);
  return within(section.children?.find(inside), path);
}

/** @param {string} text */
function heading(text) {
  document.title = `${text} · smokeprobe`;
  return element("h1", {}, text);
}

/** @param {HTMLElement} place @param {Tree} tree */
function showNotices(place, tree) {
  const key = JSON.stringify(tree.notices);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const made = tree.notices.map(({ kind, message }) => {
    const title = NOTICES[/** @type {keyof typeof NOTICES} */ (kind)] ?? "";
    return element("p", { class: "notice", role: "alert" }, element("b", {}, title), message);
  });
  place.replaceChildren(...made);
}

/** @param {Series} series @param {number} now */
function waiting(series, now) {
  if (series.state !== "waiting") return "";
  const left = (series.waiting_until ?? 0) - now;
  if (series.waiting_until === undefined) return "waiting for the agent's first round";
  return left > 0 ? `waiting for the first round: about ${format.duration(left)}` : "waiting for the first round: any moment now";
}

/** The parts of a request. @param {import("./api.js").LastRound["phases"]} phases */
function parts(phases) {
  const names = { resolve: "resolve", connect: "connect", tls: "TLS", first_byte: "first byte", transfer: "transfer" };
  return Object.entries(names)
    .map(([part, name]) => [name, phases?.[/** @type {keyof typeof names} */ (part)]])
    .filter(([, seconds]) => typeof seconds === "number")
    .map(([name, seconds]) => `${name} ${format.rtt(/** @type {number} */ (seconds))}`)
    .join(" · ");
}

/** Said a month before. @param {number | undefined} at @param {number} now */
function expiry(at, now) {
  const left = (at ?? Infinity) - now;
  if (left > 30 * 86400) return "";
  return left > 0 ? `the certificate expires in ${format.duration(left)}` : "the certificate has expired";
}

/** What decides how a page is built, apart from states. @param {Section} section @returns {unknown[]} */
function outline(section) {
  const series = section.target?.series.map((one) => [one.series, one.vantage]);
  const children = shownChildren(section).map((child) => [child.name, child.title, child.target?.series[0]?.series]);
  const below = leaves(section);
  const shown = below.length <= MOST_AT_ONCE ? below.map((leaf) => [leaf.path, leaf.title]) : below.length;
  return [shown, section.title, section.remark, section.host, section.target?.measures, series, section.multihost, children];
}

/** @param {Section} section @returns {Section[]} */
function leaves(section) {
  const below = shownChildren(section).flatMap(leaves);
  return section.target ? [section, ...below] : below;
}

/** @param {Section[]} sections */
function worstOfList(sections) {
  const rank = (/** @type {Section} */ section) => severity(worstOf(section) ?? "not_measured");
  return sections
    .map((section, index) => ({ section, index }))
    .sort((a, b) => rank(b.section) - rank(a.section) || a.index - b.index)
    .slice(0, NAMED)
    .map(({ section }) => section);
}

/** @param {Section} section */
function listed(section) {
  const mark = element("span", { class: "mark" });
  showMark(mark, worstOf(section));
  const name = element("span", { class: "name" }, section.menu || section.name);
  return element("li", {}, mark, name, element("span", { class: "muted" }, brief(worstSeries(section))));
}
