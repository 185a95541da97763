// What is in the rows of a small graph, and how a live round becomes part of them.

/** @typedef {import("../api.js").OverviewSeries} Rows */

/** Rows kept at most while new ones come in. */
const MOST_ROWS = 5000;

/**
 * A round as the live stream tells it: its start, the share lost, the median of its answers and their deviation.
 * @typedef {{time: number, loss: number | null, median: number | null, deviation: number | null}} Told
 */

/**
 * Puts a round that ended behind the rows; in a row of several rounds it becomes part of the mean.
 * @param {Rows} rows @param {Told} told @param {number} roundStep
 * @returns {boolean} whether it is in them now
 */
export function append(rows, told, roundStep) {
  const row = rowOf(rows, told.time);
  const many = rows.loss.length;
  if (row < Math.max(0, many - 1) || row > many + 500 || row >= MOST_ROWS || rows.step <= 0) return false;
  const columns = /** @type {const} */ (["loss", "median", "min", "max", "deviation"]);
  for (const name of columns) while (rows[name].length <= row) rows[name].push(null);
  const before = row < many ? Math.max(0, Math.round((told.time - (rows.start + (row - 1) * rows.step)) / roundStep)) : 0;
  const mean = (/** @type {number | null} */ old, /** @type {number | null} */ value) =>
    old === null || value === null || before === 0 ? value ?? old : (old * before + value) / (before + 1);
  rows.loss[row] = mean(rows.loss[row], told.loss === null ? null : told.loss * rows.pings);
  rows.median[row] = mean(rows.median[row], told.median);
  rows.deviation[row] = mean(rows.deviation[row], told.deviation);
  return true;
}

/** Whether the rows know of a round that began then, or of another in its row. @param {Rows} rows @param {number} time */
export function has(rows, time) {
  const row = rowOf(rows, time);
  return typeof (rows.loss[row] ?? rows.median[row]) === "number";
}

/** The row that a round belongs to. @param {Rows} rows @param {number} time its start */
const rowOf = ({ start, step }, time) => Math.floor((time - start) / step) + 1;

/** The row that covers a time; null outside. @param {Rows} rows @param {number} time */
export function rowAt(rows, time) {
  // Zero is added to what may be minus zero.
  const row = Math.ceil((time - rows.start) / rows.step) + 0;
  return row >= 0 && row < rows.loss.length ? row : null;
}

/** What can be said of the rows in a span. @param {Rows} rows @param {{from: number, to: number}} span */
export function summary(rows, { from, to }) {
  let [sum, many, most, lost, known] = [0, 0, -1, 0, 0];
  rows.loss.forEach((loss, row) => {
    const end = rows.start + row * rows.step;
    if (end <= from || end - rows.step >= to) return;
    const median = rows.median[row];
    if (median !== null) {
      sum += median;
      many += 1;
      most = Math.max(most, median);
    }
    if (loss !== null) {
      lost += loss;
      known += 1;
    }
  });
  return { average: many ? sum / many : null, most: many ? most : null, loss: known && rows.pings ? lost / known / rows.pings : null };
}
