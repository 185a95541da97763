// The alerts on a chart's axis as links that lie over their marks: for pointers, fingers, keys and voices alike.

import { html } from "../vendor/preact.js";
import { useStops } from "../alerts/stops.js";
import { barWords } from "../alerts/words.js";
import { t } from "../i18n.js";
import { embedded, place, route } from "../route.js";
import { short } from "./words.js";

/** More than these, the newest, cannot be told apart. The others have one link for all, to the alerts page. */
const MOST = 100;

/**
 * @param {{spans: import("./alerts.js").Span[], from: number, to: number, range: import("./feed.js").Range, named: boolean}} props
 * `range`: what is shown, `named`: alerts of several series stand together
 */
export function AlertMarks({ spans, from, to, range, named }) {
  const within = spans.filter(({ bar }) => bar.from <= to && (bar.to ?? to) >= from);
  const [others, shown] = [within.slice(0, -MOST), within.slice(-MOST)];
  const stops = useStops([...(others.length > 0 ? ["others"] : []), ...shown.map(({ bar }) => bar.id)]);
  if (shown.length === 0) return null;
  const part = (/** @type {number} */ time) => Math.min(Math.max((time - from) / (to - from), 0), 1) * 100;
  // The history there is of the same time as the chart here.
  const time = route().from ? { from: route().from, to: route().to } : { from: "seconds" in range ? `-${short(range.seconds)}` : "", to: "" };
  const newTab = embedded ? { target: "_blank", rel: "noopener" } : {};
  const more = t("and {n} more", { n: others.length });
  return html`<div class="alert-marks" role="group" aria-label=${t("Alerts")} onKeyDown=${stops.onKeyDown}>
    ${others.length > 0 && html`<a ...${stops.of("others")} style=${{ left: `${part(others[0].bar.from)}%`, width: `${part(shown[0].bar.from) - part(others[0].bar.from)}%` }}
      title=${more} aria-label=${more} href=${address({ mode: "alerts", target: targetOf(others), ...time })} ...${newTab}></a>`}
    ${shown.map((span) => {
    const { bar } = span;
    const [left, right] = [part(bar.from), part(bar.to ?? to)];
    const words = barWords(bar, named);
    return html`<a key=${bar.id} ...${stops.of(bar.id)} style=${{ left: `${left}%`, width: `${right - left}%` }} title=${words} aria-label=${words}
      href=${address({ mode: "alerts", target: targetOf([span]), alert: bar.alert, event: bar.id, ...time })} ...${newTab}></a>`;
  })}</div>`;
}

/** The target of some alerts; empty when there are several. @param {import("./alerts.js").Span[]} spans */
function targetOf(spans) {
  const targets = new Set(spans.map(({ series }) => series.split("~")[0]));
  return targets.size === 1 ? [...targets][0] : "";
}

/** @param {Parameters<typeof place>[0]} of */
const address = (of) => (embedded ? `./${place(of)}` : place(of));
