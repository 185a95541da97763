// Bars of the alerts' timeline: from events and what stands now.

import assert from "node:assert/strict";
import { test } from "node:test";

import { barsOf, isAbout, lanesOf, timesOf } from "../../assets/alerts/bars.js";

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
