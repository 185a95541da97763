// Where the axes are labelled. The same places and texts as in the server's pictures (src/graph/ticks.rs).

import { clamp, x, y } from "./scale.js";

/** @typedef {{at: number, label: string}} Tick `at` in pixels */
/** @typedef {import("./scale.js").Scale} Scale */

/** The unit that RTTs up to `ceiling` read best in, and how many make a second. @param {number} ceiling @returns {[string, number]} */
function unitFor(ceiling) {
  if (ceiling >= 1) return ["s", 1];
  return ceiling >= 1e-3 ? ["ms", 1e3] : ["µs", 1e6];
}

/** Ticks of the RTT axis from the bottom up, and their unit. @param {Scale} scale @returns {{ticks: Tick[], unit: string}} */
export function values(scale) {
  const [unit, perSecond] = unitFor(scale.ceiling);
  const found = scale.floor === null
    ? evenValues(scale.ceiling * perSecond, scale.plot.bottom - scale.plot.top)
    : decadeValues(scale.floor * perSecond, scale.ceiling * perSecond);
  return { ticks: found.map(([value, label]) => ({ at: y(scale, value / perSecond), label })), unit };
}

/** @param {number} ceiling @param {number} height @returns {[number, string][]} */
function evenValues(ceiling, height) {
  const most = clamp(height / 30, 2, 6);
  const decade = 10 ** Math.floor(Math.log10(ceiling / most));
  const step = [1, 2, 2.5, 5, 10].map((nice) => nice * decade).find((nice) => ceiling / nice <= most) ?? decade * 10;
  const even = [0, 1, 2, 3].find((digits) => Math.abs(Math.round(step * 10 ** digits) - step * 10 ** digits) < 1e-6);
  const count = Math.floor(ceiling / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => [i * step, (i * step).toFixed(even ?? 4)]);
}

/** @param {number} floor @param {number} ceiling @returns {[number, string][]} */
function decadeValues(floor, ceiling) {
  /** @type {[number, string][]} */
  const found = [];
  const decades = Math.ceil(Math.log10(ceiling / floor));
  const multiples = decades <= 2 ? [1, 2, 5] : [1];
  for (let decade = 0; decade <= clamp(decades, 0, 18); decade += 1) {
    for (const multiple of multiples) {
      const value = floor * 10 ** decade * multiple;
      if (value > ceiling * 1.000001) continue;
      found.push([value, value.toFixed(clamp(-Math.floor(Math.log10(value)), 0, 9))]);
    }
  }
  return found;
}

/** How far apart time ticks are. @typedef {{unit: "s" | "d" | "mo", count: number}} Every */

/** @type {Every[]} */
const STEPS = [
  ...[1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200].map((count) => ({ unit: /** @type {const} */ ("s"), count })),
  ...[1, 2, 7, 14].map((count) => ({ unit: /** @type {const} */ ("d"), count })),
  ...[1, 2, 3, 6, 12, 24, 60, 120, 1200, 12000].map((count) => ({ unit: /** @type {const} */ ("mo"), count })),
];

const LENGTHS = { s: 1, d: 86400, mo: 2629746 };

/** Days from the first of the common era, a Monday, to 1970. */
const DAYS_TO_1970 = 719163;

/**
 * Ticks of the time axis, left to right, in the local time that `utcOffset` tells: numbers only, which read the same in
 * every language.
 * @param {Scale} scale @param {(unixSeconds: number) => number} utcOffset @returns {Tick[]}
 */
export function times(scale, utcOffset) {
  const span = Math.max(scale.to - scale.from, 1);
  const most = Math.max((scale.plot.right - scale.plot.left) / 72, 1);
  const every = STEPS.find(({ unit, count }) => span / (count * LENGTHS[unit]) <= most) ?? STEPS[STEPS.length - 1];
  let local = floorTo(Math.floor(scale.from) + utcOffset(scale.from), every);
  /** @type {Tick[]} */
  const ticks = [];
  // One more than fits on either side, and some for months that are shorter than their mean.
  for (let i = 0; i < Math.floor(most) + 8 && Number.isFinite(local); i += 1) {
    const at = unixTime(local, utcOffset);
    if (at > scale.to) break;
    if (at >= scale.from) ticks.push({ at: x(scale, at), label: label(local, every) });
    local = next(local, every);
  }
  return ticks;
}

/** Exact but for the hour that summer time repeats or skips. @param {number} local @param {(unixSeconds: number) => number} utcOffset */
function unixTime(local, utcOffset) {
  const guess = local - utcOffset(local);
  return local - utcOffset(guess);
}

/** @param {number} value @param {number} by */
const below = (value, by) => value - (((value % by) + by) % by);

/** @param {number} local @param {Every} every */
function floorTo(local, { unit, count }) {
  if (unit === "s") return below(local, count);
  if (unit === "d") {
    const day = Math.floor(local / 86400) + DAYS_TO_1970;
    return (below(day - 1, count) + 1 - DAYS_TO_1970) * 86400;
  }
  const date = new Date(local * 1000);
  return monthStart(below(date.getUTCFullYear() * 12 + date.getUTCMonth(), count));
}

/** @param {number} local @param {Every} every */
function next(local, { unit, count }) {
  if (unit === "s") return local + count;
  if (unit === "d") return local + count * 86400;
  const date = new Date(local * 1000);
  return monthStart(date.getUTCFullYear() * 12 + date.getUTCMonth() + count);
}

/** @param {number} month counted from year 0 */
function monthStart(month) {
  const date = new Date(0);
  date.setUTCFullYear(Math.floor(month / 12), ((month % 12) + 12) % 12, 1);
  return date.getTime() / 1000;
}

/** @param {number} local @param {Every} every */
function label(local, { unit, count }) {
  const [date, clock] = new Date(local * 1000).toISOString().split(/T|\./);
  const [year, month, day] = date.split("-");
  if (unit === "mo") return count < 12 ? `${year}-${month}` : year;
  if (unit === "s" && count < 60) return clock;
  return unit === "s" && local % 86400 !== 0 ? clock.slice(0, 5) : `${month}-${day}`;
}
