// A site as somebody runs it: hosts that answer, a configuration, years of history, and the server.

import { mkdtempSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { Hosts } from "./echo.js";
import { ARCHIVES, chance, makeHistories } from "./history.js";
import { Server, until } from "./server.js";

/** A title in which everything must stay text. */
export const EVIL = `<script>document.title = "evil"</script>"&amp;<b>bold</b>`;
export const EVIL_REMARK = `<img src="x" onerror="document.title='evil'"> & nothing more`;

/** Where the hosts of the site are. */
export const HOSTS = {
  beijingConsole: "127.0.41.1",
  ningxiaConsole: "127.0.41.2",
  beijingS3: "127.0.41.3",
  ningxiaS3: "127.0.41.4",
  lossy: "127.0.41.5",
  /** Nobody is there, and the system says so at once: to wait for each ping would take nearly all of the step. */
  dead: "127.0.41.6",
  flapping: "127.0.41.7",
  evil: "127.0.41.8",
};

/** Where the server is. Nothing else listens there or goes out from there, so that a server that is started again gets its port. */
const SERVER = "127.0.41.100";

const STEP = 5;
const DAY = 86400;

/** Seconds since Storage.BeijingS3~tokyo was heard of. */
export const SILENT = 26 * 3600;

/** Seconds since the first of the suspect rounds of Console.NingxiaConsole when the site started, and how many they are. */
export const SUSPECT = { since: 5400, rounds: 120 };

/** The table and sections that all sites here have. */
export function frame(/** @type {{ folder: string, step?: number, pings?: number }} */ { folder, step = STEP, pings = 20 }) {
  const archives = ARCHIVES.map(([kind, steps, rows]) => `${kind} 0.5 ${steps} ${rows}`).join("\n");
  return `
*** General ***
owner = Network team
contact = noc@example.cn
cgiurl = http://noc.example.cn/smokeping.cgi
datadir = ${folder}/data

*** Database ***
step = ${step}
pings = ${pings}
${archives}
`;
}

function configuration(/** @type {string} */ folder, /** @type {number} */ port) {
  return `${frame({ folder })}
*** Presentation ***
charset = utf-8
+ overview
width = 600
height = 50
range = 10h
+ detail
width = 600
height = 200
unison_tolerance = 2
"Last 3 Hours" 3h
"Last 30 Hours" 30h
"Last 10 Days" 10d
"Last 360 Days" 360d
+ charts
menu = Charts
title = The most interesting destinations
++ stddev
sorter = StdDev(entries=>4)
title = Top StdDev
menu = StdDev
format = Standard deviation %f
++ max
sorter = Max(entries=>5)
title = Top Max
menu = by Max
format = Max RTT %f seconds
++ loss
sorter = Loss(entries=>5)
title = Top Loss
menu = Loss
format = Packets lost %f
++ median
sorter = Median(entries=>5)
title = Top Median
menu = Median
format = Median RTT %f seconds
+ hierarchies
++ owner
title = By owner
++ place
title = 按地区

*** Probes ***
+ AnotherDNS
mininterval = 0.02
timeout = 1
port = ${port}
++ Asked
pings = 20
++ AskedFew
pings = 4
+ FPing
hostinterval = 0.02
+ Qstat
binary = /bin/true
game = quake3

*** Alerts ***
to = |/bin/true
from = noc@example.cn
+ someloss
type = loss
pattern = >0%
edgetrigger = yes
comment = loss 3 times in a row
+ hostdown
type = loss
pattern = ==100%
edgetrigger = yes
comment = nothing answers
+ slow
type = rtt
pattern = >500
edgetrigger = yes
comment = slow

*** Slaves ***
secrets = ${folder}/secrets
+ tokyo
display_name = 东京 Tokyo
color = d95f02

*** Targets ***
probe = Asked
menu = Top
title = AWS China Network Latency
remark = AWS中国区网络延迟监控

+ Console
menu = 控制台
title = AWS控制台监控
++ BeijingConsole
menu = 北京控制台
title = AWS北京区控制台
host = ${HOSTS.beijingConsole}
parents = owner:/Ann place:/North
++ NingxiaConsole
menu = 宁夏控制台
title = AWS宁夏区控制台
host = ${HOSTS.ningxiaConsole}
parents = owner:/Bob/Console place:/NorthWest

+ Storage
menu = 存储服务
title = AWS存储服务监控
remark = S3 of both regions
++ BeijingS3
menu = 北京S3
title = AWS北京区S3
host = ${HOSTS.beijingS3}
slaves = tokyo
parents = owner:/Ann
++ NingxiaS3
menu = 宁夏S3
title = AWS宁夏区S3
host = ${HOSTS.ningxiaS3}
slaves = tokyo
++ Both
menu = Both regions
title = S3 of both regions, together
host = /Storage/BeijingS3 /Storage/NingxiaS3 /Storage/NingxiaS3~tokyo

+ Edge
menu = Edge
title = Sites with troubles
alerts = someloss,hostdown
++ Lossy
menu = Lossy link
title = A link that loses some
host = ${HOSTS.lossy}
++ Dead
probe = AskedFew
menu = Dead link
title = A link that is down
host = ${HOSTS.dead}
++ Flapping
menu = Flapping link
title = A link that comes and goes
host = ${HOSTS.flapping}

+ Near
menu = Near
title = This machine
probe = FPing
++ Loopback
menu = Loopback
title = ICMP over loopback
host = 127.0.0.1

+ Other
menu = Other
title = ${EVIL}
remark = ${EVIL_REMARK}
++ Evil
menu = ${EVIL}
title = ${EVIL}
remark = ${EVIL_REMARK}
host = ${HOSTS.evil}
++ Game
probe = Qstat
menu = Game server
title = A probe that there is not
host = 127.0.41.20
++ Roaming
menu = Roaming office
title = Tells its own address
host = DYNAMIC/c2VjcmV0c2VjcmV0c2VjcmV0
++ Secret
menu = Hidden one
title = Hidden from the tree
hide = yes
host = 127.0.41.1
++ Unsourced
probe = FPing
menu = Cannot be measured
title = Measured from an address that is not ours
sourceaddress = 192.0.2.1
host = 127.0.0.1
`;
}

/**
 * How a target behaved: a base that moves with the time of day, spikes, losses, gaps, a stretch where all is lost.
 * @param {{ seed: number, base: number, loss?: number, gaps?: boolean, outage?: boolean }} character
 * @param {number} now
 * @param {number} [pings]
 */
function behaviour({ seed, base, loss = 0.02, gaps = true, outage = true }, now, pings = 20) {
  return (/** @type {number} */ time) => {
    const back = now - time;
    // Two hours that nobody measured: a day ago and a hundred days ago; and 20 minutes in the last three hours.
    if (gaps && ((back > 20 * 3600 && back < 22 * 3600) || (back > 100 * DAY && back < 103 * DAY) || (back > 6000 && back < 7200))) {
      return null;
    }
    if (outage && ((back > 3000 && back < 3300) || (back > 2 * DAY && back < 2.2 * DAY) || (back > 200 * DAY && back < 202 * DAY))) {
      return { lost: pings, rtts: [] };
    }
    const dice = chance(time, seed);
    const lost = dice < loss ? 1 + Math.floor(chance(time, seed + 1) ** 3 * (pings - 2)) : 0;
    const daily = 1 + 0.25 * Math.sin((time / DAY) * 2 * Math.PI);
    const spike = chance(Math.floor(time / 600), seed + 2) > 0.985 ? 2.5 : 1;
    const rtts = Array.from({ length: pings - lost }, (_, ping) => {
      const tail = chance(time + ping, seed + 3);
      return base * daily * spike * (1 + 0.05 * tail + 0.3 * tail ** 8);
    });
    return { lost, rtts: rtts.sort((a, b) => a - b) };
  };
}

/** The histories of the site, by series. */
function histories(/** @type {string} */ folder, /** @type {number} */ now) {
  const of = (
    /** @type {string} */ name,
    /** @type {Parameters<typeof behaviour>[0]} */ character,
    { days = 400, pings = 20, silent = 0 } = {},
  ) => ({ file: `${folder}/data/${name}`, step: STEP, pings, days, silent, round: behaviour(character, now, pings) });
  return [
    of("Console/BeijingConsole", { seed: 1, base: 0.0283 }),
    of("Console/NingxiaConsole", { seed: 2, base: 0.0341, loss: 0.01 }, { days: 2 }),
    of("Storage/BeijingS3", { seed: 3, base: 0.0042, loss: 0.005, outage: false }, { days: 2 }),
    of("Storage/BeijingS3~tokyo", { seed: 4, base: 0.071, loss: 0.05 }, { days: 2, silent: SILENT }),
    of("Storage/NingxiaS3", { seed: 5, base: 0.0058 }),
    of("Storage/NingxiaS3~tokyo", { seed: 6, base: 0.083, loss: 0.08 }),
    of("Edge/Lossy", { seed: 7, base: 0.045, loss: 0.6 }, { days: 2 }),
    of("Edge/Dead", { seed: 8, base: 0.02, loss: 0.1 }, { days: 2, pings: 4 }),
    of("Other/Evil", { seed: 9, base: 0.012 }, { days: 0.2 }),
  ];
}

/** A folder that goes away with the tests. */
export function scratchFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), "smokeprobe-page-"));
  mkdirSync(path.join(folder, "data"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  return { path: folder, remove };
}

/** Everything that the tests of the page look at. */
export class Site {
  /** @param {{ path: string, remove: () => void }} folder @param {Hosts} hosts @param {Server} server */
  constructor(folder, hosts, server) {
    this.folder = folder;
    this.hosts = hosts;
    this.server = server;
  }

  static async start() {
    const folder = scratchFolder();
    const hosts = await Hosts.start({
      [HOSTS.beijingConsole]: { delay: 28, jitter: 4 },
      [HOSTS.ningxiaConsole]: { delay: 34, jitter: 3 },
      [HOSTS.beijingS3]: { delay: 4, jitter: 1 },
      [HOSTS.ningxiaS3]: { delay: 6, jitter: 2 },
      [HOSTS.lossy]: { delay: 45, jitter: 9, lose: 2 },
      [HOSTS.flapping]: { delay: 15, jitter: 3, lose: 1 },
      [HOSTS.evil]: { delay: 12, jitter: 1 },
    });
    writeFileSync(`${folder.path}/secrets`, "tokyo:secret\n", { mode: 0o600 });
    writeFileSync(`${folder.path}/config`, configuration(folder.path, hosts.port));
    const now = Math.floor(Date.now() / 1000);
    await makeHistories(histories(folder.path, now - (now % STEP)), now);
    const suspect = Array.from({ length: SUSPECT.rounds }, (_, round) => now - (now % STEP) - SUSPECT.since + round * STEP);
    writeFileSync(`${folder.path}/data/smokeprobe-suspects.log`, suspect.map((end) => `${end} Console.NingxiaConsole\n`).join(""));
    const server = await Server.start(`${folder.path}/config`, `${SERVER}:0`);
    return new Site(folder, hosts, server);
  }

  /** Waits until every target had its rounds, and the flapping link raised its alert and cleared it. */
  async settle() {
    const what = () => this.server.json("/api/v1/alerts/events?target=Edge.Flapping").then(({ events }) =>
      events.map((/** @type {any} */ { event }) => event.what));
    await until("the alert is raised", async () => (await what()).includes("raised"));
    this.hosts.change(HOSTS.flapping, { delay: 15, jitter: 3 });
    await until("the alert is cleared", async () => (await what()).includes("cleared"));
  }

  /** Writes the configuration, changed so, and whole: the server sees that by itself, and looks at any time. */
  configure(/** @type {(text: string) => string} */ change) {
    const file = `${this.folder.path}/config`;
    writeFileSync(`${file}.new`, change(configuration(this.folder.path, this.hosts.port)));
    renameSync(`${file}.new`, file);
  }

  /** Starts the server again, where it was. */
  async restart() {
    this.server = await Server.start(`${this.folder.path}/config`, new URL(this.server.url).host);
  }

  async stop() {
    await this.server.stop();
    this.hosts.stop();
    this.folder.remove();
  }
}

/** A configuration of many targets; by default they are measured once a day. */
export function crowd(/** @type {string} */ folder, /** @type {number} */ sections, /** @type {number} */ each, step = 86400) {
  const numbers = (/** @type {number} */ count) => Array.from({ length: count }, (_, index) => index + 1);
  const targets = numbers(sections).map((section) => `
+ Section${section}
menu = Section ${section}
title = Title of section ${section}
${numbers(each).map((target) => `++ Line${target}
menu = Line ${section}-${target}
title = Title of line ${section}-${target}
host = 127.${section}.${target}.1`).join("\n")}`);
  return `${frame({ folder, step, pings: 3 })}
*** Presentation ***
+ overview
width = 600
height = 50
range = 10h
+ detail
width = 600
height = 200
"Last 3 Hours" 3h
*** Probes ***
+ FPing
*** Targets ***
probe = FPing
menu = Top
title = Many targets
${targets.join("\n")}
`;
}
