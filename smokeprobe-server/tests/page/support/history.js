// Histories as SmokePing would have left them: RRD files that rrdtool itself made and filled.

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";

/** Rows of each archive; with a step of 5 s they reach back 6 hours, 15 days and 400 days. */
export const ARCHIVES = [
  ["AVERAGE", 1, 4320],
  ["AVERAGE", 60, 4320],
  ["MIN", 60, 4320],
  ["MAX", 60, 4320],
  ["AVERAGE", 1440, 4800],
  ["MIN", 1440, 4800],
  ["MAX", 1440, 4800],
];

/**
 * A round of a history: lost pings and the answers, ascending, in seconds. `null`: nothing is known.
 * @typedef {{ lost: number, rtts: number[] } | null} HistoricRound
 *
 * @typedef {object} History
 * @property {string} file where it goes, without `.rrd`
 * @property {number} step
 * @property {number} pings
 * @property {number} days how far back it begins; below 1, only rounds, no older archives
 * @property {number} [silent] seconds since the last round
 * @property {(time: number) => HistoricRound} round what was measured in the slot that ended at this time
 */

/** A number in 0..1 that only depends on these two. */
export function chance(/** @type {number} */ seed, /** @type {number} */ salt) {
  let mixed = Math.imul(seed ^ (salt * 0x9e3779b9), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** `uptime:loss:median:ping1…` as SmokePing writes it: the answers in the middle of the pings. */
function row(/** @type {HistoricRound} */ round, /** @type {number} */ pings) {
  if (round === null) {
    return `U:U:U${":U".repeat(pings)}`;
  }
  const { lost, rtts } = round;
  const front = Math.floor(lost / 2);
  const cells = new Array(pings).fill("U");
  rtts.forEach((rtt, index) => (cells[front + index] = rtt.toExponential(6)));
  const median = rtts.length > 0 ? rtts[Math.floor(rtts.length / 2)].toExponential(6) : "U";
  return `U:${lost}:${median}:${cells.join(":")}`;
}

/**
 * The times to write at, oldest first. Old times are written as seldom as the archive that keeps them has rows: rrdtool
 * fills the steps between when the heartbeat allows it.
 */
function times(/** @type {History} */ history, /** @type {number} */ now) {
  const { step, days, silent = 0 } = history;
  const times = [];
  const [fine, middle] = [now - 4320 * step, now - 4320 * step * 60];
  const spans = [
    [Math.max(now - days * 86400, now - 4800 * step * 1440), middle, 1440 * step],
    [Math.max(now - days * 86400, middle), fine, 60 * step],
    [Math.max(now - days * 86400, fine), now, step],
  ];
  for (const [from, to, every] of spans) {
    for (let time = Math.ceil(from / every) * every; time <= Math.min(to, now - silent); time += every) {
      if (times.length === 0 || time > times[times.length - 1]) {
        times.push(time);
      }
    }
  }
  return times;
}

/** The commands for `rrdtool -` that make and fill a file. */
function* commands(/** @type {History} */ history, /** @type {number} */ now) {
  const { file, step, pings } = history;
  const written = times(history, now);
  const names = ["uptime", "loss", "median", ...Array.from({ length: pings }, (_, ping) => `ping${ping + 1}`)];
  const limit = (/** @type {string} */ name) => (name === "loss" ? pings : "U");
  const sources = names.map((name) => `DS:${name}:GAUGE:${2 * step}:0:${limit(name)}`).join(" ");
  const archives = ARCHIVES.map(([kind, steps, rows]) => `RRA:${kind}:0.5:${steps}:${rows}`).join(" ");
  const rrd = `${file}.rrd`;
  yield `create ${rrd} --start ${written[0] - step} --step ${step} ${sources} ${archives}`;
  const heartbeats = (/** @type {number} */ seconds) => names.map((name) => `--heartbeat ${name}:${seconds}`).join(" ");
  yield `tune ${rrd} ${heartbeats(1440 * step * 2)}`;
  for (let first = 0; first < written.length; first += 200) {
    const rows = written.slice(first, first + 200).map((time) => `${time}:${row(history.round(time), pings)}`);
    yield `update ${rrd} ${rows.join(" ")}`;
  }
  yield `tune ${rrd} ${heartbeats(2 * step)}`;
}

/** Makes the files of these histories, up to `now`. */
export async function makeHistories(/** @type {History[]} */ histories, /** @type {number} */ now) {
  const rrdtool = spawn("rrdtool", ["-"], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  rrdtool.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = new Promise((resolve, reject) => {
    rrdtool.on("close", resolve);
    rrdtool.on("error", (error) => reject(new Error(`rrdtool; install Debian's package rrdtool: ${error.message}`)));
  });
  rrdtool.stdin.on("error", () => {}); // What `close` and `said` tell is better.
  for (const history of histories) {
    mkdirSync(path.dirname(history.file), { recursive: true });
    for (const command of commands(history, now)) {
      if (!rrdtool.stdin.write(command + "\n")) {
        await Promise.race([new Promise((resolve) => rrdtool.stdin.once("drain", resolve)), ended]);
      }
    }
  }
  rrdtool.stdin.end();
  await ended;
  const errors = said.split("\n").filter((line) => line.startsWith("ERROR"));
  if (errors.length > 0) {
    throw new Error(`rrdtool: ${errors.slice(0, 3).join("; ")}`);
  }
}
