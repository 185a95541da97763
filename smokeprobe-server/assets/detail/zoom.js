// The range in the address, and gestures that change it.

import { useEffect, useState } from "../vendor/preact.js";
import { ask, whyOf } from "../api.js";
import * as format from "../format.js";
import { model } from "../model.js";
import { go, onRoute, route } from "../route.js";
import { short } from "./words.js";

/** @typedef {import("./feed.js").Range} Range */

/** A range of a gesture that is under way, in one chart or in all. @typedef {{from: number, to: number, chart: string}} Drift */

const SHORTEST = 10;
const LONGEST = 20 * 365 * 86400;

/** Milliseconds without a gesture until the address follows. */
const CALM = 180;

/** Seconds of what people write. @type {Record<string, number>} */
const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Seconds that `-3h` or `-1h30m` goes back; null when it is something else. @param {string} text */
export function secondsBack(text) {
  const parts = [...text.matchAll(/(\d{1,9})([smhdw])/g)];
  if (!/^-(\d{1,9}([smhdw]))+$/.test(text)) return null;
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit], 0);
  return seconds > 0 ? seconds : null;
}

/** Unix seconds; null when it is something else. @param {string} text */
const unix = (text) => (/^\d{1,11}$/.test(text) ? Number(text) : null);

/** What the address says, where it can be said without the server. @param {string} from @param {string} to @returns {Range | null} */
export function plain(from, to) {
  const ends = to === "" || to === "now";
  const back = secondsBack(from);
  if (back !== null && ends) return { seconds: back };
  const start = unix(from);
  const end = ends ? model.now() : unix(to);
  // What has not been yet is the server's to refuse.
  if (start === null || end === null || start >= end || start > model.now()) return null;
  // An end in the future is now, and follows: with the time as it goes by, each look would be at another range.
  return ends || end > model.now() ? { since: start } : { from: start, to: end };
}

/**
 * The range that the address asks for. Null: the configured ones. `pending` while the server is asked what it means.
 * @param {string} series one of those shown, to ask with @returns {{range: Range | null, pending: boolean, error: string | null}}
 */
export function useZoom(series) {
  const { from, to } = route();
  const key = `${from} ${to}`;
  const [told, tell] = useState(/** @type {{key: string, range: Range | null, error: string | null}} */ ({ key: "", range: null, error: null }));
  const known = from === "" ? null : plain(from, to);
  useEffect(() => {
    if (from === "" || known !== null || told.key === key) return undefined;
    const request = new AbortController();
    resolved(series, from, to).then(
      (range) => !request.signal.aborted && tell({ key, range, error: null }),
      (error) => !request.signal.aborted && tell({ key, range: null, error: whyOf(error) }),
    );
    return () => request.abort();
  }, [key, series]);
  if (from === "") return { range: null, pending: false, error: null };
  if (known !== null) return { range: known, pending: false, error: null };
  return told.key === key ? { range: told.range, pending: false, error: told.error } : { range: null, pending: true, error: null };
}

/** Asks the server what two texts mean. It says what is wrong with them. @param {string} series @param {string} from @param {string} to @param {AbortSignal} [signal] @returns {Promise<Range>} */
export async function resolve(series, from, to, signal) {
  const rows = await ask(`series/${encodeURIComponent(series)}`, { from, to, points: 1 }, signal);
  if (to === "" || to === "now") return /^(-|now)/.test(from) ? { seconds: Math.max(1, Math.round(rows.to - rows.from)) } : { since: rows.from };
  return { from: rows.from, to: rows.to };
}

/** What a chart and the field above it ask at the same moment. @type {Map<string, Promise<Range>>} */
const under = new Map();

/** @param {string} series @param {string} from @param {string} to @returns {Promise<Range>} */
function resolved(series, from, to) {
  const key = `${from} ${to}`;
  const answer = under.get(key) ?? resolve(series, from, to);
  if (!under.has(key)) {
    under.set(key, answer);
    const forget = () => under.delete(key);
    answer.then(forget, forget);
  }
  return answer;
}

/** A range within what there can be. @param {number} from @param {number} to @returns {[number, number]} */
export function bounded(from, to) {
  const span = Math.min(Math.max(to - from, SHORTEST), LONGEST);
  const middle = (from + to) / 2;
  const end = Math.min(middle + span / 2, model.now());
  const start = Math.max(end - span, 0);
  return [start, Math.max(end, start + SHORTEST)];
}

