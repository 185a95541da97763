// When alerts of a series were raised and cleared in a range, for the marks on its graph.

import { useEffect, useState } from "../vendor/preact.js";
import { ask } from "../api.js";
import { model } from "../model.js";

/** @typedef {import("./shapes.js").AlertEvent} AlertEvent */
/** @typedef {{time: number, since: number, what: "raised" | "active" | "cleared", alert: string, silent: string | null, reason: string}} Mark */

/** Answers that are kept: a page of several graphs asks for each, and again when one zooms back. */
const KEPT = 64;

/** @type {Map<string, Promise<Mark[]>>} */
const kept = new Map();

/** @type {Set<(series: string) => void>} */
const listeners = new Set();

model.onEvent((name, data) => {
  // A reload may end alerts, and what happened without the stream is not told again.
  if (name === "hello" || name === "plan") kept.clear();
  if (name !== "alert") return;
  for (const key of kept.keys()) {
    if (key.startsWith(`${data.series} `)) kept.delete(key);
  }
  // What was told just now is written a moment later.
  setTimeout(() => listeners.forEach((listener) => listener(data.series)), 300);
});

/** Calls back with a series whose marks changed. @param {(series: string) => void} listener @returns {() => void} */
export function onMarks(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The marks of a series, ascending by time. @param {string} series @param {number} from @param {number} to @returns {Promise<Mark[]>} */
export function marksOf(series, from, to) {
  const [start, end] = [Math.floor(from), Math.ceil(to)];
  const key = `${series} ${start} ${end}`;
  const known = kept.get(key);
  if (known) return known;
  const asked = ask("alerts/events", { target: series.split("~")[0], what: "changes", from: start, to: end + 1, limit: 1000 })
    .then((/** @type {{events: {event: AlertEvent}[]}} */ { events }) => events.map(({ event }) => event)
      .filter((event) => event.series === series).reverse()
      .map(({ time, since, what, alert, silent, reason }) => ({ time, since, what, alert, reason, silent: silent?.why ?? null })));
  asked.catch(() => kept.delete(key));
  kept.set(key, asked);
  if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
  return asked;
}

/** The marks of a series while it is shown. @param {string} series @param {number} from @param {number} to @returns {Mark[]} */
export function useMarks(series, from, to) {
  const [marks, set] = useState(/** @type {Mark[]} */ ([]));
  useEffect(() => {
    let here = true;
    const read = () => marksOf(series, from, to).then((next) => here && set(next), () => {});
    void read();
    const stop = onMarks((changed) => changed === series && void read());
    return () => {
      here = false;
      stop();
    };
  }, [series, Math.floor(from), Math.ceil(to)]);
  return marks;
}
