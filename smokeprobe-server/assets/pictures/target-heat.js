// How often answers took how long: a column a stretch of time, a cell a range of RTT.

import { html, useMemo } from "../vendor/preact.js";
import { resolveRange } from "../detail/range.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { seriesName } from "../names.js";
import { useRoute } from "../route.js";
import { labelLeft, rttAxis, timeAxis } from "./axes.js";
import { density } from "./buckets.js";
import { css, viridis } from "./colors.js";
import { useAnswer } from "./fetched.js";
import { Scale } from "./legend.js";
import { HeatMap } from "./map.js";

/** Heights in pixels: of the whole, of what is above and below the cells, of the row of loss. */
const [HEIGHT, TOP, BOTTOM, LOSS] = [320, 8, 22, 10];
const [LEFT, RIGHT] = [64, 12];

/** Columns at most: two pixels each on a wide screen. */
const COLUMNS = 600;

/** @typedef {import("./buckets.js").Density} Density @typedef {{column: number, bucket: number}} Cell */

/** @param {{id: string, name: string, seconds: number}} props name: among others; seconds: shown unless the address says */
export function TargetHeat({ id, name, seconds }) {
  const range = resolveRange(useRoute(), seconds);
  const { data, error, old } = useAnswer(`series/${encodeURIComponent(id)}`, { from: range.fromText, to: range.toText, points: 2000 }, { follow: range.following });
  const rows = /** @type {import("../api.js").Rows | null} */ (data);
  const map = useMemo(() => (rows ? density(rows, COLUMNS) : null), [rows]);
  const columns = map?.columns ?? [];
  return html`<${HeatMap} label=${t("Heat map of {name}: time by round-trip time", { name: seriesName(id) })} height=${HEIGHT} inputs=${[map]}
    caption=${html`<span>${[name, t("How often answers took how long")].filter(Boolean).join(" · ")}</span>
      <${Scale} low="0 %" high=${map ? format.percent(map.most) : ""} color=${viridis} words=${t("share of the answers")} />`}
    hint=${t("Point at a cell for its figures.")} error=${error} old=${old}
    draw=${(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./canvas.js").Size} */ size) => map && rows && draw(context, size, map, rows)}
    at=${(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ width) => (map && rows ? cellAt(map, placesOf(width, map, rows), x, y) : null)}
    move=${(/** @type {Cell | null} */ cell, /** @type {number} */ across, /** @type {number} */ down) => map && move(map, cell, across, down)}
    box=${(/** @type {Cell} */ { column, bucket }, /** @type {number} */ width) => (map && rows && columns[column] ? boxOf(map, placesOf(width, map, rows), columns[column], bucket) : null)}
    say=${(/** @type {Cell} */ { column, bucket }) => (map ? readout(map, columns[column], bucket) : "")} />`;
}

/** The way from times and buckets to pixels. @param {number} width @param {Density} map @param {import("../api.js").Rows} rows */
function placesOf(width, map, { from, to }) {
  const plot = { left: LEFT, top: TOP + LOSS, right: width - RIGHT, bottom: HEIGHT - BOTTOM };
  const cells = Math.max(1, map.edges.length - 1);
  // Whole pixels, so that no seam of the ground shows between cells.
  const x = (/** @type {number} */ time) => Math.round(Math.min(plot.right, Math.max(plot.left, plot.left + ((time - from) / (to - from)) * (plot.right - plot.left))));
  const y = (/** @type {number} */ edge) => Math.round(plot.bottom - (edge / cells) * (plot.bottom - plot.top));
  return { plot, cells, x, y };
}

/** @typedef {ReturnType<typeof placesOf>} Places @typedef {Density["columns"][0]} Column */

