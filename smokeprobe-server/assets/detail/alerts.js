// Alerts of the shown series: when they were raised and cleared, for the marks on the charts, and what stands now.

import { useEffect, useState } from "../vendor/preact.js";
import { barsOf } from "../alerts/bars.js";
import { readAlerts, readEvents } from "../alerts/data.js";
import { model } from "../model.js";
import { timesOf } from "./feed.js";

/** @typedef {import("../chart/paint.js").AlertSpan} AlertSpan @typedef {import("../alerts/shapes.js").Standing} Standing */
/** @typedef {AlertSpan & {bar: import("../alerts/shapes.js").Bar}} Span */
/** `since`, `until`: what is missing, as of a history. @typedef {{spans: Span[], standing: Standing[], since: number | null, until: number | null}} Alerts */

/** @type {Alerts} */
const NONE = { spans: [], standing: [], since: null, until: null };

/** Several alerts may come at once, and the server's answer may be a quarter of a second old. */
const SOON_MS = 400;

/**
 * The alerts of some series: all that stand, and those that were raised in a range or before and cleared in it or after.
 * @param {string[]} series @param {boolean} any whether the configuration has alerts for them
 * @param {import("./feed.js").Range[]} ranges that are shown; none while that is not known @returns {Alerts}
 */
export function useAlerts(series, any, ranges) {
  const [alerts, set] = useState(NONE);
  useEffect(() => {
    if (!any || series.length === 0) return set(NONE);
    if (ranges.length === 0) return undefined;
    const request = new AbortController();
    let timer = 0;
    const read = async () => {
      try {
        const next = await alertsOf(series, ranges, request.signal);
        if (!request.signal.aborted) set(next);
      } catch {
        // The charts are worth looking at without.
      }
    };
    void read();
    const forget = model.onEvent((name, data) => {
      if (!(name === "alert" && series.includes(data.series)) && !(name === "hello" && data.missed)) return;
      clearTimeout(timer);
      timer = window.setTimeout(() => void read(), SOON_MS);
    });
    return () => {
      request.abort();
      clearTimeout(timer);
      forget();
    };
  }, [series.join(), any, JSON.stringify(ranges)]);
  return alerts;
}

/** @param {string[]} series @param {import("./feed.js").Range[]} ranges @param {AbortSignal} signal @returns {Promise<Alerts>} */
async function alertsOf(series, ranges, signal) {
  const times = ranges.map((range) => timesOf(range));
  const [from, to] = [Math.min(...times.map((one) => one.from)), Math.max(...times.map((one) => one.to))];
  const following = ranges.some((range) => !("from" in range));
  const targets = [...new Set(series.map((id) => id.split("~")[0]))];
  const [now, ...lists] = await Promise.all([readAlerts(signal), ...targets.map((target) => readEvents({ target, alert: "" }, from, to, following, signal))]);
  const own = (/** @type {{series: string}} */ one) => series.includes(one.series);
  const standing = now.standing.filter(own);
  const sinces = lists.flatMap(({ since }) => since ?? []);
  const untils = lists.flatMap(({ until }) => until ?? []);
  const bars = barsOf(lists.flatMap(({ events }) => events).filter(own), standing, untils.length === 0);
  return {
    standing, since: sinces.length > 0 ? Math.max(...sinces) : null, until: untils.length > 0 ? Math.min(...untils) : null,
    spans: bars.filter((bar) => bar.from <= to && (bar.to ?? Infinity) >= from)
      .map((bar) => ({ bar, alert: bar.alert, series: bar.series, raised: bar.from, cleared: bar.to, reason: bar.reason, silent: bar.silent !== null })),
  };
}
