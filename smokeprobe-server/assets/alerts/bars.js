// From events to bars: from when to when each alert of each series was raised. Pure.

/** @typedef {import("./shapes.js").AlertEvent} AlertEvent @typedef {import("./shapes.js").Bar} Bar */
/** @typedef {import("./shapes.js").Standing} Standing @typedef {import("./shapes.js").Silence} Silence */

/**
 * The bars that touch a range. An event says since when, so that a bar is whole where its other end is not among the events.
 * @param {AlertEvent[]} events in any order @param {Standing[]} standing what is raised now
 * @param {boolean} [ended] whether all that ended is among the events @returns {Bar[]} by time
 */
export function barsOf(events, standing, ended = true) {
  /** @type {Map<string, Bar>} */
  const bars = new Map();
  const bar = (/** @type {{series: string, alert: string, since: number}} */ { series, alert, since }) => {
    const id = `${series} ${alert} ${since}`;
    const known = bars.get(id);
    if (known) return known;
    const made = { id, series, alert, from: since, to: null, silent: null, reason: "", raised: null, cleared: null, standing: null };
    bars.set(id, made);
    return made;
  };
  for (const event of [...events].sort((a, b) => a.time - b.time)) {
    const it = bar(event);
    if (event.what === "cleared") {
      it.to = event.time;
      it.cleared = event;
    } else if (!it.raised || (it.raised.silent && !event.silent)) {
      // What was raised silently and is told later is told.
      it.raised = event;
      it.silent = event.silent ?? null;
      it.reason = event.reason;
    }
  }
  for (const one of standing) {
    const it = bar(one);
    it.standing = one;
    it.to = null;
    it.reason = one.reason || it.reason;
    if (it.raised === null) it.silent = one.told === null ? one.silent : null;
  }
  const sorted = [...bars.values()].sort((a, b) => a.from - b.from);
  close(sorted, ended);
  return sorted;
}

/**
 * What is neither cleared nor raised now was forgotten, as by a state that was lost: all that is known is where it began. The last of
 * an alert may have ended later than is known.
 * @param {Bar[]} bars by time @param {boolean} ended
 */
function close(bars, ended) {
  const later = new Set();
  for (const bar of [...bars].reverse()) {
    const alert = `${bar.series} ${bar.alert}`;
    if (bar.to === null && !bar.standing) bar.to = ended || later.has(alert) ? bar.from : Infinity;
    later.add(alert);
  }
}

/**
 * Bars in lanes, one a series, those of several alerts below one another.
 * @param {Bar[]} bars @param {(series: string) => number} order @returns {{series: string, rows: {alert: string, bars: Bar[]}[]}[]}
 */
export function lanesOf(bars, order) {
  /** @type {Map<string, Map<string, Bar[]>>} */
  const lanes = new Map();
  for (const bar of bars) {
    const rows = lanes.get(bar.series) ?? new Map();
    lanes.set(bar.series, rows);
    rows.set(bar.alert, [...(rows.get(bar.alert) ?? []), bar]);
  }
  return [...lanes].sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1)).map(([series, rows]) => ({
    series,
    rows: [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([alert, own]) => ({ alert, bars: own })),
  }));
}

/** Whether a silence is about a target. @param {Silence} silence @param {string} series @param {Record<string, string>} own labels */
export function isAbout({ targets, labels }, series, own) {
  const path = series.split("~")[0];
  const here = targets.length === 0 || targets.some((target) => path === target || path.startsWith(`${target}.`));
  return here && Object.entries(labels).every(([name, value]) => own[name] === value);
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** More windows than this are a texture, not times. */
const MOST_WINDOWS = 120;

/**
 * The times in a range in which a silence holds.
 * @param {Silence} silence @param {number} from @param {number} to @param {(zone: string, time: number) => number} offset seconds that
 *   a zone's clocks are ahead of UTC @returns {[number, number][]}
 */
export function timesOf(silence, from, to, offset) {
  if (!silence.weekly) {
    const [start, end] = [Math.max(silence.from ?? from, from), Math.min(silence.until ?? to, to)];
    return start < end ? [[start, end]] : [];
  }
  const { days, from: begin, until, zone } = silence.weekly;
  const seconds = (/** @type {string} */ clock) => {
    const [hours, minutes] = clock.split(":").map(Number);
    return hours * 3600 + minutes * 60;
  };
  if ((to - from) / 86400 > MOST_WINDOWS) return [];
  const length = (seconds(until) - seconds(begin) + 86400) % 86400 || 86400;
  /** @type {[number, number][]} */
  const times = [];
  const first = Math.floor((from + offset(zone, from)) / 86400) - 1;
  for (let day = first; day * 86400 - offset(zone, to) <= to; day += 1) {
    if (!days.includes(DAYS[(((day + 4) % 7) + 7) % 7])) continue;
    const local = day * 86400 + seconds(begin);
    const start = local - offset(zone, local - offset(zone, local));
    const [low, high] = [Math.max(start, from), Math.min(start + length, to)];
    if (low < high) times.push([low, high]);
  }
  return times;
}
