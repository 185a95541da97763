// The numbers of a shown range, below its chart.

import { html } from "../vendor/preact.js";
import { legible } from "../chart/palette.js";
import { steadiness } from "../chart/stats.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { theme } from "../prefs.js";

/** @typedef {import("../chart/stats.js").Summary} Summary */

/** @param {number} value */
const plain = (value) => (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0));

/** A colour of a line, as the line has it. @param {{color: string}} props */
export const Swatch = ({ color }) => html`<i class="ink" style=${{ background: legible(color, theme()) }}></i>`;

/** @param {{name: string, cells: [string, string, string?][], color?: string | null, read?: boolean}} props read: the rows are there */
function Line({ name, cells, color = null, read = true }) {
  if (cells.length === 0 && !color) return null;
  return html`<div class="numbers"><span class="name">${color && html`<${Swatch} color=${color} />`}${name}</span>
    ${cells.length === 0 && read && html`<span class="none">${t("no data in this range")}</span>`}
    ${cells.map(([kind, value, title]) => html`<span class="number" key=${kind}><b>${value}</b> <span title=${title}>${kind}</span></span>`)}</div>`;
}

/** @param {Summary} summary @returns {[string, string, string?][]} */
function medianCells(summary) {
  const { median, deviation } = summary;
  if (!median) return [];
  const ratio = steadiness(summary);
  /** @type {[string, string, string?][]} */
  const cells = [
    [t("avg"), format.rtt(median.avg), t("mean of the medians")], [t("max"), format.rtt(median.max)],
    [t("min"), format.rtt(median.min)], [t("now"), format.rtt(median.now), t("the last that is known in this range")],
  ];
  if (deviation !== null) cells.push([t("sd"), format.rtt(deviation), t("standard deviation of the medians")]);
  if (ratio !== null) cells.push(["am/s", plain(ratio), t("mean over standard deviation: the higher, the steadier")]);
  return cells;
}

/** Median and loss of one series. @param {{summary: Summary}} props */
export function Statistics({ summary }) {
  const { loss } = summary;
  /** @type {[string, string][]} */
  const cells = loss ? [[t("avg"), format.percent(loss.avg)], [t("max"), format.percent(loss.max)],
    [t("min"), format.percent(loss.min)], [t("now"), format.percent(loss.now)]] : [];
  return html`<div class="statistics">
    <${Line} name=${t("median")} cells=${medianCells(summary)} /><${Line} name=${t("loss")} cells=${cells} /></div>`;
}

/** A line each of several series. @param {{lines: {name: string, color: string, summary: Summary | null}[]}} props */
export function Legend({ lines }) {
  return html`<div class="statistics of-many">${lines.map(({ name, color, summary }) => {
    const loss = summary?.loss;
    const cells = [...(summary ? medianCells(summary).slice(0, 5) : []), ...(loss ? [[t("loss"), format.percent(loss.avg)]] : [])];
    return html`<${Line} key=${name} name=${name} color=${color} cells=${cells} read=${summary !== null} />`;
  })}</div>`;
}

/** What a chart shows, in words. @param {Summary | null} summary */
export function inWords(summary) {
  if (!summary?.loss) return t("no data in this range");
  const loss = t("loss {loss} on average, at most {max}", { loss: format.percent(summary.loss.avg), max: format.percent(summary.loss.max) });
  if (!summary.median) return loss;
  const { avg, min, max } = summary.median;
  return `${t("median {median} on average, between {min} and {max}", { median: format.rtt(avg), min: format.rtt(min), max: format.rtt(max) })}; ${loss}`;
}
