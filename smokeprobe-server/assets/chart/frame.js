// Rows of a series as the chart draws them: columns of numbers, NaN where nothing is known.

/**
 * `start` is the end of the first row in Unix seconds; row i covers the `step` seconds before `start + i * step`.
 * `samples[i]` is the column of the (i+1)-th lowest answers, `suspect` has the rows not to be trusted. Between `since` and
 * `until` there are no other rows.
 * @typedef {{start: number, step: number, pings: number, loss: number[], median: number[], samples: number[][], suspect: number[],
 *   since?: number, until?: number}} Frame
 */

/** Rows kept at most while new ones come in. */
const MOST_ROWS = 20000;

/** @param {(number | null)[]} column */
const numbers = (column) => column.map((value) => value ?? NaN);

/** The rows of an answer of `series/…`. @param {import("../api.js").Rows} rows @returns {Frame} */
export function frameOf({ columns, step, pings, from, to, suspect }) {
  const frame = {
    start: columns.time[0] ?? from, step: Math.max(step, 1), pings, loss: numbers(columns.loss), median: numbers(columns.median),
    samples: columns.pings.map(numbers), suspect: /** @type {number[]} */ ([]),
    since: from, until: to,
  };
  return { ...frame, suspect: rowsOf(frame, suspect ?? []) };
}

/** The rows in which slots lie. @param {Frame} frame @param {Iterable<number>} ends of the slots, in Unix seconds */
export function rowsOf(frame, ends) {
  /** @type {Set<number>} */
  const rows = new Set();
  for (const end of ends) {
    const row = rowAt(frame, end);
    if (row !== null && end > endOf(frame, row) - frame.step) rows.add(row);
  }
  return [...rows].sort((a, b) => a - b);
}

/** When a row ends. @param {Frame} frame @param {number} row */
export const endOf = (frame, row) => frame.start + row * frame.step;

/** The row that covers a time; null outside. @param {Frame} frame @param {number} time */
export function rowAt(frame, time) {
  const row = Math.ceil((time - frame.start) / frame.step);
  return row >= 0 && row < frame.median.length ? row : null;
}

/** The highest answer of a row; NaN without one. @param {Frame} frame @param {number} row */
export function rowTop({ samples }, row) {
  let top = NaN;
  for (const column of samples) {
    const rtt = column[row];
    if (rtt === rtt && !(rtt <= top)) top = rtt;
  }
  return top;
}

/** The answers of a row, ascending. The means of a coarser archive need not be stored so. @param {Frame} frame @param {number} row */
export function answers({ samples }, row) {
  /** @type {number[]} */
  const found = [];
  let sorted = true;
  for (const column of samples) {
    const rtt = column[row];
    if (!Number.isFinite(rtt)) continue;
    if (found.length > 0 && rtt < found[found.length - 1]) sorted = false;
    found.push(rtt);
  }
  return sorted ? found : found.sort((a, b) => a - b);
}

/** Whether something was measured between two times. @param {Frame} frame @param {number} from @param {number} to */
export function measuredIn(frame, from, to) {
  for (let row = 0; row < frame.median.length; row += 1) {
    const end = endOf(frame, row);
    if (end > from && end - frame.step < to && !(Number.isNaN(frame.loss[row]) && Number.isNaN(frame.median[row]))) return true;
  }
  return false;
}

/**
 * A round that has just ended, put behind the rows. Returns null where it does not fit: rows of another length.
 * @param {Frame} frame @param {import("../api.js").Round} round @returns {Frame | null}
 */
export function withRound(frame, round) {
  const row = Math.round((round.end - frame.start) / frame.step);
  if (round.pings !== frame.pings || Math.abs(endOf(frame, row) - round.end) > frame.step / 2) return null;
  // A clock that stepped, or an hour in a tab asleep: better asked anew.
  if (row < 0 || row > frame.median.length + 500 || row >= MOST_ROWS) return null;
  const put = (/** @type {number[]} */ column, /** @type {number | null | undefined} */ value) => {
    const next = column.slice();
    while (next.length < row) next.push(NaN);
    next[row] = value ?? NaN;
    return next;
  };
  // As the archives have it: the lost are among the first and the last, so that the middle stays the middle.
  const lost = Math.floor((frame.samples.length - round.rtts.length) / 2);
  const suspect = frame.suspect.filter((known) => known !== row);
  if (round.quality?.suspect) suspect.push(row);
  return {
    ...frame, loss: put(frame.loss, round.loss), median: put(frame.median, round.median),
    samples: frame.samples.map((column, index) => put(column, round.rtts[index - lost])), suspect,
    until: Math.max(frame.until ?? round.end, round.end),
  };
}
