// The rows of small graphs: asked for in few requests, and followed live.

import { Refused, ask, whyOf } from "../api.js";
import { model } from "../model.js";
import { append, has } from "./values.js";

/**
 * @typedef {import("../api.js").OverviewSeries} Rows
 * @typedef {{ids: string[], seen: boolean, changed: () => void}} Watcher
 */

/** Series in a request, and letters of their names: addresses are bounded. */
const MOST = 60;
const MOST_LETTERS = 6000;

/** Requests at a time. */
const AT_ONCE = 3;

/** What has left the picture is let go of this often. */
const AFRESH_MS = 3600000;

/** Asked again this long after the server could not answer. */
const RETRY_MS = 10000;

export class SmallRows {
  /** @param {{from: string, to: string, seconds: number}} range as the address has it; seconds: the configured one @param {Map<string, Rows>} [before] shown until there are others */
  constructor({ from, to, seconds }, before) {
    this.ask = { from: from || `-${Math.round(seconds)}s`, to };
    this.following = to === "" || to === "now";
    this.sliding = from === "" || /^(now)?-/.test(from);
    /** @type {{from: number, to: number} | null} */
    this.answered = null;
    /** @type {string | null} a sentence */
    this.failure = null;
    /** @type {Map<string, Rows>} */
    this.rows = new Map(before);
    /** The round that came last of each, by its start. @type {Map<string, number>} */
    this.last = new Map();
    /** What the stream told last of each: it may be newer than an answer that is under way. @type {Map<string, import("./values.js").Told>} */
    this.told = new Map();
    /** Asked for, or here. @type {Set<string>} */
    this.wanted = new Set();
    /** @type {string[]} */
    this.queue = [];
    this.running = 0;
    this.timer = 0;
    this.retry = 0;
    /** @type {Set<Watcher>} */
    this.watchers = new Set();
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    this.abort = new AbortController();
    this.deaf = model.onEvent((name, data) => {
      if (name === "states" && this.following) this.live(data);
      // Rounds that ended while there was no stream are not told again. Of another plan there are other rows soon.
      if (name === "hello" && data.missed && data.plan === model.outline?.plan) this.afresh();
    });
    this.clock = window.setInterval(() => document.visibilityState === "visible" && this.afresh(), AFRESH_MS);
  }

  stop() {
    clearTimeout(this.timer);
    clearTimeout(this.retry);
    clearInterval(this.clock);
    this.abort.abort();
    this.deaf();
  }

  /** Which time a graph shows; null until it is known. @returns {{from: number, to: number} | null} */
  span() {
    if (!this.answered) return null;
    if (!this.following) return this.answered;
    const to = Math.max(model.now(), this.answered.to);
    return { from: this.sliding ? to - (this.answered.to - this.answered.from) : this.answered.from, to };
  }

  /** Asks for what is not there yet. @param {string[]} ids @param {boolean} [now] nothing else is about to be wanted */
  want(ids, now = false) {
    const missing = ids.filter((id) => !this.wanted.has(id));
    for (const id of missing) this.wanted.add(id);
    this.queue.push(...missing);
    if (now) return this.flush();
    // All that come into sight together are asked for together.
    if (missing.length > 0) this.timer ||= window.setTimeout(() => this.flush(), 0);
  }

  /** Everything again, first what is in sight. */
  afresh() {
    if (!this.following && this.failure === null) return;
    this.wanted.clear();
    this.queue = [];
    for (const { ids, seen } of this.watchers) if (seen) this.want(ids);
  }

  /** @param {Watcher} watcher @returns {() => void} */
  watch(watcher) {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  /** @param {() => void} listener called when the span or the failure changes @returns {() => void} */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = 0;
    while (this.queue.length > 0 && this.running < AT_ONCE) {
      /** @type {string[]} */
      const part = [];
      for (let letters = 0; this.queue.length > 0 && part.length < MOST && letters < MOST_LETTERS;) {
        const id = this.queue.shift() ?? "";
        letters += id.length + 1;
        part.push(id);
      }
      void this.fetch(part);
    }
  }

  /** @param {string[]} ids */
  async fetch(ids) {
    this.running += 1;
    try {
      /** @type {import("../api.js").OverviewAnswer} */
      const answer = await ask("overview", { series: ids.join(","), from: this.ask.from, to: this.ask.to }, this.abort.signal);
      const first = this.answered === null || this.failure !== null;
      this.answered = { from: answer.from, to: answer.to };
      this.failure = null;
      for (const rows of answer.series) {
        this.rows.set(rows.series, rows);
        const index = model.indices.get(rows.series) ?? -1;
        const last = model.time[index];
        if (last) this.last.set(rows.series, last);
        const told = this.told.get(rows.series);
        if (told && this.following && !has(rows, told.time)) append(rows, told, this.step(index));
      }
      this.tell(new Set(ids));
      if (first) this.listeners.forEach((listener) => listener());
    } catch (error) {
      if (this.abort.signal.aborted) return;
      for (const id of ids) this.wanted.delete(id);
      this.failure = whyOf(error);
      // What it will not answer, it will not answer later either.
      if (!(error instanceof Refused) || error.status >= 500) {
        clearTimeout(this.retry);
        this.retry = window.setTimeout(() => this.afresh(), RETRY_MS);
      }
      this.listeners.forEach((listener) => listener());
    } finally {
      this.running -= 1;
      if (!this.abort.signal.aborted) this.flush();
    }
  }

  /** @param {{plan: string, series: [number, string, number | null, number | null, number | null, number | null][]}} states */
  live({ plan, series }) {
    if (plan !== model.outline?.plan) return;
    /** @type {Set<string>} */
    const changed = new Set();
    for (const [index, , loss, median, time, deviation] of series) {
      const id = model.series[index]?.id;
      if (id === undefined || time === null || !this.wanted.has(id) || time <= (this.last.get(id) ?? 0)) continue;
      const told = { time, loss, median, deviation };
      this.told.set(id, told);
      const rows = this.rows.get(id);
      if (!rows) continue;
      this.last.set(id, time);
      if (append(rows, told, this.step(index))) changed.add(id);
    }
    if (changed.size > 0) this.tell(changed);
  }

  /** Seconds between the rounds of a series. @param {number} index */
  step(index) {
    const probe = model.series[index]?.section.probe;
    return (probe !== undefined && model.outline?.probes[probe].step) || 1;
  }

  /** @param {Set<string>} ids */
  tell(ids) {
    for (const watcher of this.watchers) if (watcher.ids.some((id) => ids.has(id))) watcher.changed();
  }
}
