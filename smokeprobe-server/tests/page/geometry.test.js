// The page and the server's pictures agree: the same rows give the same numbers, as ../geometry has them of the server.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";

import { INK, builtIn, classOf, classesFor, legible, smokeColor } from "../../assets/chart/palette.js";
import { ceiling, commonCeiling, logFloor, unison } from "../../assets/chart/scale.js";
import { line, smoke, suspects } from "../../assets/chart/smoke.js";
import { steadiness, summary } from "../../assets/chart/stats.js";
import { times, values } from "../../assets/chart/ticks.js";

const FOLDER = new URL("../geometry/", import.meta.url);

/** @param {string} name @returns {any} */
const read = (name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));

/** Numbers that the server rounded to a millionth, or to twelve digits. */
function near(/** @type {any} */ ours, /** @type {any} */ theirs, /** @type {string} */ where) {
  if (typeof ours === "number" && typeof theirs === "number") {
    assert.ok(Math.abs(ours - theirs) <= Math.max(1e-5, Math.abs(theirs) * 1e-9), `${where}: ${ours}, in pictures ${theirs}`);
  } else if (Array.isArray(ours) && Array.isArray(theirs)) {
    assert.equal(ours.length, theirs.length, `${where}: as many`);
    ours.forEach((item, index) => near(item, theirs[index], `${where}[${index}]`));
  } else if (ours && theirs && typeof ours === "object" && typeof theirs === "object") {
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort(), where);
    Object.keys(ours).forEach((key) => near(ours[key], theirs[key], `${where}.${key}`));
  } else {
    assert.deepEqual(ours, theirs, where);
  }
}

/** Seconds that a zone is ahead of UTC. @param {string} zone @returns {(at: number) => number} */
function offsets(zone) {
  const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  return (at) => {
    const name = format.formatToParts(new Date(at * 1000)).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const found = /GMT([+-])(\d\d):(\d\d)/.exec(name);
    return found ? (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 3600 + Number(found[3]) * 60) : 0;
  };
}

/** @param {(number | null)[]} column */
const known = (column) => column.map((value) => value ?? NaN);

/** @param {{x0: number, x1: number, y: number}} level */
const levelOf = ({ x0, x1, y }) => [x0, x1, y];

/** @param {{x0: number, x1: number, top: number, bottom: number}} cell */
const cellOf = ({ x0, x1, top, bottom }) => [x0, x1, top, bottom];

/** @param {{x0: number, x1: number}[]} extents */
const extentsOf = (extents) => extents.map(({ x0, x1 }) => [x0, x1]);

/** @param {import("../../assets/chart/palette.js").LossClass[]} classes */
const classesOf = (classes) => classes.map(({ upTo, light, dark, label }) => ({ up_to: upTo, light, dark, label }));

const frames = readdirSync(FOLDER).filter((name) => name.endsWith(".json") && !Array.isArray(read(name)) && "frame" in read(name));

