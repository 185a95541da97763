// What the colours and hatches of the charts mean, and how they are moved.

import { html } from "../vendor/preact.js";
import { INK, classesFor, hex } from "../chart/palette.js";
import { t } from "../i18n.js";
import { model } from "../model.js";
import { theme, usePrefs } from "../prefs.js";

/** @param {{pings: number}} props pings a round of what is shown */
export function Key({ pings }) {
  usePrefs();
  const detail = model.outline?.detail;
  if (!detail) return null;
  const shown = theme();
  const classes = classesFor(detail, pings);
  return html`<div class="chart-key">
    <span>${t("lost of {pings}", { pings })}</span>
    ${classes.map((kind) => html`<span key=${kind.upTo}><i class="ink" style=${{ background: kind[shown] }}></i>${kind.label}</span>`)}
    <span><i class="ink" style=${{ background: detail.nodata_color ? hex(detail.nodata_color) : INK[shown].unknown }}></i>${t("unknown")}</span>
    <span><i class="ink hatched"></i>${t("suspect")}</span>
    <span class="hint">${t("drag zooms, double click goes back, Ctrl and wheel or pinch zooms, Shift and drag moves")}</span></div>`;
}
