// Ranges in words.

import * as format from "../format.js";
import { language, t } from "../i18n.js";

const UNITS = /** @type {const} */ ([[31557600, "y"], [604800, "w"], [86400, "d"], [3600, "h"], [60, "m"], [1, "s"]]);

/** `3h`, `360d`. @param {number} seconds */
export function short(seconds) {
  // Days up to a year and beyond read better than weeks.
  const [length, unit] = UNITS.find(([length, unit]) => unit !== "w" && unit !== "y" && seconds % length === 0) ?? UNITS[5];
  return `${seconds / length}${unit}`;
}

/** How long, in a word. @param {number} seconds */
export function long(seconds) {
  if (seconds % 86400 === 0 && seconds > 2 * 86400) return t("{n} days", { n: seconds / 86400 });
  if (seconds % 3600 === 0) return seconds === 3600 ? t("one hour") : t("{n} hours", { n: seconds / 3600 });
  if (seconds % 60 === 0) return t("{n} minutes", { n: seconds / 60 });
  return format.duration(seconds);
}

/** A configured range's name. SmokePing's own are known in the viewer's language. @param {{label: string, seconds: number}} range */
export function nameOf({ label, seconds }) {
  if (label && (language() === "en" || !/^last \d+ (minutes?|hours?|days?|weeks?|months?|years?)$/i.test(label.trim()))) return label;
  return t("Last {time}", { time: long(seconds) });
}

/** A shown range's name. @param {import("./feed.js").Range} range */
export function named(range) {
  if ("seconds" in range) return t("Last {time}", { time: long(range.seconds) });
  if ("since" in range) return t("since {time}", { time: format.dateTime(range.since, false) });
  const fine = range.to - range.from < 600;
  const [from, to] = [format.dateTime(range.from, fine), format.dateTime(range.to, fine)];
  return from.split(" ")[0] === to.split(" ")[0] ? `${from} – ${to.split(" ")[1]}` : `${from} – ${to}`;
}
