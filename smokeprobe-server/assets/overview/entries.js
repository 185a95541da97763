// What a section's page shows: its targets as cards, its sections as groups of cards.

import { WORSE, model } from "../model.js";
import { alone, seriesName } from "../names.js";
import { place } from "../route.js";
import { isMeasured } from "../sections.js";
import { plain } from "../side/rich.js";
import { worstOfSection } from "../side/worst.js";

/**
 * @typedef {import("../model.js").Section} Section
 * @typedef {"own" | "local" | string} Colour by its loss, the theme's for this machine, or `rrggbb`
 * @typedef {{id: string, index: number, colour: Colour, label: string}} LineOf index: of the series; -1 when there is none
 * @typedef {{key: string, section: Section, lines: LineOf[], name: string, title: string, href: string, rank?: string, text?: string}} Entry
 * @typedef {{section: Section, name: string, entries: Entry[], total: number}} Group entries: those shown; total: of those there are
 * @typedef {"" | "loss" | "median" | "name"} Sort
 */

/** A group of more shows only its worst: one comes for those. */
const WHOLE = 12;
const SAMPLE = 4;

/** What may be shown in a section: a hidden one shows what is in it to who has its address. @param {Section} section */
const shown = (section) => section.children.filter((child) => !child.hide);

/** A target's card. @param {Section} section @returns {Entry} */
function entryOf(section) {
  return {
    key: section.path, section, lines: linesOf(section), name: section.menu,
    title: plain(section.title, section.html), href: place({ target: section.path }),
  };
}

/** A series in a ranking: one line alone. @param {number} index @param {string} rank @param {string} text @returns {Entry} */
export function rankedEntry(index, rank, text) {
  const { id, section } = model.series[index];
  return {
    key: id, section, lines: [{ id, index, colour: "own", label: "" }], name: seriesName(id),
    title: plain(section.title, section.html), href: place(alone(index)), rank, text,
  };
}

/** @param {Section} section @returns {LineOf[]} */
function linesOf(section) {
  if (section.multihost?.length) {
    const colours = model.outline?.multihost_colors ?? [];
    return section.multihost.map((id, i) => {
      const index = model.indices.get(id) ?? -1;
      return { id, index, colour: colours.length > 0 ? colours[i % colours.length] : "local", label: seriesName(id) };
    });
  }
  const several = section.series.length > 1;
  return section.series.map((index) => {
    const { id, slave } = model.series[index];
    const colour = slave === null ? model.outline?.overview.median_color ?? "local" : model.outline?.vantages.slaves[slave]?.color ?? "local";
    return { id, index, colour: several ? colour : "own", label: model.vantageName(slave) };
  });
}

/** The targets right in a section. @param {Section} section @param {Sort} sort @returns {Entry[]} */
export function cardsOf(section, sort) {
  return sorted(shown(section).filter(isMeasured), sort).map(entryOf);
}

/** The sections in a section that are not measured themselves. @param {Section} section @param {Sort} sort @returns {Group[]} */
export function groupsOf(section, sort) {
  const groups = shown(section).filter((child) => !isMeasured(child));
  return sorted(groups, sort).map((child) => {
    const targets = below(child);
    const some = targets.length > WHOLE
      ? sorted(targets, sort === "median" ? "median" : "loss").slice(0, SAMPLE)
      : sorted(targets, sort);
    return { section: child, name: plain(child.title, child.html), entries: some.map(entryOf), total: targets.length };
  });
}

/** All targets below. @param {Section} section @returns {Section[]} */
function below(section) {
  return shown(section).flatMap((child) => [...(isMeasured(child) ? [child] : []), ...below(child)]);
}

/** @param {Section[]} sections @param {Sort} sort @returns {Section[]} */
function sorted(sections, sort) {
  if (sort === "name") {
    const { compare } = new Intl.Collator(document.documentElement.lang, { numeric: true });
    return [...sections].sort((a, b) => compare(a.menu, b.menu));
  }
  if (sort !== "loss" && sort !== "median") return sections;
  const badness = new Map(sections.map((section) => [section, sort === "loss" ? byLoss(section) : byMedian(section)]));
  // What is alike stays as it is configured.
  return [...sections].sort((a, b) => {
    const [one, other] = [badness.get(a) ?? [], badness.get(b) ?? []];
    const at = one.findIndex((value, i) => value !== other[i]);
    return at < 0 ? 0 : other[at] - one[at];
  });
}

/** @param {Section} section @returns {number[]} */
function byLoss(section) {
  const worst = worstOfSection(section);
  if (!worst) return [-1, 0, 0];
  return [WORSE.indexOf(worst.condition), model.loss[worst.index] ?? 0, worst.raised];
}

/** @param {Section} section @returns {number[]} */
function byMedian(section) {
  let highest = -1;
  const members = section.multihost?.map((id) => model.indices.get(id) ?? -1) ?? [];
  for (let i = section.first; i < section.end; i += 1) members.push(i);
  for (const index of members) highest = Math.max(highest, model.median[index] ?? -1);
  return [highest];
}
