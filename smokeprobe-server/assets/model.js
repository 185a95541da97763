// What the page knows: the configuration's outline and how each series is, kept up to date by the live stream.

import { useEffect, useState } from "./vendor/preact.js";
import { Refused, ask, whyOf } from "./api.js";
import { setServerZone } from "./format.js";
import { LiveStream } from "./live.js";
import { sectionsOf } from "./sections.js";
import { lookAgain } from "./session.js";

/** @typedef {import("./api.js").Outline} Outline @typedef {import("./api.js").Notice} Notice */
/** @typedef {"fine" | "loss" | "lost" | "unknown" | "waiting" | "not_measured"} Condition */

/**
 * @typedef {import("./sections.js").Section} Section @typedef {import("./sections.js").Series} Series
 * @typedef {{condition: Condition, loss: number | null, median: number | null, time: number | null, raised: string[], silenced: boolean}} State
 * @typedef {{condition: Condition, index: number, raised: number, silenced: number}} Worst
 */

/** The worse the later. @type {Condition[]} */
export const WORSE = ["not_measured", "waiting", "fine", "unknown", "loss", "lost"];

/** @type {Record<string, Condition>} */
const LETTERS = { l: "lost", u: "unknown", w: "waiting", n: "not_measured" };

/** Asked again this long after it failed. */
const AFTER_FAILURE_MS = 3000;

class Model {
  constructor() {
    /** @type {Outline | null} */
    this.outline = null;
    /** @type {Section | null} */
    this.root = null;
    /** @type {Map<string, Section>} */
    this.sections = new Map();
    /** @type {Series[]} */
    this.series = [];
    /** @type {Map<string, number>} */
    this.indices = new Map();
    /** @type {string[]} */
    this.letters = [];
    /** @type {(number | null)[]} */
    this.loss = [];
    /** @type {(number | null)[]} */
    this.median = [];
    /** @type {(number | null)[]} */
    this.time = [];
    /** @type {Map<number, {names: string[], silenced: boolean}>} */
    this.raised = new Map();
    /** @type {Notice[]} */
    this.notices = [];
    /** Whether the stream runs; null before the first try ended. @type {boolean | null} */
    this.connected = null;
    /** When the server last told something, in its own time. */
    this.lastWord = 0;
    /** @type {string | null} */
    this.failure = null;
    this.ahead = 0;
    this.timer = 0;
    this.frame = 0;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** @type {Set<(name: string, data: any) => void>} */
    this.eventListeners = new Set();
    /** @type {Map<symbol, string[]>} */
    this.watched = new Map();
    /** @type {() => string[]} */
    this.first = () => [];
    /** The answers that are being read. @type {Promise<void> | null} */
    this.reading = null;
    /** The stream has told of another plan than the one that is being read. */
    this.outdated = false;
    this.stream = new LiveStream({
      onEvent: (name, data) => this.event(name, data),
      onUp: () => this.up(),
      onDown: () => this.down(),
    });
  }

  /** Reads everything and follows what happens. @param {() => string[]} [first] series that the page will watch at first @returns {Promise<void>} */
  start(first) {
    this.first = first ?? this.first;
    this.outdated = this.reading !== null;
    this.reading ??= this.read().finally(() => {
      this.reading = null;
      if (this.outdated) void this.start();
    });
    return this.reading;
  }

  async read() {
    clearTimeout(this.timer);
    try {
      const both = () => Promise.all([ask("outline"), ask("states")]);
      let [outline, states] = await both();
      // A reload of the configuration between the two answers: ask again, and what is shown stays until both agree.
      if (states.plan !== outline.plan) [outline, states] = await both();
      if (states.plan !== outline.plan) throw new Error("the configuration changed while the page read it");
      this.takeOutline(outline);
      this.takeStates(states);
      this.failure = null;
      this.stream.start(states.mark ?? "", [...this.first()].sort());
    } catch (error) {
      this.failure = whyOf(error);
      if (this.outline && !this.stream.runs()) this.connected = false;
      // Who has to sign in first begins anew then.
      if (!(error instanceof Refused && error.status === 401)) this.timer = window.setTimeout(() => this.start(), AFTER_FAILURE_MS);
    }
    this.changed();
  }

  /** The server's time now, in Unix seconds. */
  now() {
    return Date.now() / 1000 + this.ahead;
  }

  /** The section at a path; the top at the empty one. @param {string} path */
  section(path) {
    return path === "" ? this.root : this.sections.get(path);
  }

  /** How a series is. @param {number} index @returns {State} */
  state(index) {
    const raised = this.raised.get(index);
    return {
      condition: this.condition(index),
      loss: this.loss[index] ?? null,
      median: this.median[index] ?? null,
      time: this.time[index] ?? null,
      raised: raised?.names ?? [],
      silenced: raised?.silenced ?? false,
    };
  }

  /** @param {number} index @returns {Condition} */
  condition(index) {
    return LETTERS[this.letters[index]] ?? ((this.loss[index] ?? 0) > 0 ? "loss" : "fine");
  }

