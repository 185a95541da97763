// Where times stand on a line. Pure, but for the zone on the screen.

import * as format from "../format.js";

/** Seconds between labels: hours that divide a day, then days. */
const STEPS = [60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 2 * 86400, 7 * 86400, 14 * 86400, 30 * 86400, 90 * 86400, 365 * 86400];

/**
 * Round times in the zone on the screen, and what to write there.
 * @param {number} from @param {number} to @param {number} most labels at most @returns {{at: number, label: string}[]} at: 0 to 1
 */
export function ticks(from, to, most) {
  const step = STEPS.find((seconds) => (to - from) / seconds <= most) ?? (to - from) / most;
  const ahead = format.utcOffset(from);
  const found = [];
  for (let local = Math.ceil((from + ahead) / step) * step; ; local += step) {
    const time = local - format.utcOffset(local - ahead);
    if (time > to) return found;
    if (time < from) continue;
    const [date, clock] = format.dateTime(time, false).split(" ");
    const midnight = clock === "00:00";
    found.push({ at: (time - from) / (to - from), label: midnight || step >= 86400 ? (step > 60 * 86400 ? date.slice(0, 7) : date.slice(5)) : clock });
  }
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** Seconds that the clocks of a zone are ahead of UTC. @param {string} zone an IANA name @param {number} time Unix seconds */
export function offset(zone, time) {
  let clock = clocks.get(zone);
  if (!clock) {
    /** @type {Intl.DateTimeFormatOptions} */
    const shape = { hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    try {
      clock = new Intl.DateTimeFormat("en-GB", { ...shape, timeZone: zone });
    } catch {
      // A zone that this browser does not know.
      clock = new Intl.DateTimeFormat("en-GB", { ...shape, timeZone: "UTC" });
    }
    clocks.set(zone, clock);
  }
  const whole = Math.floor(time);
  const at = Object.fromEntries(clock.formatToParts(whole * 1000).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) / 1000 - whole;
}
