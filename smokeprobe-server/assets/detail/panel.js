// What one column of charts shows: a vantage point, or several overlaid, over all ranges of the page.

import { commonCeiling, logFloor, unison } from "../chart/scale.js";
import { hex } from "../chart/palette.js";
import { model } from "../model.js";
import { seriesName } from "../names.js";
import { Feed } from "./feed.js";

/** A series in a panel. @typedef {{id: string, index: number, name: string, color: string | null}} Member */
/** @typedef {import("./feed.js").Range} Range */

/** Colours of the overlaid where the configuration has none for a vantage point. */
const LOCAL_COLOR = "#1f77d0";

export class Panel {
  /** @param {string} key @param {Member[]} members @param {Range[]} ranges */
  constructor(key, members, ranges) {
    this.key = key;
    this.members = members;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** What the scales were made of. @type {unknown[]} */
    this.made = [];
    /** @type {{ceiling: number, floor: number | null}[] | null} */
    this.shared = null;
    /** Feeds of each range, in it of each member. */
    this.feeds = ranges.map((range) => members.map(({ id }) => new Feed(id, range, () => this.changed())));
  }

  /** Something of it is seen: all its ranges are asked for, because they share their heights. */
  start() {
    this.feeds.flat().forEach((feed) => feed.start());
  }

  /** Whether all is known that there is to draw. */
  get complete() {
    return this.feeds.flat().every((feed) => feed.frame || feed.error);
  }

  /** Whether its ranges are asked for. */
  get started() {
    return this.feeds.flat().every((feed) => feed.started);
  }

  /** The height of each range's scale, by the ranges that are known: they do not wait for the longest. @returns {{ceiling: number, floor: number | null}[] | null} */
  scales() {
    const detail = model.outline?.detail;
    if (!detail) return null;
    const made = [detail, ...this.feeds.flat().map(({ frame }) => frame)];
    if (this.shared && made.every((part, i) => part === this.made[i])) return this.shared;
    const frames = this.feeds.map((feeds) => feeds.flatMap(({ frame }) => frame ?? []));
    // A range without answers has no say.
    const own = frames.map((all) => (all.some(({ median }) => median.some(Number.isFinite)) ? commonCeiling(all, detail.max_rtt) : 0));
    this.made = made;
    this.shared = unison(own, detail.unison_tolerance).map((shared, i) => {
      const ceiling = shared > 0 ? shared : 1e-3;
      return { ceiling, floor: detail.logarithmic ? logFloor(frames[i], ceiling) : null };
    });
    return this.shared;
  }

  /** A round of one of its series has ended. @param {string} id @param {import("../api.js").Round} round */
  add(id, round) {
    for (const feeds of this.feeds) {
      feeds.forEach((feed, i) => feed.id === id && feed.add(round, stepOf(this.members[i])));
    }
  }

  /** Something may have been missed. */
  reload() {
    this.feeds.flat().forEach((feed) => feed.started && "from" in feed.range === false && void feed.load());
  }

  refresh() {
    for (const feeds of this.feeds) {
      feeds.forEach((feed, i) => feed.refresh(stepOf(this.members[i])));
    }
  }

  /** @param {() => void} listener @returns {() => void} stops listening */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  changed() {
    this.listeners.forEach((listener) => listener());
  }

  stop() {
    this.feeds.flat().forEach((feed) => feed.stop());
  }
}

/** Seconds a round of a series. @param {Member} member */
function stepOf({ index }) {
  return model.outline?.probes[model.series[index]?.section.probe ?? -1]?.step ?? 300;
}

/** Pings a round of a series. @param {Member} member */
export function pingsOf({ index }) {
  return model.outline?.probes[model.series[index]?.section.probe ?? -1]?.pings ?? 20;
}

/**
 * What the page of a section shows, by what the address says of vantage points.
 * @param {import("../model.js").Section} section @param {string} vantage @returns {{key: string, members: Member[]}[]}
 */
export function panelsOf(section, vantage) {
  const { outline } = model;
  if (!outline) return [];
  if (section.multihost?.length) {
    const members = section.multihost.flatMap((id, i) => {
      const index = model.indices.get(id);
      if (index === undefined) return [];
      const colors = outline.multihost_colors;
      return { id, index, name: seriesName(id), color: hex(colors[i % Math.max(colors.length, 1)] ?? LOCAL_COLOR) };
    });
    return members.length ? [{ key: section.path, members }] : [];
  }
  const members = section.series.map((index) => {
    const { id, slave } = model.series[index];
    const color = slave === null ? LOCAL_COLOR : hex(outline.vantages.slaves[slave]?.color ?? "888888");
    return { id, index, name: model.vantageName(slave), color };
  });
  if (vantage === "all" && members.length > 1) return [{ key: section.path, members }];
  const chosen = members.filter(({ index }) => (model.series[index].slave ?? "local") === vantage);
  return (chosen.length ? chosen : members).map((member) => ({ key: member.id, members: [{ ...member, color: null }] }));
}
