// The targets of a section over time: a row a series, coloured by loss or by its latency against its own normal.

import { html, useState } from "../vendor/preact.js";
import { resolveRange } from "../detail/range.js";
import * as format from "../format.js";
import { said, t } from "../i18n.js";
import { model } from "../model.js";
import { alone, seriesName } from "../names.js";
import { theme } from "../prefs.js";
import { go, place, useRoute } from "../route.js";
import { plain } from "../side/rich.js";
import { timeAxis } from "./axes.js";
import { deviation, normal } from "./buckets.js";
import { css, lossColor, viridis } from "./colors.js";
import { useAnswer } from "./fetched.js";
import { Scale } from "./legend.js";
import { HeatMap } from "./map.js";

/** Rows a request: what some screens show. */
const A_PAGE = 200;

/** More the server does not tell at once. */
const MOST = 1000;

/** Height of a row in pixels, and of the axis below; what is free at the right. */
const [ROW, AXIS, RIGHT] = [18, 22, 12];

/** @typedef {import("../api.js").OverviewAnswer} Answer @typedef {import("../api.js").OverviewSeries} Row @typedef {{line: number, time: number}} Cell */

/** @param {{section: import("../model.js").Section, seconds: number}} props seconds: shown unless the address says */
export function SectionHeat({ section, seconds }) {
  const route = useRoute();
  const range = resolveRange(route, seconds);
  const [pages, setPages] = useState(1);
  const byLatency = route.sort === "latency";
  const { data, error, old } = useAnswer("overview", {
    target: section.path, depth: "all", from: range.fromText, to: range.toText, points: 400, limit: Math.min(MOST, pages * A_PAGE),
  }, { follow: range.following, every: 30 });
  const answer = /** @type {Answer | null} */ (data);
  const rows = answer?.series ?? [];
  const choice = (/** @type {string} */ sort, /** @type {string} */ name) => html`<button type="button" class="button"
    aria-current=${byLatency === (sort !== "") ? "true" : undefined} onClick=${() => go({ sort }, { replace: true })}>${name}</button>`;
  return html`<${HeatMap} label=${t("Heat map of {name}: targets by time", { name: plain(section.title, section.html) })}
    height=${rows.length * ROW + AXIS} inputs=${[answer, byLatency]} error=${error} old=${old}
    caption=${html`<span class="segments" role="group" aria-label=${t("Colour")}>${choice("", t("loss"))}${choice("latency", t("latency"))}</span>
      ${byLatency
        ? html`<${Scale} key="latency" low="½×" high="4×" color=${viridis} words=${t("median by its own normal")} />`
        : html`<${Scale} key="loss" low="0 %" high="100 %" color=${lossColor(theme())} none=${true} words=${t("pings lost")} />`}`}
    hint=${t("Point at a row for its figures; click to open its target.")}
    draw=${(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./canvas.js").Size} */ size) => answer && draw(context, size, answer, byLatency)}
    at=${(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ width) => (answer ? cellAt(answer, width, x, y) : null)}
    move=${(/** @type {Cell | null} */ cell, /** @type {number} */ across, /** @type {number} */ down) => answer && move(answer, cell, across, down)}
    box=${(/** @type {Cell} */ cell, /** @type {number} */ width) => answer && boxOf(answer, width, cell)}
    say=${(/** @type {Cell} */ { line, time }) => html`<a href=${linkOf(rows[line].series, route)}>${seriesName(rows[line].series)}</a> · ${readout(rows[line], time)}`}
    open=${(/** @type {Cell} */ { line }) => open(rows[line].series)}>
    <ul class="unseen">${rows.map(({ series }) => html`<li key=${series}><a href=${linkOf(series, route)}>${seriesName(series)}</a></li>`)}</ul>
    ${answer && rows.length < answer.total && (pages * A_PAGE < MOST
      ? html`<button type="button" class="button" onClick=${() => setPages(pages + 1)}>${t("{n} more", { n: answer.total - rows.length })}</button>`
      : html`<p class="muted">${t("{n} more; choose a section below this one to see them", { n: answer.total - rows.length })}</p>`)}
  </${HeatMap}>`;
}

/** Its own page, over the same range; nowhere when the configuration does not have it any more. @param {string} id @param {{from: string, to: string}} range */
function linkOf(id, { from, to }) {
  const index = model.indices.get(id);
  return index === undefined ? undefined : place({ ...alone(index), from, to });
}

/** @param {string} id */
function open(id) {
  const index = model.indices.get(id);
  if (index !== undefined) go({ ...alone(index), mode: "", sort: "" });
}

