// Several series in one picture: a line each, in the configured colours.

import { html } from "../vendor/preact.js";
import { OverlayChart } from "./overlay-chart.js";
import { model } from "../model.js";
import { seriesName } from "../names.js";
import { lineColor } from "./colors.js";

/** @typedef {{id: string, name: string, color: string}} Line */

/** Lines of series in the colours of the configuration; series that there are not are left out. @param {string[]} ids @returns {Line[]} */
export function linesOf(ids) {
  const colors = model.outline?.multihost_colors ?? [];
  return ids.flatMap((id, index) => {
    return model.indices.has(id) ? [{ id, name: seriesName(id), color: lineColor(colors, index) }] : [];
  });
}

/**
 * The lines over the range of the address, or over each of the configured ones.
 * @param {{lines: Line[], route: Readonly<import("../route.js").Route>, ranges: import("../api.js").Range[]}} props
 */
export function Overlays({ lines, route, ranges }) {
  if (lines.length === 0) return null;
  if (route.from) return html`<${OverlayChart} lines=${lines} from=${route.from} to=${route.to} height=${380} />`;
  return ranges.map(({ seconds }) => html`<${OverlayChart} key=${seconds} lines=${lines} from=${`-${seconds}s`} to="" />`);
}
