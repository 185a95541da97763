// How a series or a section is doing: a class, a mark with a shape of its own, and words.

import * as format from "./format.js";
import { shownChildren } from "./api.js";

/** @typedef {import("./api.js").Series} Series @typedef {import("./api.js").Section} Section */
/** @typedef {"not_measured" | "fine" | "waiting" | "unknown" | "loss" | "lost"} Condition */

/** The worse the later. @type {Condition[]} */
const WORSE = ["not_measured", "fine", "waiting", "unknown", "loss", "lost"];

/** @type {Record<Condition, string>} */
const MARKS = { not_measured: "–", fine: "●", waiting: "◌", unknown: "◌", loss: "◆", lost: "■" };

/** @type {Record<Condition, string>} */
const WORDS = {
  not_measured: "not measured",
  fine: "fine",
  waiting: "waiting for the first round",
  unknown: "unknown",
  loss: "some loss",
  lost: "all lost",
};

/** @param {Series} series @returns {Condition} */
export function conditionOf(series) {
  if (series.state !== "measured") return series.state;
  return (series.last?.loss ?? 0) > 0 ? "loss" : "fine";
}

/** The worst of a section and all below it. @param {Section} section @returns {Condition | null} */
export function worstOf(section) {
  let worst = -1;
  for (const series of section.target?.series ?? []) worst = Math.max(worst, WORSE.indexOf(conditionOf(series)));
  for (const child of shownChildren(section)) {
    const condition = worstOf(child);
    if (condition) worst = Math.max(worst, WORSE.indexOf(condition));
  }
  return worst < 0 ? null : WORSE[worst];
}

/** @param {Condition} condition */
export function severity(condition) {
  return WORSE.indexOf(condition);
}

/** The series of a target that does worst; the first of several. @param {Section} section @returns {Series | undefined} */
export function worstSeries(section) {
  const all = section.target?.series ?? [];
  return all.reduce((worst, next) => (severity(conditionOf(next)) > severity(conditionOf(worst)) ? next : worst), all[0]);
}

/** Shows a condition in an element made for it. @param {HTMLElement} place @param {Condition | null} condition */
export function showMark(place, condition) {
  const mark = condition ? MARKS[condition] : "";
  if (place.textContent !== mark) place.textContent = mark;
  place.className = `mark ${condition ?? ""}`;
  if (condition) {
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", WORDS[condition]);
    place.title = WORDS[condition];
  }
}

/** A few characters for the tree: the last median, and loss when there is any. @param {Series | undefined} series */
export function brief(series) {
  if (!series) return "";
  const { last } = series;
  switch (series.state) {
    case "measured": {
      const loss = last?.loss ?? 0;
      const median = format.rtt(last?.median ?? 0);
      return loss > 0 ? `${median} · ${format.percent(loss / (last?.pings || 1))}` : median;
    }
    case "lost":
      return "100 % lost";
    case "unknown":
      return "unknown";
    case "waiting":
      return "waiting";
    default:
      return "";
  }
}
