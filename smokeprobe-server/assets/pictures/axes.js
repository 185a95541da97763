// The axes of heat maps.

import * as ticks from "../chart/ticks.js";
import * as format from "../format.js";
import { rttLabel, rttTicks } from "./buckets.js";

/** @typedef {{left: number, top: number, right: number, bottom: number}} Plot @typedef {import("./canvas.js").Ink} Ink */

/** Room that a label takes at the top, where the loss is. */
const ROOM = 10;

/** Labels of RTT at the left, from the lowest to the highest on a logarithmic axis. @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Plot} plot @param {number} low @param {number} high */
export function rttAxis(context, ink, { left, top, bottom }, low, high) {
  for (const rtt of rttTicks(low, high)) {
    const y = Math.round(bottom - (Math.log(rtt / low) / Math.log(high / low)) * (bottom - top));
    context.fillStyle = ink.line;
    context.fillRect(left - 5, y, 4, 1);
    if (y > top + ROOM) labelLeft(context, ink, { left }, rttLabel(rtt), y + 0.5);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {{left: number}} plot @param {string} label @param {number} y */
export function labelLeft(context, ink, { left }, label, y) {
  context.fillStyle = ink.muted;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillText(label, left - 8, y);
}

/** Labels of time below a plot, by the same rule as below the graphs. @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Plot} plot @param {number} from @param {number} to */
export function timeAxis(context, ink, plot, from, to) {
  context.fillStyle = ink.muted;
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const { at, label } of ticks.times({ plot, from, to, ceiling: 1, floor: null }, format.utcOffset)) {
    if (at < plot.left + 12 || at > plot.right - 16) continue;
    context.fillText(label, at, plot.bottom + 6);
  }
}
