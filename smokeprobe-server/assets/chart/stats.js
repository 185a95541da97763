// The numbers below a graph. The same as in the server's pictures (src/graph/stats.rs).

import { endOf } from "./frame.js";

/** @typedef {{avg: number, max: number, min: number, now: number}} Spread `now`: the last that is known */
/** RTTs in seconds, loss as a share of 1; null where nothing is known. @typedef {{median: Spread | null, deviation: number | null, loss: Spread | null}} Summary */

/** The summary of the rows that overlap a range. @param {import("./frame.js").Frame} frame @param {number} from @param {number} to @returns {Summary} */
export function summary(frame, from, to) {
  /** @type {number[]} */
  const medians = [];
  /** @type {number[]} */
  const losses = [];
  for (let row = 0; row < frame.median.length; row += 1) {
    const end = endOf(frame, row);
    if (end <= from || end - frame.step >= to) continue;
    if (Number.isFinite(frame.median[row])) medians.push(frame.median[row]);
    if (Number.isFinite(frame.loss[row])) losses.push(frame.loss[row] / Math.max(frame.pings, 1));
  }
  const median = spread(medians);
  const squares = median && medians.reduce((sum, rtt) => sum + (rtt - median.avg) ** 2, 0);
  return { median, loss: spread(losses), deviation: squares === null ? null : Math.sqrt(squares / medians.length) };
}

/** The mean of the medians over their deviation: the higher, the steadier. Null when all are equal. @param {Summary} summary */
export function steadiness({ median, deviation }) {
  if (median === null || deviation === null) return null;
  const ratio = median.avg / deviation;
  return Number.isFinite(ratio) ? ratio : null;
}

/** @param {number[]} values @returns {Spread | null} */
function spread(values) {
  if (values.length === 0) return null;
  let [max, min, sum] = [values[0], values[0], 0];
  for (const value of values) {
    max = Math.max(max, value);
    min = Math.min(min, value);
    sum += value;
  }
  return { avg: sum / values.length, max, min, now: values[values.length - 1] };
}
