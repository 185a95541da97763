// The time that all charts of the page point at.

import { useEffect, useState } from "../vendor/preact.js";

/** `by` says who points, `chart` at which chart. @typedef {{time: number | null, chart: string, by: "pointer" | "keyboard"}} Cross */

/** @type {Set<() => void>} */
const listeners = new Set();

/** @type {Cross} */
let cross = { time: null, chart: "", by: "pointer" };

/** What is pointed at now. */
export const pointed = () => cross;

/** Points at a time; null points at nothing. @param {Cross} next */
export function point(next) {
  if (next.time === cross.time && next.chart === cross.chart && next.by === cross.by) return;
  cross = next;
  listeners.forEach((listener) => listener());
}

/** @param {() => void} listener @returns {() => void} stops listening */
export function onCross(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Draws a component anew when something else is pointed at. */
export function useCross() {
  const [, again] = useState(0);
  useEffect(() => onCross(() => again((n) => n + 1)), []);
  return cross;
}
