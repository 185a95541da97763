// What the page costs in a browser, printed: run by scripts/page-figures. Each is the median of some visits, each with
// an empty cache.

import { writeFileSync } from "node:fs";

import { closeBrowser, visiting } from "./support/browser.js";
import { chance, makeHistories } from "./support/history.js";
import { Server } from "./support/server.js";
import { crowd, scratchFolder } from "./support/site.js";

const VISITS = 7;

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * Opens an address and waits until `complete` holds in the page, looked at in each frame.
 * @param {string} base @param {string} address @param {string} complete an expression
 * @returns {Promise<{time: number, bytes: number, assets: number, requests: number}>}
 */
async function look(base, address, complete) {
  const seen = { time: 0, bytes: 0, assets: 0, requests: 0 };
  // Reading a canvas is what tells that it is drawn.
  await visiting(base, { mayFail: [/willReadFrequently/] }, async ({ page, context, still }) => {
    const devtools = await context.newCDPSession(page);
    await devtools.send("Network.enable");
    /** @type {Map<string, string>} */
    const urls = new Map();
    devtools.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response.url));
    devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      seen.bytes += encodedDataLength;
      seen.requests += 1;
      if (urls.get(requestId)?.includes("/assets/")) {
        seen.assets += encodedDataLength;
      }
    });
    await page.addInitScript(`(function look() {
      if (document.body && (${complete})) window.completeAt = performance.now();
      else requestAnimationFrame(look);
    })()`);
    await page.goto(base + address);
    seen.time = Number(await page.waitForFunction(() => /** @type {any} */ (window).completeAt).then((handle) => handle.jsonValue()));
    await still();
  });
  return seen;
}

/** @param {string} name @param {string} base @param {string} address @param {string} complete */
async function print(name, base, address, complete) {
  /** @type {Awaited<ReturnType<typeof look>>[]} */
  const visits = [];
  for (let visit = 0; visit < VISITS; visit++) {
    visits.push(await look(base, address, complete));
  }
  const of = (/** @type {(visit: typeof visits[0]) => number} */ part) => median(visits.map(part));
  const times = visits.map(({ time }) => time);
  console.log(`${name}: ${of(({ time }) => time).toFixed(0)} ms (${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}), `
    + `${(of(({ bytes }) => bytes) / 1e3).toFixed(0)} KB over the wire in ${of(({ requests }) => requests)} requests, `
    + `of it assets ${(of(({ assets }) => assets) / 1e3).toFixed(0)} KB`);
}

/** A server over a crowd of targets, for as long as `story` lasts. @param {number} sections @param {number} each @param {(url: string, folder: string) => Promise<void>} story @param {(folder: string) => Promise<void>} [fill] */
async function over(sections, each, story, fill) {
  const folder = scratchFolder();
  writeFileSync(`${folder.path}/config`, crowd(folder.path, sections, each, 300));
  await fill?.(folder.path);
  const server = await Server.start(`${folder.path}/config`);
  try {
    await story(server.url, folder.path);
  } finally {
    await server.stop();
    folder.remove();
  }
}

await over(100, 100, async (url) => {
  await print("first page of 10,000 targets", url, "/", `document.querySelector('[role="treeitem"]') && document.querySelector("article")`);
});

/** Rows of ten hours for each of a hundred targets. @param {string} folder */
async function fill(folder) {
  const now = Math.floor(Date.now() / 300_000) * 300;
  await makeHistories(Array.from({ length: 100 }, (_, target) => ({
    file: `${folder}/data/Section1/Line${target + 1}`, step: 300, pings: 3, days: 2,
    round: (time) => {
      const rtts = [0, 1, 2].map((ping) => 0.01 + target * 1e-4 + 1e-3 * chance(time + ping, target)).sort((a, b) => a - b);
      return { lost: 0, rtts };
    },
  })), now);
}

// Every graph in sight has ink in its middle line.
const DRAWN = `(() => {
  const canvases = [...document.querySelectorAll("article canvas")].filter((canvas) => canvas.getBoundingClientRect().top < innerHeight);
  return canvases.length > 3 && canvases.every((canvas) => {
    const data = canvas.width && canvas.getContext("2d").getImageData(Math.floor(canvas.width / 2), 0, 1, canvas.height).data;
    return data && data.some((value) => value > 0);
  });
})()`;

await over(1, 100, async (url) => {
  await print("overview of 100 targets", url, "/?target=Section1", DRAWN);
}, fill);

await closeBrowser();