describe("page and pictures agree on", () => {
  test("so many frames", () => assert.ok(frames.length >= 10, `only ${frames.length} in ${FOLDER.pathname}`));

  for (const file of frames) {
    test(file, () => {
      const { frame: rows, drawing, geometry } = read(file);
      const frame = {
        start: rows.start, step: rows.step, pings: rows.pings, loss: known(rows.loss), median: known(rows.median),
        samples: rows.samples.map(known), suspect: geometry.suspect_rows,
      };
      const top = ceiling(frame, drawing.max_rtt);
      near(top, geometry.ceiling, "ceiling");
      near(commonCeiling([frame], drawing.max_rtt), geometry.common_ceiling, "common ceiling");
      near(logFloor([frame], top), geometry.log_floor, "logarithmic floor");

      const floor = drawing.logarithmic ? logFloor([frame], top) : null;
      const scale = { plot: drawing.plot, from: drawing.from, to: drawing.to, ceiling: top, floor };
      const axis = values(scale);
      near(axis.ticks, geometry.y_ticks, "RTT ticks");
      assert.equal(axis.unit, geometry.unit);
      near(times(scale, offsets(drawing.zone)), geometry.time_ticks, "time ticks");

      const classes = classesFor({ loss_colors: drawing.loss_colors, palette: drawing.palette }, frame.pings);
      near(classesOf(classes), geometry.classes, "classes");
      const marks = smoke(frame, scale, classes, drawing.now);
      assert.equal(marks.measured, geometry.measured);
      const bands = marks.bands.map(({ depth, runs }) => ({
        depth, light: smokeColor("light", depth, frame.pings), dark: smokeColor("dark", depth, frame.pings), runs: runs.map((run) => run.map(cellOf)),
      }));
      near(bands, geometry.bands, "bands");
      near(marks.joint.map((run) => run.map(levelOf)), geometry.joint, "joint");
      near(marks.median.map((piece) => ({ class: piece.class, levels: piece.levels.map(levelOf) })), geometry.median, "median");
      near(marks.rug.map((tick) => [tick.class, tick.x0, tick.x1, tick.share]), geometry.rug, "rug");
      near(extentsOf(marks.all_lost), geometry.all_lost, "all lost");
      near(extentsOf(marks.unknown), geometry.unknown, "unknown");
      near(extentsOf(suspects(frame, scale)), geometry.suspect, "suspect");

      const overlaid = line(frame, scale);
      near({ area: overlaid.area.map((run) => run.map(cellOf)), median: overlaid.median.map((run) => run.map(levelOf)) },
        geometry.line_min_max, "line");

      const numbers = summary(frame, drawing.from, drawing.to);
      for (const kind of /** @type {const} */ (["median", "loss"])) {
        const theirs = geometry.summary[kind];
        if (theirs) delete theirs.texts;
        near(numbers[kind], theirs, kind);
      }
      near(numbers.deviation, geometry.summary.deviation, "deviation");
      assert.equal(steadiness(numbers) === null, geometry.summary.steadiness === null, "steadiness");
    });
  }

  test("classes of loss, greys and inks", () => {
    const tables = read("classes.json");
    for (const palette of /** @type {const} */ (["default", "classic"])) {
      for (const { pings, classes, class_of: falls, smoke: greys } of tables[palette]) {
        const ours = builtIn(pings, palette);
        near(classesOf(ours), classes, `${palette} ${pings}`);
        near(falls.map((/** @type {number[]} */ [loss]) => [loss, classOf(ours, loss)]), falls, `${palette} ${pings}`);
        const shades = Array.from({ length: Math.floor(pings / 2) }, (_, band) => [smokeColor("light", band, pings), smokeColor("dark", band, pings)]);
        near(shades, greys, `smoke of ${pings}`);
      }
    }
    for (const { theme, ...ink } of tables.ink) {
      const ours = /** @type {Record<string, string>} */ (INK[/** @type {"light" | "dark"} */ (theme)]);
      for (const [part, color] of Object.entries(ours)) assert.equal(color, ink[part], `${theme} ${part}`);
    }
    for (const [color, light, dark] of tables.lines) {
      assert.deepEqual([legible(color, "light"), legible(color, "dark")], [light, dark], color);
    }
  });

  test("labels of the RTT axis", () => {
    for (const { ceiling: top, floor, height, ticks, unit } of read("value-ticks.json")) {
      const ours = values({ plot: { left: 0, top: 0, right: 600, bottom: height }, from: 0, to: 1, ceiling: top, floor });
      near(ours, { ticks, unit }, `up to ${top} from ${floor} on ${height}`);
    }
  });

  test("labels of the time axis", () => {
    for (const { from, to, width, utc_offset: offset, ticks } of read("time-ticks.json")) {
      const ours = times({ plot: { left: 58, top: 0, right: 58 + width, bottom: 100 }, from, to, ceiling: 1, floor: null }, () => offset);
      near(ours, ticks, `${from} to ${to}`);
    }
  });

  test("heights that graphs share", () => {
    for (const { ceilings, tolerance, shared } of read("unison.json")) {
      near(unison(ceilings, tolerance), shared, `${ceilings} within ${tolerance}`);
    }
  });

  test("numbers as people read them", async () => {
    // The module reads what a browser has.
    const page = { location: { search: "", pathname: "/" }, matchMedia: () => ({ matches: false, addEventListener() {} }), addEventListener() {},
      document: { documentElement: { dataset: {}, lang: "" } }, localStorage: { getItem: () => null }, navigator: { language: "en", languages: ["en"] } };
    for (const [name, value] of Object.entries(page)) Object.defineProperty(globalThis, name, { value, configurable: true });
    const format = await import("../../assets/format.js");
    const numbers = read("numbers.json");
    for (const [value, text] of numbers.rtt) assert.equal(format.rtt(value), text);
    for (const [value, text] of numbers.percent) assert.equal(format.percent(value), text);
  });
});
