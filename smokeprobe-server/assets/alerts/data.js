// What the alerts page shows, read again whenever something happens.

import { useEffect, useRef, useState } from "../vendor/preact.js";
import { ask, whyOf } from "../api.js";
import { model } from "../model.js";
import { MOST, historyOf } from "./history.js";

/** @typedef {import("./shapes.js").Alerts} Alerts @typedef {import("./shapes.js").AlertEvent} AlertEvent */
/** @typedef {import("./shapes.js").Delivery} Delivery */

/** Several things happen at once, and the answer is a quarter of a second old. */
const SOON_MS = 400;

/** What changes without an event, such as a delivery: looked at so often. */
const LOOK_MS = 15000;

/**
 * An answer of the server, asked for again when an alert happens, when somebody changes something and now and then.
 * @template T @param {() => Promise<T>} read @param {readonly unknown[]} keys what is asked for
 * @param {boolean} [pending] what to ask for is not known yet
 * @returns {{answer: T | null, failure: string, again: () => void}}
 */
export function useFresh(read, keys, pending = false) {
  const [state, set] = useState(/** @type {{answer: T | null, failure: string}} */ ({ answer: null, failure: "" }));
  const newest = useRef(read);
  newest.current = read;
  const refresh = useRef(() => {});
  useEffect(() => {
    if (pending) return undefined;
    let here = true;
    let timer = 0;
    const look = async () => {
      clearTimeout(timer);
      try {
        const answer = await newest.current();
        if (here) set({ answer, failure: "" });
      } catch (error) {
        // The old stays: it is better than nothing.
        if (here) set((before) => ({ ...before, failure: whyOf(error) }));
      }
      clearTimeout(timer);
      if (here) timer = window.setTimeout(look, LOOK_MS);
    };
    const soon = () => {
      clearTimeout(timer);
      timer = window.setTimeout(look, SOON_MS);
    };
    refresh.current = soon;
    void look();
    const stop = model.onEvent((name, data) => {
      if (name === "alert" || name === "hello" || (name === "states" && data.raised)) soon();
    });
    return () => {
      here = false;
      clearTimeout(timer);
      stop();
      refresh.current = () => {};
    };
  }, [...keys, pending]);
  return { ...state, again: () => refresh.current() };
}

/** What stands, silences and messages. @param {AbortSignal} [signal] */
export const readAlerts = (signal) => /** @type {Promise<Alerts>} */ (ask("alerts", {}, signal));

/**
 * What was raised and cleared in a range, and what was raised in it or before and cleared after it.
 * @param {{target: string, alert: string}} filter @param {number} from @param {number} to @param {boolean} following
 * @param {AbortSignal} [signal] @returns {Promise<import("./history.js").History>}
 */
export function readEvents({ target, alert }, from, to, following, signal) {
  const end = Math.ceil(to);
  const read = async (/** @type {number} */ from, /** @type {number | undefined} */ to) =>
    (await ask("alerts/events", { target, alert, what: "changes", from, to, limit: MOST }, signal)).events.map((/** @type {{event: AlertEvent}} */ { event }) => event);
  // Nothing has happened yet in the future, and the server refuses to look there.
  return historyOf(read, Math.floor(from), following || end >= model.now() ? undefined : end);
}

/** @param {{target: string, alert: string}} filter @param {number} from @param {number} to @param {number} limit @returns {Promise<Delivery[]>} */
export async function readDeliveries({ target, alert }, from, to, limit = 200) {
  return (await ask("alerts/deliveries", { target, alert, from: Math.floor(from), to: Math.ceil(to) + 1, limit })).deliveries;
}
