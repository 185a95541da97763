// Numbers and times as people read them. The same forms as in the pictures.

import { language, t } from "./i18n.js";
import { preferred } from "./prefs.js";

/** @param {number} value */
function threeDigits(value) {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** An RTT with three digits that count. @param {number} seconds */
export function rtt(seconds) {
  if (seconds >= 0.9995) return `${threeDigits(seconds)} s`;
  if (seconds >= 0.0009995) return `${threeDigits(seconds * 1e3)} ms`;
  return `${threeDigits(seconds * 1e6)} µs`;
}

/** A share of 1 in percent. @param {number} share */
export function percent(share) {
  const value = share * 100;
  if (value === 0) return "0 %";
  if (value < 1) return `${value.toFixed(2)} %`;
  return value < 100 ? `${Math.min(value, 99.9).toFixed(1)} %` : "100 %";
}

/** How long until or since. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return t("{n} s", { n: whole });
  if (whole < 7200) return t("{n} min", { n: Math.round(whole / 60) });
  return whole < 172800 ? t("{n} h", { n: Math.round(whole / 3600) }) : t("{n} d", { n: Math.round(whole / 86400) });
}

/** The zone that the server is in, once it has told. */
let serverZone = "UTC";

/** @param {string} zone an IANA name */
export function setServerZone(zone) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    serverZone = zone;
  } catch {
    // A name that this browser does not know.
    serverZone = "UTC";
  }
}

/** The viewer's; slow to find out. */
const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone that times are shown in. */
export function zone() {
  return preferred().zone === "server" ? serverZone : viewerZone;
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map();

/** @param {string} zone an IANA name */
function formatterOf(zone) {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
}

/** @param {number} unixSeconds @param {string} [name] of a zone @returns {Record<string, string>} */
function parts(unixSeconds, name = zone()) {
  let formatter = formatters.get(name);
  if (!formatter) {
    try {
      formatter = formatterOf(name);
    } catch {
      // A zone that this browser does not know.
      formatter = formatterOf("UTC");
    }
    formatters.set(name, formatter);
  }
  return Object.fromEntries(formatter.formatToParts(unixSeconds * 1000).map(({ type, value }) => [type, value]));
}

/** `2026-11-22 09:30:15` in the zone on the screen. @param {number} unixSeconds @param {boolean} [seconds] */
export function dateTime(unixSeconds, seconds = true) {
  const at = parts(unixSeconds);
  return `${at.year}-${at.month}-${at.day} ${at.hour}:${at.minute}${seconds ? `:${at.second}` : ""}`;
}

/** A time of day, with the date unless it is today's. @param {number} unixSeconds */
export function time(unixSeconds) {
  const [date, clock] = dateTime(unixSeconds).split(" ");
  return date === dateTime(Date.now() / 1000).split(" ")[0] ? clock : `${date} ${clock}`;
}

/** @type {Map<string, number>} */
const offsets = new Map();

/** Seconds to add to a Unix time for the local time in a zone, that on the screen unless said. @param {number} unixSeconds @param {string} [name] of the zone */
export function utcOffset(unixSeconds, name = zone()) {
  // Clocks change on the quarter of an hour.
  const quarter = Math.floor(unixSeconds / 900);
  const key = `${name} ${quarter}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    const at = parts(quarter * 900, name);
    const [year, month, day] = [Number(at.year), Number(at.month), Number(at.day)];
    offset = Date.UTC(year, month - 1, day, Number(at.hour), Number(at.minute), Number(at.second)) / 1000 - quarter * 900;
    if (offsets.size > 5000) offsets.clear();
    offsets.set(key, offset);
  }
  return offset;
}

/** The zone on the screen in short: `UTC+8`, `UTC-3:30`. @param {number} unixSeconds when: clocks change */
export function offsetName(unixSeconds) {
  const minutes = Math.round(utcOffset(unixSeconds) / 60);
  if (minutes === 0) return "UTC";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}

/** A count in the viewer's language. @param {number} value */
export function count(value) {
  return value.toLocaleString(language());
}