/** @param {Density} map @param {Places} places @param {number} atX @param {number} atY @returns {Cell | null} */
function cellAt(map, { plot, cells, x }, atX, atY) {
  const column = map.columns.findIndex(({ time, step }) => atX >= x(time - step) && atX < x(time));
  if (column < 0 || atX < plot.left) return null;
  return { column, bucket: Math.floor(((plot.bottom - atY) / (plot.bottom - plot.top)) * cells) };
}

/** Keys begin where most of the newest answers are. @param {Density} map @param {Cell | null} cell @param {number} across @param {number} down @returns {Cell | null} */
function move({ columns, edges }, cell, across, down) {
  if (columns.length === 0) return null;
  if (!cell) {
    const column = columns.findLastIndex(({ answers }) => answers > 0);
    const counts = columns[column]?.counts ?? new Uint32Array();
    return { column: column < 0 ? columns.length - 1 : column, bucket: Math.max(0, counts.indexOf(Math.max(0, ...counts))) };
  }
  const within = (/** @type {number} */ value, /** @type {number} */ many) => Math.min(Math.max(0, value), Math.max(0, many - 1));
  return { column: within(cell.column + across, columns.length), bucket: within(cell.bucket - down, edges.length - 1) };
}

/** The cell, or all of a column above and below the cells. @param {Density} map @param {Places} places @param {Column} column @param {number} bucket */
function boxOf({ edges }, { plot, x, y }, { time, step }, bucket) {
  const left = x(time - step);
  const is = bucket >= 0 && bucket < edges.length - 1;
  const [top, bottom] = is ? [y(bucket + 1), y(bucket)] : [plot.top, plot.bottom];
  return { left, top, width: Math.max(1, x(time) - left), height: bottom - top };
}

/** @param {Density} map @param {Column} column @param {number} bucket */
function readout(map, column, bucket) {
  const when = format.dateTime(column.time - column.step, column.step < 60);
  const lost = column.lost > 0 ? t("loss {loss}", { loss: format.percent(column.lost / (column.lost + column.answers)) }) : "";
  if (!column.measured) return `${when} · ${t("unknown")}`;
  if (bucket < 0 || bucket >= column.counts.length || column.answers === 0) return [when, lost].filter(Boolean).join(" · ");
  const [low, high] = [format.rtt(map.edges[bucket]), format.rtt(map.edges[bucket + 1])];
  const share = format.percent(column.counts[bucket] / column.answers);
  return [when, `${low} – ${high}`, t("{share} of {n} answers", { share, n: format.count(column.answers) }), lost].filter(Boolean).join(" · ");
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("./canvas.js").Size} size
 * @param {Density} map @param {import("../api.js").Rows} rows
 */
function draw(context, { width, ink }, map, rows) {
  const { plot, x, y } = placesOf(width, map, rows);
  context.fillStyle = ink.unknown;
  context.fillRect(plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top);
  for (const column of map.columns) {
    const left = x(column.time - column.step);
    const wide = x(column.time) - left;
    if (wide <= 0 || !column.measured) continue;
    context.fillStyle = ink.paper;
    context.fillRect(left, plot.top, wide, plot.bottom - plot.top);
    column.counts.forEach((count, bucket) => {
      if (count === 0) return;
      context.fillStyle = css(viridis(0.06 + (0.94 * count) / Math.max(1, column.answers) / Math.max(map.most, 0.01)));
      context.fillRect(left, y(bucket + 1), wide, y(bucket) - y(bucket + 1));
    });
    if (column.lost > 0) {
      context.fillStyle = ink.lost;
      context.fillRect(left, TOP, Math.max(1, wide), 2 + (LOSS - 2) * (column.lost / (column.lost + column.answers)));
    }
  }
  if (map.edges.length > 0) rttAxis(context, ink, plot, map.edges[0], map.edges[map.edges.length - 1]);
  if (map.columns.some(({ lost }) => lost > 0)) labelLeft(context, ink, plot, t("loss"), TOP + LOSS / 2);
  timeAxis(context, ink, plot, rows.from, rows.to);
}
