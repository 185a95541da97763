// What is said of alerts, in words.

import * as format from "../format.js";
import { said, t } from "../i18n.js";
import { model } from "../model.js";
import { seriesName as nameOf } from "../names.js";

export { nameOf };

/** @typedef {import("./shapes.js").Silent} Silent @typedef {import("./shapes.js").Silence} Silence */

/** Why nobody was told. @param {Silent} silent */
export function why({ why: reason, by = "" }) {
  switch (reason) {
    case "priority": return t("{alert} is more urgent", { alert: by });
    case "dependency": return t("{target}, which it depends on, is down", { target: nameOf(by) });
    case "waiting": return t("waiting for a round of {target}, which it depends on", { target: nameOf(by) });
    case "silenced": return t("silenced");
    case "acknowledged": return t("acknowledged");
    case "repeat": return t("told not long ago");
    case "not_edge": return t("that it ended is not told without an edge trigger");
    case "never_told": return t("nobody was told that it was raised");
    default: return t("nobody was told");
  }
}

/** Where a target is, above itself. @param {string} id */
export function placeOf(id) {
  const names = [];
  for (let above = model.section(id.split("~")[0])?.parent; above?.path; above = above.parent) names.unshift(above.menu);
  return names.join(" › ");
}

/** A section as people know it. @param {string} path */
export const sectionName = (path) => model.section(path)?.menu ?? path;

/** @param {string} day */
function dayName(day) {
  const names = {
    mon: t("Mon"), tue: t("Tue"), wed: t("Wed"), thu: t("Thu"), fri: t("Fri"), sat: t("Sat"), sun: t("Sun"),
  };
  return names[/** @type {keyof typeof names} */ (day)] ?? day;
}

/** When a silence holds. @param {Silence} silence */
export function when({ from, until, weekly, active }) {
  if (weekly) {
    const days = weekly.days.map(dayName).join(" ");
    return t("{days} {from}–{until} ({zone})", { days, from: weekly.from, until: weekly.until, zone: weekly.zone });
  }
  if (!active && from !== undefined && from > model.now()) {
    return until === undefined ? t("from {time}", { time: moment(from) }) : `${moment(from)} – ${moment(until)}`;
  }
  return until === undefined ? t("until it is taken back") : t("until {time}", { time: moment(until) });
}

/** What a silence is about. @param {Silence} silence */
export function scope({ targets, alerts, labels }) {
  const parts = [
    targets.length > 0 ? targets.map(sectionName).join(", ") : t("all targets"),
    alerts.length > 0 ? t("only {alerts}", { alerts: alerts.join(", ") }) : "",
    Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(" "),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** A time of day or date without seconds where these are none. @param {number} at */
export const moment = (at) => format.time(at).replace(/:00$/, (end) => (Math.round(at) % 60 === 0 ? "" : end));

/** How long something was, exactly enough. @param {number} seconds */
export function length(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${t("{n} d", { n: days })}${hours > 0 ? ` ${t("{n} h", { n: hours })}` : ""}`;
  if (hours > 0) return `${t("{n} h", { n: hours })}${minutes > 0 ? ` ${t("{n} min", { n: minutes })}` : ""}`;
  return seconds < 120 ? t("{n} s", { n: Math.round(seconds) }) : t("{n} min", { n: minutes });
}

/** Until when something was raised. @param {import("./shapes.js").Bar} bar */
const endOf = ({ to }) => (to === null ? t("still raised") : to === Infinity ? t("its end is not known") : t("until {time}", { time: moment(to) }));

/** How long it was raised, where that is known. @param {import("./shapes.js").Bar} bar */
export const lengthOf = ({ from, to }) => (to === Infinity ? "" : length((to ?? model.now()) - from));

/** From when to when something was raised, and why. @param {import("./shapes.js").Bar} bar @param {boolean} [named] whether to say of what */
export function barWords(bar, named = false) {
  return [
    named ? nameOf(bar.series) : "", `${bar.alert}: ${moment(bar.from)}`, endOf(bar), lengthOf(bar), said(bar.reason), bar.silent ? t("nobody told: {why}", { why: why(bar.silent) }) : "",
  ].filter(Boolean).join(", ");
}