/** A range as the address has it: one that reaches to now follows. @param {number} from @param {number} to */
export function written(from, to) {
  const span = to - from;
  // Whole minutes where nobody sees the difference.
  const grain = span >= 7200 ? 60 : 1;
  if (to >= model.now() - span / 200) return { from: `-${short(Math.max(Math.round(span / grain) * grain, 1))}`, to: "" };
  return { from: String(Math.floor(from)), to: String(Math.ceil(to)) };
}

/**
 * A range as people read it, in the zone on the screen.
 * @param {string} from @param {string} to @param {Range | null} [range] what the server takes them for, where it was asked: dates
 *   without a zone are in its own
 */
export function readable(from, to, range = null) {
  if (range && "from" in range) return readable(String(Math.floor(range.from)), String(Math.ceil(range.to)));
  if (range && "since" in range) return readable(String(Math.floor(range.since)), "");
  const [first, last] = [unix(from), unix(to)];
  // Seconds are worth their room in short ranges only.
  const fine = first !== null && (last ?? model.now()) - first < 900;
  const word = (/** @type {string} */ text) => {
    const at = unix(text);
    return at === null ? text : format.dateTime(at, fine);
  };
  const back = secondsBack(from);
  const start = back !== null ? `-${short(back)}` : word(from);
  if (to === "") return start;
  const [date, clock] = word(to).split(" ");
  return clock && start.startsWith(`${date} `) ? `${start} … ${clock}` : `${start} … ${word(to)}`;
}

/**
 * What people write into the field. A date without a zone is meant in the zone on the screen, and the server reads it in
 * its own: so it is told which.
 * @param {string} text @returns {{from: string, to: string}}
 */
export function typed(text) {
  const [from = "", to = "", ...more] = text.trim().split(/\s*(?:…|\.{2,3}|–|—|\s-\s|\s(?:to|until|bis|至|到)\s|~)\s*/);
  const zoned = (/** @type {string} */ part) => {
    const [, date, clock] = /^(\d{4}-\d\d-\d\d)(?:[ T]+(\d\d:\d\d(?::\d\d)?))?$/.exec(part) ?? [];
    if (!date) return part;
    const utc = Date.parse(`${date}T${clock ?? "00:00"}Z`) / 1000;
    if (!Number.isFinite(utc)) return part;
    return String(utc - format.utcOffset(utc - format.utcOffset(utc)));
  };
  let end = [to, ...more].join(" ").trim();
  // A clock alone is on the day that the range starts.
  const [day] = /^\d{4}-\d\d-\d\d(?= )/.exec(from) ?? [];
  if (day && /^\d\d:\d\d(:\d\d)?$/.test(end)) end = `${day} ${end}`;
  return { from: zoned(from), to: end === "now" || end === "现在" || end === "当前" ? "" : zoned(end) };
}

/** The gestures of a page: what is under way is shown at once, the address and the data follow when it is over. */
export class Gliding {
  constructor() {
    /** @type {Drift | null} */
    this.drift = null;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    this.timer = 0;
    /** How many steps of the back button are ours. */
    this.steps = 0;
    this.last = -Infinity;
    this.forget = onRoute(() => {
      if (route().from === "") this.steps = 0;
    });
  }

  /** @param {() => void} listener @returns {() => void} */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** A gesture moved a chart. @param {[number, number]} range @param {boolean} done @param {string} chart */
  move(range, done, chart) {
    const [from, to] = bounded(...range);
    this.drift = { from, to, chart };
    this.changed();
    clearTimeout(this.timer);
    if (done) this.timer = window.setTimeout(() => this.settle(), CALM);
  }

  /** Puts what a gesture came to into the address: one step for the back button for all that belong together. */
  settle() {
    if (!this.drift) return;
    const { from, to } = this.drift;
    const together = performance.now() - this.last < 1500 && route().from !== "";
    this.last = performance.now();
    this.drift = null;
    this.go(written(from, to), together);
    this.changed();
  }

  /** A range was chosen. @param {[number, number]} range */
  zoom(range) {
    clearTimeout(this.timer);
    this.drift = null;
    this.go(written(...bounded(...range)), false);
  }

  /** @param {{from: string, to: string}} to @param {boolean} replace */
  go(to, replace) {
    if (!replace) this.steps += 1;
    go(to, { replace });
  }

  /** To where one was before. */
  back() {
    if (this.steps > 0) {
      this.steps -= 1;
      history.back();
    } else {
      this.reset();
    }
  }

  /** To the configured ranges. */
  reset() {
    clearTimeout(this.timer);
    this.drift = null;
    this.changed();
    go({ from: "", to: "" });
  }

  stop() {
    clearTimeout(this.timer);
    this.forget();
  }

  changed() {
    this.listeners.forEach((listener) => listener());
  }
}
