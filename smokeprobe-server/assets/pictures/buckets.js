// Rounds → the cells of a heat map. Pure.

/**
 * @typedef {{edges: number[], columns: {time: number, step: number, counts: Uint32Array, answers: number, lost: number, measured: boolean}[],
 *   most: number}} Density
 */

/** Fewer buckets than this say little, more are thinner than a line of text is high. */
const LEAST = 12;
const MOST = 56;

/** Buckets a decade of RTT: a tenth of a decade is about a quarter more. */
const A_DECADE = 24;

/**
 * Edges of RTT buckets in seconds, ascending, evenly spread over the logarithm, such that all but the outermost
 * hundredths of the answers lie within.
 * @param {number[]} answers RTTs in seconds, in any order @returns {number[]} none without answers
 */
export function edges(answers) {
  const sorted = Float64Array.from(answers.filter((rtt) => rtt > 0)).sort();
  if (sorted.length === 0) return [];
  const at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  // A lone outlier must not squeeze everything else; it lands in the last bucket.
  const low = Math.log10(at(0.002)) - 0.02;
  const high = Math.max(Math.log10(at(0.998)) + 0.02, low + 0.2);
  const count = Math.min(MOST, Math.max(LEAST, Math.ceil((high - low) * A_DECADE)));
  return Array.from({ length: count + 1 }, (_, edge) => 10 ** (low + ((high - low) * edge) / count));
}

/** The bucket of an RTT; the first and the last have what lies beyond. @param {number[]} edges @param {number} rtt */
function bucketOf(edges, rtt) {
  const [low, high] = [Math.log10(edges[0]), Math.log10(edges[edges.length - 1])];
  const share = (Math.log10(rtt) - low) / (high - low);
  return Math.min(edges.length - 2, Math.max(0, Math.floor(share * (edges.length - 1))));
}

/** Multiples of a power of ten that an axis may have, the coarsest first. */
const MULTIPLES = [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9], ...[0.5, 0.2, 0.1].map((step) =>
  Array.from({ length: Math.round(9 / step) }, (_, i) => 1 + i * step))];

/** An axis with fewer labels is hard to read, or with more. */
const [LEAST_LABELS, MOST_LABELS] = [3, 12];

/**
 * Round RTTs between two on a logarithmic axis: decades of 1, 2 and 5, or whole decades where these are many and finer ones
 * where they are few.
 * @param {number} low @param {number} high @returns {number[]} ascending
 */
export function rttTicks(low, high) {
  const found = MULTIPLES.map((multiples) => {
    /** @type {number[]} */
    const ticks = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade += 1) {
      for (const multiple of multiples) {
        const value = Number(`${multiple.toFixed(1)}e${decade}`);
        if (value >= low && value <= high) ticks.push(value);
      }
    }
    return ticks;
  });
  const [decades, usual, ...finer] = found;
  if (usual.length > MOST_LABELS) return decades;
  return [usual, ...finer].find((ticks) => ticks.length >= LEAST_LABELS) ?? usual;
}

/** A round RTT without digits that say nothing. @param {number} seconds */
export function rttLabel(seconds) {
  const [unit, many] = seconds >= 0.9995 ? ["s", 1] : seconds >= 0.0009995 ? ["ms", 1e3] : ["µs", 1e6];
  return `${Number((seconds * Number(many)).toPrecision(3))} ${unit}`;
}

/**
 * How often answers took how long, over time.
 * @param {import("../api.js").Rows} rows @param {number} most columns at most; rows next to each other are counted together
 * @returns {Density}
 */
export function density(rows, most) {
  const { time, loss, pings } = rows.columns;
  const together = Math.max(1, Math.ceil(time.length / Math.max(1, most)));
  const all = pings.flatMap((column) => /** @type {number[]} */ (column.filter((rtt) => rtt !== null)));
  const bounds = edges(all);
  /** @type {Density} */
  const result = { edges: bounds, columns: [], most: 0 };
  for (let first = 0; first < time.length; first += together) {
    const end = Math.min(first + together, time.length);
    const column = {
      time: time[end - 1], step: rows.step * (end - first), counts: new Uint32Array(Math.max(0, bounds.length - 1)),
      answers: 0, lost: 0, measured: false,
    };
    for (let row = first; row < end; row += 1) {
      const lost = loss[row];
      if (lost !== null) {
        column.measured = true;
        column.lost += lost;
      }
      for (const samples of pings) {
        const rtt = samples[row];
        if (rtt === null || rtt <= 0) continue;
        column.measured = true;
        column.answers += 1;
        column.counts[bucketOf(bounds, rtt)] += 1;
      }
    }
    for (const count of column.counts) result.most = Math.max(result.most, count / Math.max(1, column.answers));
    result.columns.push(column);
  }
  return result;
}

/**
 * A series' own normal: the median of its medians, in seconds; null without any.
 * @param {(number | null)[]} medians
 */
export function normal(medians) {
  const known = Float64Array.from(/** @type {number[]} */ (medians.filter((median) => median !== null))).sort();
  return known.length ? known[Math.floor((known.length - 1) / 2)] : null;
}

/**
 * How far a value is from normal, as a place on a scale of colours: 0 at half the normal or less, 1 at four times or more,
 * even in the logarithm.
 * @param {number} value @param {number} usual
 */
export function deviation(value, usual) {
  return Math.min(1, Math.max(0, (Math.log2(value / usual) + 1) / 3));
}
