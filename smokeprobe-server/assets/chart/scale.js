// Time and RTT → pixels. The same numbers as in the server's pictures (src/graph/scale.rs).

import { rowTop } from "./frame.js";

/**
 * The rectangle that data is drawn in; y grows downwards.
 * @typedef {{left: number, top: number, right: number, bottom: number}} Plot
 * `floor`: a logarithmic scale starts at this many seconds; null is a linear one, from 0.
 * @typedef {{plot: Plot, from: number, to: number, ceiling: number, floor: number | null}} Scale
 * @typedef {import("./frame.js").Frame} Frame
 */

/** @param {number} value @param {number} least @param {number} most */
export const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/** The x of a Unix time. What lies outside lands on the edge. @param {Scale} scale @param {number} at */
export function x({ plot, from, to }, at) {
  const share = (at - from) / Math.max(to - from, 1);
  return plot.left + clamp(share, 0, 1) * (plot.right - plot.left);
}

/** The y of an RTT in seconds. @param {Scale} scale @param {number} rtt */
export function y({ plot, ceiling, floor }, rtt) {
  const share = floor === null ? rtt / ceiling : Math.log10(Math.max(rtt, floor) / floor) / Math.log10(ceiling / floor);
  return plot.bottom - clamp(share, 0, 1) * (plot.bottom - plot.top);
}

/** The Unix time at an x. @param {Scale} scale @param {number} at */
export function timeAt({ plot, from, to }, at) {
  return from + (clamp(at, plot.left, plot.right) - plot.left) / Math.max(plot.right - plot.left, 1) * (to - from);
}

/**
 * The RTT at the top of a graph of `frame`, in seconds: a fifth above the highest median; more where nine of ten rows
 * need it for all their answers, up to three times the highest median, so that a lone late answer does not flatten
 * everything else; never above `maxRtt`.
 * @param {Frame} frame @param {number | null} maxRtt
 */
export function ceiling(frame, maxRtt) {
  let highest = 0;
  /** @type {number[]} */
  const tops = [];
  for (let row = 0; row < frame.median.length; row += 1) {
    if (Number.isFinite(frame.median[row])) highest = Math.max(highest, frame.median[row]);
    const top = rowTop(frame, row);
    if (Number.isFinite(top)) tops.push(top);
  }
  tops.sort((a, b) => a - b);
  const usual = tops[Math.floor(Math.max(tops.length - 1, 0) * 9 / 10)] ?? 0;
  const wanted = Math.max(highest * 1.2, Math.min(usual * 1.05, highest * 3));
  // Nothing known, or answers in no time at all: a millisecond is as good as any.
  const bounded = wanted > 0 ? Math.max(wanted, 1e-6) : 1e-3;
  return maxRtt !== null && maxRtt > 0 ? Math.min(bounded, maxRtt) : bounded;
}

/** The ceiling of a graph of several frames: the highest of theirs. @param {Frame[]} frames @param {number | null} maxRtt */
export function commonCeiling(frames, maxRtt) {
  const answered = frames.filter((frame) => frame.median.some(Number.isFinite));
  return answered.length ? Math.max(...answered.map((frame) => ceiling(frame, maxRtt))) : 1e-3;
}

/** Where a logarithmic scale starts. @param {Frame[]} frames @param {number} ceiling */
export function logFloor(frames, ceiling) {
  let least = Infinity;
  for (const { median } of frames) for (const rtt of median) if (rtt > 0) least = Math.min(least, rtt);
  let floor = ceiling <= 0.01 ? 1e-4 : 1e-3;
  while ((floor > least || floor * 2 > ceiling) && floor > 1e-9) floor /= 10;
  return floor;
}

/**
 * The ceilings of graphs that stand together: those within `tolerance` times the median of all, up and down, share the
 * highest among them; without a tolerance all do. One that is not a positive number keeps what it has.
 * @param {number[]} ceilings @param {number | null} tolerance
 */
export function unison(ceilings, tolerance) {
  const isCeiling = (/** @type {number} */ value) => Number.isFinite(value) && value > 0;
  const known = ceilings.filter(isCeiling).sort((a, b) => a - b);
  if (known.length === 0) return [...ceilings];
  const median = known[Math.floor((known.length - 1) / 2)];
  const within = tolerance ?? Infinity;
  const alike = (/** @type {number} */ value) => isCeiling(value) && value <= median * within && value >= median / within;
  const shared = Math.max(0, ...known.filter(alike));
  return ceilings.map((value) => (alike(value) ? shared : value));
}
