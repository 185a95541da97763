// How often answers took how long: a column a stretch of time, a cell a range of RTT.

import { html, useMemo, useState } from "../vendor/preact.js";
import * as ticks from "../chart/ticks.js";
import { resolveRange } from "../detail/range.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { model } from "../model.js";
import { useRoute } from "../route.js";
import { density } from "./buckets.js";
import { Canvas } from "./canvas.js";
import { css, viridis } from "./colors.js";
import { useAnswer } from "./fetched.js";
import { HEAT_SECONDS } from "./heat.js";
import { Scale } from "./legend.js";

/** Heights in pixels: of the whole, of what is above and below the cells, of the row of loss. */
const [HEIGHT, TOP, BOTTOM, LOSS] = [320, 8, 22, 10];
const [LEFT, RIGHT] = [64, 12];

/** Columns at most: two pixels each on a wide screen. */
const COLUMNS = 600;

/** @param {{id: string, several: boolean}} props several: there are other vantage points */
export function TargetHeat({ id, several }) {
  const range = resolveRange(useRoute(), HEAT_SECONDS);
  const { data, error, old } = useAnswer(`series/${encodeURIComponent(id)}`, { from: range.fromText, to: range.toText, points: 2000 }, { follow: range.following });
  const [at, setAt] = useState(/** @type {{x: number, y: number} | null} */ (null));
  const [width, setWidth] = useState(0);
  const rows = /** @type {import("../api.js").Rows | null} */ (data);
  const map = useMemo(() => (rows ? density(rows, COLUMNS) : null), [rows]);
  const series = model.series[model.indices.get(id) ?? -1];
  const name = several && series ? t("from {vantage}", { vantage: model.vantageName(series.slave) }) : "";
  const scale = rows && { from: rows.from, to: rows.to, left: LEFT, right: width - RIGHT };
  const column = at && map && scale ? columnAt(map, scale, at.x) : null;
  return html`<figure class=${`heat card ${old ? "old" : ""}`}>
    <figcaption><span>${[t("How often answers took how long"), name].filter(Boolean).join(" · ")}</span>
      <${Scale} low="0 %" high=${map ? format.percent(map.most) : ""} color=${viridis} words=${t("share of the answers")} /></figcaption>
    ${error && html`<p class="notice">${error}</p>`}
    <div class="picture"><${Canvas} height=${HEIGHT} label=${t("Heat map of {name}: time by round-trip time", { name: id })} inputs=${[map]}
      onPoint=${setAt}
      draw=${(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./canvas.js").Size} */ size) => {
        setWidth(size.width);
        if (map && rows) draw(context, size, map, rows);
      }} /></div>
    <p class="readout muted" role="status">${column && map && at ? readout(map, column, at.y) : t("Point at a cell for its figures.")}</p>
  </figure>`;
}

/**
 * @param {import("./buckets.js").Density} map @param {{from: number, to: number, left: number, right: number}} scale @param {number} x
 */
function columnAt(map, scale, x) {
  const time = scale.from + ((x - scale.left) / (scale.right - scale.left)) * (scale.to - scale.from);
  return map.columns.find((column) => time > column.time - column.step && time <= column.time) ?? null;
}

/** @param {number} y */
const shareOf = (y) => (HEIGHT - BOTTOM - y) / (HEIGHT - BOTTOM - TOP - LOSS);

/** @param {import("./buckets.js").Density} map @param {import("./buckets.js").Density["columns"][0]} column @param {number} y */
function readout(map, column, y) {
  const when = format.dateTime(column.time - column.step, false);
  const lost = column.lost > 0 ? t("loss {loss}", { loss: format.percent(column.lost / (column.lost + column.answers)) }) : "";
  if (!column.measured) return `${when} · ${t("unknown")}`;
  const bucket = Math.floor(shareOf(y) * (map.edges.length - 1));
  if (bucket < 0 || bucket >= column.counts.length || column.answers === 0) return [when, lost].filter(Boolean).join(" · ");
  const [low, high] = [format.rtt(map.edges[bucket]), format.rtt(map.edges[bucket + 1])];
  const share = format.percent(column.counts[bucket] / column.answers);
  return [when, `${low} – ${high}`, t("{share} of {n} answers", { share, n: format.count(column.answers) }), lost].filter(Boolean).join(" · ");
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("./canvas.js").Size} size
 * @param {import("./buckets.js").Density} map @param {import("../api.js").Rows} rows
 */
function draw(context, { width, ink }, map, rows) {
  const plot = { left: LEFT, top: TOP + LOSS, right: width - RIGHT, bottom: HEIGHT - BOTTOM };
  const x = (/** @type {number} */ time) => plot.left + ((time - rows.from) / (rows.to - rows.from)) * (plot.right - plot.left);
  const cells = map.edges.length - 1;
  const y = (/** @type {number} */ edge) => plot.bottom - (edge / cells) * (plot.bottom - plot.top);
  for (const column of map.columns) {
    // Whole pixels, so that no seam of the ground shows between cells.
    const left = Math.round(Math.max(plot.left, x(column.time - column.step)));
    const wide = Math.round(Math.min(plot.right, x(column.time))) - left;
    if (wide <= 0) continue;
    if (!column.measured) {
      context.fillStyle = ink.unknown;
      context.fillRect(left, plot.top, wide, plot.bottom - plot.top);
      continue;
    }
    column.counts.forEach((count, bucket) => {
      if (count === 0) return;
      context.fillStyle = css(viridis(0.06 + (0.94 * count) / Math.max(1, column.answers) / Math.max(map.most, 0.01)));
      const top = Math.round(y(bucket + 1));
      context.fillRect(left, top, wide, Math.round(y(bucket)) - top);
    });
    if (column.lost > 0) {
      context.fillStyle = ink.lost;
      const share = column.lost / (column.lost + column.answers);
      const tall = 2 + (LOSS - 2) * share;
      context.fillRect(left, TOP, Math.max(1, wide), tall);
    }
  }
  axes(context, ink, plot, rows, map.edges, y);
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("./canvas.js").Ink} ink @param {{left: number, top: number, right: number, bottom: number}} plot
 * @param {import("../api.js").Rows} rows @param {number[]} edges @param {(edge: number) => number} y
 */
function axes(context, ink, plot, rows, edges, y) {
  context.fillStyle = ink.muted;
  context.strokeStyle = ink.line;
  context.textBaseline = "middle";
  context.textAlign = "right";
  const apart = Math.max(1, Math.ceil((edges.length - 1) / 6));
  for (let edge = 0; edge < edges.length; edge += apart) context.fillText(format.rtt(edges[edge]), plot.left - 6, y(edge));
  timeAxis(context, ink, plot, rows.from, rows.to);
}

/**
 * Labels of time below a plot, by the same rule as below the graphs.
 * @param {CanvasRenderingContext2D} context @param {import("./canvas.js").Ink} ink @param {{left: number, top: number, right: number, bottom: number}} plot
 * @param {number} from @param {number} to
 */
export function timeAxis(context, ink, plot, from, to) {
  context.fillStyle = ink.muted;
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const { at, label } of ticks.times({ plot, from, to, ceiling: 1, floor: null }, format.utcOffset)) {
    if (at < plot.left + 12 || at > plot.right - 16) continue;
    context.fillText(label, at, plot.bottom + 6);
  }
}
