// Where there is data, when a range has none.

import { useEffect, useState } from "../vendor/preact.js";
import { ask } from "../api.js";
import { model } from "../model.js";
import { written } from "./zoom.js";

/** When measured rows near a range end that come before it, or begin that come after it. @typedef {{time: number, before: boolean}} Nearest */
/** @typedef {{start: number, end: number}} Row */

/** How far back data is looked for. */
const FAR = 3 * 365 * 86400;

/** Rows of each look. The first tells the days, the next look into the row that was found. */
const POINTS = 300;
const LOOKS = 4;

/** Charts of one series in several ranges ask the same. */
const FRESH_MS = 30_000;

/** @type {Map<string, {at: number, answer: Promise<Nearest | null>}>} */
const asked = new Map();

/**
 * The data of any of some series that is nearest to a range; null when there is none, undefined while that is not known.
 * @param {string[]} ids @param {number} from @param {number} to @param {boolean} wanted @returns {Nearest | null | undefined}
 */
export function useNearest(ids, from, to, wanted) {
  const [nearest, set] = useState(/** @type {Nearest | null | undefined} */ (undefined));
  // Whatever reaches to now asks for the last that there is.
  const last = to === Infinity || to >= model.now() - Math.max((to - from) / 200, 60);
  const key = `${ids.join()} ${last ? "last" : `${Math.round(from / 600)} ${Math.round(to / 600)}`}`;
  useEffect(() => {
    set(undefined);
    if (!wanted) return undefined;
    let over = false;
    near(key, ids, last ? Infinity : from, last ? Infinity : to).then((found) => !over && set(found), () => {
      // It stays unknown: nothing is said that might be wrong.
    });
    return () => {
      over = true;
    };
  }, [key, wanted]);
  return nearest;
}

/** The last that is known of a series. @param {string} id @param {boolean} wanted */
export const useLast = (id, wanted) => useNearest([id], Infinity, Infinity, wanted);

/** As long a range, with the found data at its near end, as the address has it. @param {Nearest} nearest @param {number} span */
export function around({ time, before }, span) {
  const from = before ? time - span * 0.9 : time - span * 0.1;
  return written(from, Math.min(from + span, model.now()));
}

/** @param {string} key @param {string[]} ids @param {number} from @param {number} to */
function near(key, ids, from, to) {
  const known = asked.get(key);
  if (known && performance.now() - known.at < FRESH_MS) return known.answer;
  const answer = nearestOf(ids, from, to);
  asked.set(key, { at: performance.now(), answer });
  answer.catch(() => asked.delete(key));
  return answer;
}

/** @param {string[]} ids @param {number} from @param {number} to @returns {Promise<Nearest | null>} */
async function nearestOf(ids, from, to) {
  const now = model.now();
  let [start, end] = [Math.max(Math.floor(Math.min(from, now) - FAR), 1), Math.ceil(now)];
  /** @type {Row | null} */
  let best = null;
  for (let look = 0; look < LOOKS; look += 1) {
    /** @type {import("../api.js").OverviewAnswer} */
    const { series } = await ask("overview", { series: ids.join(), from: start, to: end, points: POINTS });
    const found = series.flatMap(measured).reduce(nearer(from, to), null);
    // Finer rows may not reach back so far, and none is finer than a round.
    if (!found || (best && found.end - found.start >= best.end - best.start)) break;
    best = found;
    [start, end] = [Math.max(best.start, 1), Math.min(best.end, Math.ceil(now))];
  }
  if (!best) return null;
  const before = best.start < from;
  return { time: before ? Math.min(best.end, from, now) : Math.max(best.start, to), before };
}

/** The rows in which something was measured. @param {import("../api.js").OverviewSeries} series @returns {Row[]} */
function measured({ start, step, loss, median }) {
  return (loss ?? []).flatMap((lost, row) => (lost === null && median[row] === null ? [] : [{ start: start + (row - 1) * step, end: start + row * step }]));
}

/** Takes the nearer of two rows; of two as near, the later. @param {number} from @param {number} to @returns {(best: Row | null, row: Row) => Row} */
function nearer(from, to) {
  const distance = (/** @type {Row} */ { start, end }) => (end <= from ? (Number.isFinite(from) ? from - end : -end) : Math.max(start - to, 0));
  return (best, row) => (best && distance(best) < distance(row) ? best : row);
}
