// A row a series: when it lost pings, or how far from its own normal it was.

import { html, useState } from "../vendor/preact.js";
import { resolveRange } from "../detail/range.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { model } from "../model.js";
import { theme } from "../prefs.js";
import { go, place, useRoute } from "../route.js";
import { deviation, normal } from "./buckets.js";
import { Canvas } from "./canvas.js";
import { css, viridis } from "./colors.js";
import { useAnswer } from "./fetched.js";
import { HEAT_SECONDS } from "./heat.js";
import { Scale } from "./legend.js";
import { timeAxis } from "./target-heat.js";

/** Rows a request: what some screens show. */
const A_PAGE = 200;

/** Height of a row in pixels, and of the axis below. */
const [ROW, AXIS] = [18, 22];

/** @param {{section: import("../model.js").Section}} props */
export function SectionHeat({ section }) {
  const route = useRoute();
  const range = resolveRange(route, HEAT_SECONDS);
  const [pages, setPages] = useState(1);
  const [at, setAt] = useState(/** @type {{x: number, y: number} | null} */ (null));
  const [width, setWidth] = useState(0);
  const byLatency = route.sort === "latency";
  const { data, error, old } = useAnswer("overview", {
    target: section.path, depth: "all", from: range.fromText, to: range.toText, points: 400, limit: Math.min(1000, pages * A_PAGE),
  }, { follow: range.following, every: 30 });
  const answer = /** @type {import("../api.js").OverviewAnswer | null} */ (data);
  const rows = answer?.series ?? [];
  const left = width < 500 ? 110 : 200;
  const row = at && at.x >= 0 ? rows[Math.floor(at.y / ROW)] : undefined;
  return html`<figure class=${`heat card ${old ? "old" : ""}`}>
    <figcaption>
      <span class="segments" role="group" aria-label=${t("Colour")}>
        <button type="button" class="button" aria-current=${byLatency ? undefined : "true"} onClick=${() => go({ sort: "" }, { replace: true })}>${t("loss")}</button>
        <button type="button" class="button" aria-current=${byLatency ? "true" : undefined} onClick=${() => go({ sort: "latency" }, { replace: true })}>${t("latency")}</button>
      </span>
      ${byLatency
        ? html`<${Scale} low="½×" high="4×" color=${viridis} words=${t("median by its own normal")} />`
        : html`<${Scale} low="0 %" high="100 %" color=${lossColor} words=${t("pings lost")} />`}
    </figcaption>
    ${error && html`<p class="notice">${error}</p>`}
    <div class="picture"><${Canvas} height=${rows.length * ROW + AXIS} inputs=${[answer, byLatency]}
      label=${t("Heat map of {name}: targets by time", { name: section.title })}
      onPoint=${setAt}
      onPick=${(/** @type {{y: number}} */ { y }) => rows[Math.floor(y / ROW)] && open(rows[Math.floor(y / ROW)].series)}
      draw=${(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./canvas.js").Size} */ size) => {
        setWidth(size.width);
        if (answer) draw(context, size, answer, byLatency, size.width < 500 ? 110 : 200);
      }} /></div>
    <p class="readout muted" role="status">${row && answer && at
      ? readout(row, answer.from + ((at.x - left) / (width - 12 - left)) * (answer.to - answer.from))
      : t("Point at a row for its figures; click to open its target.")}</p>
    <ul class="sr">${rows.map(({ series }) => html`<li><a href=${linkOf(series)}>${nameOf(series)}</a></li>`)}</ul>
    ${answer && rows.length < answer.total && (pages * A_PAGE < 1000
      ? html`<button type="button" class="button" onClick=${() => setPages(pages + 1)}>${t("{n} more", { n: answer.total - rows.length })}</button>`
      : html`<p class="muted">${t("{n} more; choose a section below this one to see them", { n: answer.total - rows.length })}</p>`)}
  </figure>`;
}