  /** The worst of a section's series and of all below it that is shown; null when there is none. @param {Section} section @returns {Worst | null} */
  worst(section) {
    let worst = -1;
    let index = -1;
    let raised = 0;
    let silenced = 0;
    for (let i = section.first; i < section.end; i += 1) {
      const { hidden } = this.series[i].section;
      if (hidden && !section.hidden) continue;
      const rank = WORSE.indexOf(this.condition(i));
      if (rank > worst) [worst, index] = [rank, i];
      const alerts = this.raised.get(i);
      if (alerts?.silenced) silenced += 1;
      else if (alerts) raised += 1;
    }
    return worst < 0 ? null : { condition: WORSE[worst], index, raised, silenced };
  }

  /** What a vantage point is called. @param {string | null} slave null: this machine */
  vantageName(slave) {
    const vantages = this.outline?.vantages;
    if (slave === null) return vantages?.local.name ?? "local";
    return vantages?.slaves[slave]?.name ?? slave;
  }

  /** Whole rounds of these series come as events `round` until the returned function is called. @param {string[]} series */
  watch(series) {
    const key = Symbol("watch");
    this.watched.set(key, series);
    this.watchAll();
    return () => {
      this.watched.delete(key);
      this.watchAll();
    };
  }

  /** @param {() => void} listener called at most once a frame @returns {() => void} stops listening */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Events of the live stream as they are. @param {(name: string, data: any) => void} listener @returns {() => void} */
  onEvent(listener) {
    this.eventListeners.add(listener);
    return () => void this.eventListeners.delete(listener);
  }

  watchAll() {
    this.stream.watch([...new Set([...this.watched.values()].flat())].sort());
  }

  up() {
    this.connected = true;
    this.changed();
  }

  /** Reads the states again. */
  async catchUp() {
    try {
      const { raised } = this;
      /** @type {import("./api.js").States} */
      const states = await ask("states");
      if (states.plan !== this.outline?.plan) return void this.start();
      const toldMeanwhile = this.raised !== raised && this.raised;
      const letters = [...states.state];
      states.time.forEach((time, index) => {
        const told = this.time[index] ?? 0;
        if (time === null || told <= time) return;
        // A round that the stream told meanwhile is newer than the answer.
        letters[index] = this.letters[index];
        [states.loss[index], states.median[index], states.time[index]] = [this.loss[index], this.median[index], told];
      });
      this.takeStates({ ...states, state: letters.join("") });
      // Should the answer be the newer one, the stream tells it too.
      if (toldMeanwhile) this.raised = toldMeanwhile;
      this.changed();
    } catch {
      // The stream runs; the next rounds come with it.
    }
  }

  down() {
    this.connected = false;
    this.changed();
    // A stream does not tell why it was refused.
    lookAgain().catch(() => {});
  }

  /** @param {string} name @param {any} data */
  event(name, data) {
    if (typeof data.now === "number") this.heard(data.now);
    if (name === "alive") return;
    if ((name === "plan" || name === "hello") && data.plan !== this.outline?.plan) void this.start();
    else if (name === "hello" && data.missed) void this.catchUp();
    if (name === "states" && data.plan === this.outline?.plan) {
      for (const [index, letter, loss, median, time] of data.series) {
        [this.letters[index], this.loss[index], this.median[index], this.time[index]] = [letter, loss, median, time];
      }
      if (data.raised) this.takeRaised(data.raised);
    }
    if (name === "notices") this.notices = data.notices;
    this.eventListeners.forEach((listener) => listener(name, data));
    this.changed();
  }

  /** @param {number} now */
  heard(now) {
    this.lastWord = now;
    this.ahead = now - Date.now() / 1000;
  }

  /** @param {Outline} outline */
  takeOutline(outline) {
    this.outline = outline;
    setServerZone(outline.zone);
    Object.assign(this, sectionsOf(outline.root));
    this.indices = new Map(this.series.map(({ id }, index) => [id, index]));
  }

  /** @param {import("./api.js").States} states */
  takeStates(states) {
    this.heard(states.now);
    this.letters = [...states.state];
    this.loss = states.loss;
    this.median = states.median;
    this.time = states.time;
    this.notices = states.notices;
    this.takeRaised(states.raised);
  }

  /** @param {import("./api.js").States["raised"]} raised */
  takeRaised(raised) {
    this.raised = new Map(raised.map(([index, names, silenced]) => [index, { names, silenced: silenced === true }]));
  }

  changed() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.listeners.forEach((listener) => listener());
    });
  }
}

export const model = new Model();

/** Draws a component anew when what the page knows changes. */
export function useModel() {
  const [, again] = useState(0);
  useEffect(() => model.subscribe(() => again((n) => n + 1)), []);
  return model;
}

/** Draws a component anew every second, for what counts time. */
export function useSeconds() {
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => again((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return model.now();
}