/** The way from times to pixels. @param {number} width @param {Answer} answer */
function placesOf(width, { from, to, series }) {
  const plot = { left: width < 500 ? 110 : 200, top: 0, right: width - RIGHT, bottom: series.length * ROW };
  // Whole pixels, so that no seam of the ground shows between cells.
  const x = (/** @type {number} */ time) => Math.round(Math.min(plot.right, Math.max(plot.left, plot.left + ((time - from) / (to - from)) * (plot.right - plot.left))));
  return { plot, x };
}

/** @param {Answer} answer @param {number} width @param {number} x @param {number} y @returns {Cell | null} */
function cellAt(answer, width, x, y) {
  const { plot } = placesOf(width, answer);
  const line = Math.floor(y / ROW);
  if (line < 0 || line >= answer.series.length) return null;
  const share = Math.max(0, (x - plot.left) / Math.max(1, plot.right - plot.left));
  return { line, time: answer.from + Math.min(1, share) * (answer.to - answer.from) };
}

/** Keys begin at the newest that is known of the first. @param {Answer} answer @param {Cell | null} cell @param {number} across @param {number} down @returns {Cell | null} */
function move({ series, from, to }, cell, across, down) {
  if (series.length === 0) return null;
  if (!cell) {
    const { start, step, loss } = series[0];
    const newest = loss.findLastIndex((lost) => lost !== null);
    return { line: 0, time: newest < 0 ? to : start + newest * step };
  }
  const line = Math.min(Math.max(0, cell.line + down), series.length - 1);
  const time = across === 0 ? cell.time : cell.time + across * (series[line].step || 1);
  return { line, time: Math.min(Math.max(from, time), to) };
}

/** Which row of a series covers a time. @param {Row} row @param {number} time */
const indexAt = ({ start, step }, time) => Math.ceil((time - start) / step);

/** The cell; all of a line that has none there. @param {Answer} answer @param {number} width @param {Cell} cell */
function boxOf(answer, width, { line, time }) {
  const row = answer.series[line];
  if (!row) return null;
  const { plot, x } = placesOf(width, answer);
  const end = row.start + indexAt(row, time) * row.step;
  const [left, right] = row.loss.length > 0 ? [x(end - row.step), x(end)] : [plot.left, plot.right];
  return { left, top: line * ROW + 1, width: Math.max(1, right - left), height: ROW - 2 };
}

/** @param {Row} row @param {number} time */
function readout(row, time) {
  if (row.error) return said(row.error);
  const index = indexAt(row, time);
  const when = format.dateTime(row.loss.length > 0 ? row.start + (index - 1) * row.step : time, row.step < 60);
  const [loss, median] = [row.loss[index] ?? null, row.median[index] ?? null];
  if (loss === null && median === null) return `${when} · ${t("unknown")}`;
  const usual = normal(row.median);
  return [
    when,
    median !== null ? t("median {rtt}", { rtt: format.rtt(median) }) : "",
    median !== null && usual ? t("{ratio} × its normal {rtt}", { ratio: (median / usual).toFixed(2), rtt: format.rtt(usual) }) : "",
    loss !== null ? t("loss {loss}", { loss: format.percent(loss / row.pings) }) : "",
  ].filter(Boolean).join(" · ");
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("./canvas.js").Size} size
 * @param {Answer} answer @param {boolean} byLatency
 */
function draw(context, { width, ink }, answer, byLatency) {
  const { plot, x } = placesOf(width, answer);
  const lost = lossColor(theme());
  context.textBaseline = "middle";
  context.textAlign = "left";
  answer.series.forEach((row, line) => {
    const top = line * ROW;
    context.fillStyle = ink.text;
    context.fillText(fitting(context, seriesName(row.series), plot.left - 12), 4, top + ROW / 2);
    const usual = normal(row.median) ?? 0;
    context.fillStyle = ink.unknown;
    context.fillRect(plot.left, top + 1, plot.right - plot.left, ROW - 2);
    for (let index = 0; index < row.loss.length; index += 1) {
      const end = row.start + index * row.step;
      const from = x(end - row.step);
      const wide = x(end) - from;
      const [loss, median] = [row.loss[index], row.median[index]];
      if (wide <= 0 || (loss === null && median === null)) continue;
      if (!byLatency) context.fillStyle = css(lost((loss ?? 0) / row.pings));
      else context.fillStyle = median === null || usual === 0 ? ink.lost : css(viridis(deviation(median, usual)));
      context.fillRect(from, top + 1, wide, ROW - 2);
    }
  });
  timeAxis(context, ink, plot, answer.from, answer.to);
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} room */
function fitting(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return `${letters.join("")}…`;
}