/** @param {string} id */
function nameOf(id) {
  const series = model.series[model.indices.get(id) ?? -1];
  if (!series) return id;
  const vantage = series.section.series.length > 1 ? ` · ${model.vantageName(series.slave)}` : "";
  return series.section.menu + vantage;
}

/** @param {string} id */
function linkOf(id) {
  const [target, slave] = id.split("~");
  return place({ target, vantage: slave ?? "" });
}

/** @param {string} id */
function open(id) {
  const [target, slave] = id.split("~");
  go({ target, vantage: slave ?? "", mode: "", sort: "" });
}

/** Quiet without loss, orange to red with it; a single lost ping is seen. @param {number} share @returns {[number, number, number]} */
function lossColor(share) {
  if (share <= 0) return theme() === "dark" ? [27, 66, 48] : [205, 234, 216];
  const strength = 0.25 + 0.75 * share;
  return [Math.round(255 - 110 * Math.max(0, share - 0.5)), Math.round(190 * (1 - strength)), Math.round(70 * (1 - strength) + 20)];
}

/** @param {import("../api.js").OverviewSeries} row @param {number} time */
function readout(row, time) {
  const index = Math.floor((time - (row.start - row.step)) / row.step);
  const when = format.dateTime(time, false);
  if (row.error) return `${nameOf(row.series)} · ${row.error}`;
  const [loss, median] = [row.loss[index] ?? null, row.median[index] ?? null];
  if (loss === null && median === null) return `${nameOf(row.series)} · ${when} · ${t("unknown")}`;
  const usual = normal(row.median);
  return [
    nameOf(row.series), when,
    median !== null ? t("median {rtt}", { rtt: format.rtt(median) }) : "",
    median !== null && usual ? t("{ratio} × its normal {rtt}", { ratio: (median / usual).toFixed(2), rtt: format.rtt(usual) }) : "",
    loss !== null ? t("loss {loss}", { loss: format.percent(loss / row.pings) }) : "",
  ].filter(Boolean).join(" · ");
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("./canvas.js").Size} size
 * @param {import("../api.js").OverviewAnswer} answer @param {boolean} byLatency @param {number} left
 */
function draw(context, { width, ink }, answer, byLatency, left) {
  const plot = { left, top: 0, right: width - 12, bottom: answer.series.length * ROW };
  const x = (/** @type {number} */ time) => plot.left + ((time - answer.from) / (answer.to - answer.from)) * (plot.right - plot.left);
  context.textBaseline = "middle";
  answer.series.forEach((row, line) => {
    const top = line * ROW;
    context.textAlign = "left";
    context.fillStyle = ink.text;
    context.fillText(fitting(context, nameOf(row.series), left - 12), 4, top + ROW / 2);
    const usual = normal(row.median) ?? 0;
    for (let index = 0; index < row.loss.length; index += 1) {
      const end = row.start + index * row.step;
      // Whole pixels, so that no seam of the ground shows between cells.
      const from = Math.round(Math.max(plot.left, x(end - row.step)));
      const wide = Math.round(Math.min(plot.right, x(end))) - from;
      if (wide <= 0) continue;
      context.fillStyle = cell(row, index, usual, byLatency, ink);
      context.fillRect(from, top + 1, wide, ROW - 2);
    }
  });
  timeAxis(context, ink, plot, answer.from, answer.to);
}

/**
 * @param {import("../api.js").OverviewSeries} row @param {number} index @param {number} usual @param {boolean} byLatency @param {import("./canvas.js").Ink} ink
 */
function cell(row, index, usual, byLatency, ink) {
  const [loss, median] = [row.loss[index], row.median[index]];
  if (loss === null && median === null) return ink.unknown;
  if (!byLatency) return css(lossColor((loss ?? 0) / row.pings));
  return median === null || usual === 0 ? ink.lost : css(viridis(deviation(median, usual)));
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} room */
function fitting(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return `${letters.join("")}…`;
}
