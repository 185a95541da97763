// Alerts of the shown series: when they were raised and cleared, for the marks on the charts, and what stands now.

import { useEffect, useState } from "../vendor/preact.js";
import { ask } from "../api.js";
import { model } from "../model.js";

/** @typedef {import("../chart/paint.js").AlertSpan} AlertSpan */
/** @typedef {{event: {time: number, since: number, series: string, alert: string, what: string, reason?: string, silent?: unknown}}} Listed */
/** @typedef {{series: string, alert: string, since: number, reason: string}} Standing */
/** @typedef {{spans: AlertSpan[], standing: Standing[]}} Alerts */

const MOST_EVENTS = 1000;

/** Events, newest first → from when to when each alert was raised. @param {Listed["event"][]} events @returns {AlertSpan[]} */
export function spansOf(events) {
  /** @type {AlertSpan[]} */
  const spans = [];
  /** @type {Map<string, AlertSpan>} */
  const open = new Map();
  for (let i = events.length - 1; i >= 0; i -= 1) {
    const { series, alert, what, time, since, reason = "", silent } = events[i];
    const key = `${series} ${alert}`;
    const span = open.get(key);
    if (what === "cleared") {
      if (span) span.cleared = time;
      else spans.push({ alert, series, raised: since < time ? since : null, cleared: time, reason, silent: false });
      open.delete(key);
    } else if (!span) {
      const raised = { alert, series, raised: what === "raised" ? time : since, cleared: null, reason, silent: Boolean(silent) };
      spans.push(raised);
      open.set(key, raised);
    }
  }
  return spans;
}

/** The alerts of some series. @param {string[]} series @param {boolean} any whether the configuration has alerts for them @returns {Alerts} */
export function useAlerts(series, any) {
  const [alerts, set] = useState(/** @type {Alerts} */ ({ spans: [], standing: [] }));
  const key = series.join();
  useEffect(() => {
    if (!any || series.length === 0) return set({ spans: [], standing: [] });
    const request = new AbortController();
    const targets = [...new Set(series.map((id) => id.split("~")[0]))];
    let timer = 0;
    const read = async () => {
      try {
        const [standing, ...lists] = await Promise.all([ask("alerts", {}, request.signal),
          ...targets.map((target) => ask("alerts/events", { target, what: "changes", limit: MOST_EVENTS }, request.signal))]);
        const events = lists.flatMap((/** @type {any} */ list) => (Array.isArray(list) ? list : list.events ?? [])
          .map((/** @type {any} */ listed) => listed.event ?? listed))
          .filter((/** @type {Listed["event"]} */ event) => series.includes(event.series));
        events.sort((/** @type {Listed["event"]} */ a, /** @type {Listed["event"]} */ b) => b.time - a.time);
        set({ spans: spansOf(events), standing: standing.standing.filter((/** @type {Standing} */ one) => series.includes(one.series)) });
      } catch {
        // The charts are worth looking at without.
      }
    };
    void read();
    const forget = model.onEvent((name, data) => {
      if (name !== "alert" || !series.includes(data.series ?? data.event?.series)) return;
      // Several alerts may come at once, and the answer may be a quarter of a second old.
      clearTimeout(timer);
      timer = window.setTimeout(() => void read(), 400);
    });
    return () => {
      request.abort();
      clearTimeout(timer);
      forget();
    };
  }, [key, any]);
  return alerts;
}
