// Bars of the alerts' timeline: from events and what stands now.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { barsOf, isAbout, lanesOf, timesOf } from "../../assets/alerts/bars.js";
import { MOST, historyOf } from "../../assets/alerts/history.js";

/** @param {string} what @param {number} since @param {number} time @param {object} [more] */
const event = (what, since, time, more = {}) =>
  /** @type {any} */ ({ series: "A.B", alert: "down", what, since, time, reason: `since ${since}`, ...more });

/** @param {number} since @param {object} [more] */
const standing = (since, more = {}) => /** @type {any} */ ({ series: "A.B", alert: "down", since, reason: "now", told: since, acknowledged: null, silent: null, ...more });

/** @param {import("../../assets/alerts/shapes.js").Bar[]} bars */
const ends = (bars) => bars.map(({ from, to }) => [from, to]);

test("a bar goes from raised to cleared", () => {
  assert.deepEqual(ends(barsOf([event("cleared", 100, 400), event("raised", 100, 100)], [])), [[100, 400]]);
});

test("a bar whose beginning is not among the events begins since when it was raised", () => {
  assert.deepEqual(ends(barsOf([event("cleared", 100, 400)], [])), [[100, 400]]);
});

test("what is raised now is open, whether its event is known or not", () => {
  assert.deepEqual(ends(barsOf([event("raised", 100, 100)], [standing(100)])), [[100, null]]);
  assert.deepEqual(ends(barsOf([], [standing(100)])), [[100, null]]);
});

test("what was never cleared and does not stand is not drawn for ever", () => {
  assert.deepEqual(ends(barsOf([event("raised", 100, 100), event("raised", 700, 700)], [standing(700)])), [[100, 100], [700, null]]);
});

test("what ended at a time that is not known goes on beyond the range, unless it was raised again", () => {
  const events = [event("raised", 100, 100), event("raised", 700, 700), event("cleared", 900, 950, { alert: "slow" })];
  assert.deepEqual(ends(barsOf(events, [], false)), [[100, 100], [700, Infinity], [900, 950]]);
});

test("a raise that was silent and is told later is told", () => {
  const silent = { silent: { why: "silenced", by: "s1" } };
  assert.deepEqual(barsOf([event("raised", 100, 100, silent)], [standing(100)])[0].silent, { why: "silenced", by: "s1" });
  assert.equal(barsOf([event("raised", 100, 100, silent), event("raised", 100, 400)], [standing(100)])[0].silent, null);
});

test("lanes stand in the order of the tree, an alert a row", () => {
  const bars = barsOf([event("raised", 1, 1), event("raised", 2, 2, { alert: "slow" }), event("raised", 3, 3, { series: "A.A" })], []);
  const lanes = lanesOf(bars, (series) => ["A.B", "A.A"].indexOf(series));
  assert.deepEqual(lanes.map(({ series, rows }) => [series, rows.map(({ alert }) => alert)]), [["A.B", ["down", "slow"]], ["A.A", ["down"]]]);
});

test("a silence is about what lies below its targets and has its labels", () => {
  const silence = (/** @type {object} */ scope) => /** @type {any} */ ({ targets: [], alerts: [], labels: {}, ...scope });
  assert.ok(isAbout(silence({ targets: ["A"] }), "A.B~far", {}));
  assert.ok(!isAbout(silence({ targets: ["A"] }), "AB", {}));
  assert.ok(isAbout(silence({ labels: { site: "bj" } }), "A", { site: "bj", rack: "7" }));
  assert.ok(!isAbout(silence({ labels: { site: "bj" } }), "A", {}));
});

test("a weekly window holds over midnight, in its own zone", () => {
  const silence = /** @type {any} */ ({ weekly: { days: ["sat"], from: "22:00", until: "06:00", zone: "East" } });
  const east = (/** @type {string} */ zone) => (zone === "East" ? 8 * 3600 : 0);
  // 2026-11-21 is a Saturday: 22:00 there is 14:00 UTC.
  const start = Date.UTC(2026, 10, 21, 14) / 1000;
  assert.deepEqual(timesOf(silence, start - 86400, start + 86400, east), [[start, start + 8 * 3600]]);
  assert.deepEqual(timesOf(silence, start + 3600, start + 7200, east), [[start + 3600, start + 7200]]);
  assert.deepEqual(timesOf(silence, start + 8 * 3600, start + 86400, east), []);
});

test("a silence without an end holds to the end of the range", () => {
  assert.deepEqual(timesOf(/** @type {any} */ ({ from: 50 }), 0, 100, () => 0), [[50, 100]]);
  assert.deepEqual(timesOf(/** @type {any} */ ({ from: 50, until: 60 }), 70, 100, () => 0), []);
});

describe("a history of more events than the server lists", () => {
  // A link that is down for a second every ten, since 1000; and an alert that outlasts what is looked at.
  const long = [event("raised", 1005, 1005, { alert: "long" }), event("cleared", 1005, 9_003, { alert: "long" })];
  const flapping = (/** @type {number} */ last) => Array.from({ length: (last - 1000) / 10 }, (_, i) => 1000 + 10 * i)
    .flatMap((time) => [event("raised", time, time), event("cleared", time, time + 1)]);
  const server = (/** @type {number} */ last) => {
    const events = [...flapping(last), ...long].filter(({ time }) => time <= last).sort((a, b) => b.time - a.time);
    /** @type {number[]} */
    const asked = [];
    const ask = async (/** @type {number} */ from, to = Infinity) => {
      const some = events.filter(({ time }) => time >= from && time < to).slice(0, MOST);
      asked.push(some.length);
      return some;
    };
    return { ask, asked };
  };
  const barsIn = (/** @type {import("../../assets/alerts/history.js").History} */ { events, until }) => barsOf(events, [], until === null);

  test("ends with what the newest have, and asks for no more", async () => {
    const { ask, asked } = server(5000);
    const history = await historyOf(ask, 1000, 1101);
    assert.deepEqual([history.since, history.until, asked.length], [null, null, 2]);
    assert.deepEqual(ends(barsIn(history)).slice(-1), [[1100, 1101]]);
  });

  test("has the ends of what was raised in a range of long ago", async () => {
    const { ask, asked } = server(15_000);
    const history = await historyOf(ask, 1000, 1101);
    assert.deepEqual([history.since, history.until], [null, null]);
    const bars = barsIn(history);
    assert.deepEqual(ends(bars.filter(({ alert }) => alert === "long")), [[1005, 9_003]]);
    assert.ok(bars.every(({ from, to }) => (to ?? 0) > from), "none is a point");
    assert.ok(asked.length <= 7, `${asked.length} questions`);
  });

  test("says from when on it has everything, and until when it knows what ended", async () => {
    const { ask, asked } = server(400_000);
    const history = await historyOf(ask, 1000, 1101);
    assert.equal(history.since, null);
    assert.ok(history.until !== null && history.until > 1101 && history.until < 9_003, String(history.until));
    assert.deepEqual(ends(barsIn(history).filter(({ alert }) => alert === "long")), [[1005, Infinity]]);
    assert.ok(asked.length <= 7, `${asked.length} questions`);
    const newest = await historyOf(ask, 1000, undefined);
    assert.ok(newest.since !== null && newest.since > 394_000 && newest.until === null, String(newest.since));
  });
});
