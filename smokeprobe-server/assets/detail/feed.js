// The rows of one series over one range: asked for, kept up to date by the live stream, asked for anew when they are old.

import { Refused, ask, whyOf } from "../api.js";
import { frameOf, rowAt, withRound } from "../chart/frame.js";
import { model } from "../model.js";

/** A range of time: so many seconds up to now, since when, or from when to when. @typedef {{seconds: number} | {since: number} | {from: number, to: number}} Range */
/** @typedef {import("../chart/frame.js").Frame} Frame */

/** Rows asked for: as many as the server's pictures are made of, so that the numbers below both are the same. */
export const POINTS = 2000;

/** Rounds of the stream that are remembered until the rows that were asked for have them. */
const REMEMBERED = 32;

/** Requests for rows at once: a browser has six connections to a server, and one is the live stream's. */
const AT_ONCE = 4;

/** @type {(() => void)[]} */
const queue = [];
let running = 0;

/** Runs pieces of work, a few at once. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
function inTurn(work) {
  return new Promise((resolve, reject) => {
    const run = () => {
      running += 1;
      work().then(resolve, reject).finally(() => {
        running -= 1;
        queue.shift()?.();
      });
    };
    if (running < AT_ONCE) run();
    else queue.push(run);
  });
}

/** The times of a range now. @param {Range} range @param {number} [grain] now is taken in steps of so many seconds @returns {{from: number, to: number}} */
export function timesOf(range, grain = 0) {
  if ("from" in range) return range;
  const now = grain > 0 ? Math.floor(model.now() / grain) * grain : model.now();
  if ("since" in range) return { from: Math.min(range.since, now - 1), to: now };
  return { from: now - range.seconds, to: now };
}

export class Feed {
  /** @param {string} id of the series @param {Range} range @param {() => void} changed */
  constructor(id, range, changed) {
    this.id = id;
    this.range = range;
    this.changed = changed;
    /** @type {Frame | null} */
    this.frame = null;
    /** The server's sentence. @type {string | null} */
    this.error = null;
    /** What is shown is of another range; the rows of this one are asked for. */
    this.stale = false;
    this.started = false;
    this.asked = 0;
    this.timer = 0;
    /** The last rounds that were told. @type {import("../api.js").Round[]} */
    this.told = [];
    /** Seconds a round. */
    this.step = 0;
    /** @type {AbortController | null} */
    this.request = null;
  }

  /** Asks, unless it has. */
  start() {
    if (this.started) return;
    this.started = true;
    void this.load();
  }

  /** Another range; what was there is shown until the rows come. @param {Range} range @param {number} [patience] milliseconds to wait for yet another */
  move(range, patience = 0) {
    if (JSON.stringify(range) === JSON.stringify(this.range)) return;
    this.range = range;
    this.error = null;
    if (!this.started) return;
    this.stale = true;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.load(), patience);
  }

  async load() {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    this.asked = model.now();
    const { range } = this;
    const times = "from" in range ? { from: Math.floor(range.from), to: Math.ceil(range.to) }
      : { from: "since" in range ? Math.floor(range.since) : `-${range.seconds}s` };
    try {
      const rows = await inTurn(() => ask(`series/${encodeURIComponent(this.id)}`, { ...times, points: POINTS }, request.signal));
      if (this.request !== request) return;
      this.frame = this.completed(frameOf(rows));
      this.error = null;
    } catch (error) {
      if (this.request !== request || request.signal.aborted) return;
      // What was read stays on the screen while the server cannot be reached.
      if (!this.frame || (error instanceof Refused && error.status !== 503)) this.error = whyOf(error);
      this.asked = 0;
    }
    this.request = null;
    this.stale = false;
    this.changed();
  }

  /** Rows with the rounds that ended while they were asked for. @param {Frame} frame */
  completed(frame) {
    if ("from" in this.range || frame.step !== this.step) return frame;
    let whole = frame;
    for (const round of this.told) {
      const row = rowAt(whole, round.end);
      if (row === null ? round.end > whole.start : Number.isNaN(whole.loss[row])) whole = withRound(whole, round) ?? whole;
    }
    return whole;
  }

  /** A round has ended. @param {import("../api.js").Round} round @param {number} step seconds a round */
  add(round, step) {
    this.step = step;
    this.told = [...this.told.filter(({ end }) => end !== round.end), round].slice(-REMEMBERED);
    // Rows of an archive are longer than a round: they are asked for anew.
    if (!this.frame || "from" in this.range || this.frame.step !== step) return;
    const next = withRound(this.frame, round);
    if (!next) return;
    this.frame = next;
    this.changed();
  }

  /** Asks anew when rows of an archive have been added, or something may have been missed. @param {number} step seconds a round */
  refresh(step) {
    if (!this.started || this.request || this.stale) return;
    const age = model.now() - this.asked;
    if ("from" in this.range) {
      // A range in the past does not change; one that ended a moment ago may still get its last round.
      if (this.range.to < this.asked - 2 * step) return;
    }
    const live = model.connected === true && this.frame?.step === step;
    // A round that does not come is unknown once the server says so.
    const due = live && model.now() - (this.frame?.until ?? 0) < 2 * step + 5;
    const wait = this.error ? 10 : due ? 900 : Math.min(Math.max(this.frame?.step ?? step, 30), 3600);
    if (age > wait) void this.load();
  }

  stop() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
  }
}
