// The alerts on a chart's axis as links that lie over their marks: for pointers, fingers, keys and voices alike.

import { html } from "../vendor/preact.js";
import { useStops } from "../alerts/stops.js";
import { barWords } from "../alerts/words.js";
import { t } from "../i18n.js";
import { embedded, place, route } from "../route.js";
import { short } from "./words.js";

/** More than these, the newest, cannot be told apart; the alerts page has them all. */
const MOST = 100;

/**
 * @param {{spans: import("./alerts.js").Span[], from: number, to: number, range: import("./feed.js").Range, named: boolean}} props
 * `range`: what is shown, `named`: alerts of several series stand together
 */
export function AlertMarks({ spans, from, to, range, named }) {
  const shown = spans.filter(({ bar }) => bar.from <= to && (bar.to ?? to) >= from).slice(-MOST);
  const stops = useStops(shown.map(({ bar }) => bar.id));
  if (shown.length === 0) return null;
  const part = (/** @type {number} */ time) => Math.min(Math.max((time - from) / (to - from), 0), 1) * 100;
  // The history there is of the same time as the chart here.
  const time = route().from ? { from: route().from, to: route().to } : { from: "seconds" in range ? `-${short(range.seconds)}` : "", to: "" };
  return html`<div class="alert-marks" role="group" aria-label=${t("Alerts")} onKeyDown=${stops.onKeyDown}>${shown.map(({ bar }) => {
    const [left, right] = [part(bar.from), part(bar.to ?? to)];
    const words = barWords(bar, named);
    return html`<a key=${bar.id} ...${stops.of(bar.id)} style=${{ left: `${left}%`, width: `${right - left}%` }} title=${words} aria-label=${words}
      href=${linkOf(bar, time)} target=${embedded ? "_blank" : undefined} rel=${embedded ? "noopener" : undefined}></a>`;
  })}</div>`;
}

/** @param {import("../alerts/shapes.js").Bar} bar @param {{from: string, to: string}} time */
function linkOf({ id, series, alert }, time) {
  const address = place({ mode: "alerts", target: series.split("~")[0], alert, event: id, ...time });
  return embedded ? `./${address}` : address;
}
