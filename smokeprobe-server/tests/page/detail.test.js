// A target's page: the configured ranges as smoke, their numbers, vantage points, the cross-hair.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";

import { INK } from "../../assets/chart/palette.js";
import { until } from "./support/server.js";
import { SILENT, SUSPECT } from "./support/site.js";
import { inked, site, visit } from "./support/stage.js";

/** @param {import("playwright-core").Page} page */
const figures = (page) => page.locator("figure.chart");

/** Waits until the charts in sight have their rows. @param {import("playwright-core").Page} page */
const drawn = (page) => page.locator('figure.chart[data-ready="true"]').first().waitFor();

/** The RTT as the page writes it. @param {number} seconds */
function written(seconds) {
  const [value, unit] = seconds >= 0.0009995 ? [seconds * 1e3, "ms"] : [seconds * 1e6, "µs"];
  return `${value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

/** What rrdtool reads of a file: the medians and the losses of the rows in a range. */
function rrdtool(/** @type {string} */ series, /** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ step) {
  const file = `${site.folder.path}/data/${series.replaceAll(".", "/")}.rrd`;
  const text = execFileSync("rrdtool", ["fetch", file, "AVERAGE", "-r", `${step}`, "-s", `${from}`, "-e", `${to - step}`], { encoding: "utf8" });
  const rows = text.split("\n").map((line) => /^(\d+): (.*)$/.exec(line)).filter((found) => found !== null)
    .map(([, time, values]) => [Number(time), ...values.trim().split(" ").map(Number)])
    .filter(([time]) => time > from && time <= to);
  const column = (/** @type {number} */ at) => rows.map((row) => row[at]).filter((value) => Number.isFinite(value));
  return { losses: column(2), medians: column(3) };
}

/**
 * Pixels of a canvas that have a colour, in a part of its width. With `printing` the canvas is looked at where a browser prints
 * it: after the event, before any frame.
 * @param {import("playwright-core").Locator} canvas @param {string} color `#rrggbb` @param {{from?: number, to?: number, printing?: boolean}} [where]
 */
const pixels = (canvas, color, { from = 0, to = 1, printing = false } = {}) => canvas.first().evaluate(async (element, { color, from, to, printing }) => {
  const canvas = /** @type {HTMLCanvasElement} */ (element);
  if (printing) dispatchEvent(new Event("beforeprint"));
  for (let i = 0; printing && i < 20; i += 1) await undefined;
  const ink = canvas.getContext("2d");
  if (!ink) return -1;
  const { data } = ink.getImageData(Math.round(canvas.width * from), 0, Math.max(Math.round(canvas.width * (to - from)), 1), canvas.height);
  if (printing) dispatchEvent(new Event("afterprint"));
  const wanted = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  let count = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255 && wanted.every((channel, i) => data[at + i] === channel)) count += 1;
  return count;
}, { color, from, to, printing });

/** Reading a canvas again and again is what browsers complain of. */
const OFTEN_READ = [/willReadFrequently/];

const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("a target's page", () => {
  test("has the configured ranges, drawn, with their numbers", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Console.BeijingConsole");
      await drawn(page);
      for (const [at, label] of ["Last 3 Hours", "Last 30 Hours", "Last 10 Days", "Last 360 Days"].entries()) {
        const figure = figures(page).nth(at);
        await figure.scrollIntoViewIfNeeded();
        await figure.and(page.locator('[data-ready="true"]')).waitFor();
        await still();
        assert.match(await figure.innerText(), new RegExp(label, "i"));
        assert.match(await figure.innerText(), /avg[\s\S]*max[\s\S]*min[\s\S]*now[\s\S]*sd[\s\S]*am\/s/);
        assert.ok(await inked(figure.locator("canvas").first()) > 20, label);
      }
      assert.match(await page.getByRole("main").innerText(), /20 DNS requests.* every 5 s/);
      // All was lost for five minutes of the last three hours.
      assert.match(await figures(page).first().innerText(), /100 %\s*max/);
    }));

  test("draws a range to its scale before the others are known", () =>
    visit({}, async ({ open, page, context }) => {
      /** @type {(value: unknown) => void} */
      let answer = () => {};
      const held = new Promise((resolve) => { answer = resolve; });
      // A year is asked for, and its answer is long in coming.
      await context.route(/\/api\/v1\/series\//, async (route) => {
        if (new URL(route.request().url()).searchParams.get("from") === `-${360 * 86400}s`) await held;
        await route.continue();
      });
      await open("/?target=Storage.NingxiaS3&vantage=tokyo");
      const figure = figures(page).first();
      await figure.getByText(/avg/).first().waitFor();
      assert.equal(await figure.getAttribute("data-ready"), "false");
      const ink = await figure.locator("canvas").first().evaluate((element, median) => {
        const canvas = /** @type {HTMLCanvasElement} */ (element);
        const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
        const wanted = [1, 3, 5].map((at) => Number.parseInt(median.slice(at, at + 2), 16));
        let lowest = 0;
        for (let at = 0; at < data.length; at += 4) if (wanted.every((channel, i) => data[at + i] === channel)) lowest = at / 4 / canvas.width;
        return lowest / canvas.height;
      }, "#1f9d55");
      assert.ok(ink > 0.2, `the median lies at ${ink} of the height: above the scale`);
      answer(undefined);
      await figure.and(page.locator('[data-ready="true"]')).waitFor();
    }));

  test("has the numbers that rrdtool reads from the file", () =>
    visit({}, async ({ open, page }) => {
      // Two days of rows of five minutes, from before yesterday: nothing is added there any more.
      const to = Math.floor(Date.now() / 300_000) * 300 - 26 * 3600;
      const from = to - 48 * 3600;
      const { medians, losses } = rrdtool("Console.BeijingConsole", from, to, 300);
      assert.ok(medians.length > 400, `only ${medians.length} rows`);
      await open(`/?target=Console.BeijingConsole&from=${from}&to=${to}`);
      await drawn(page);
      const text = (await figures(page).first().innerText()).replaceAll(/\s+/g, " ");
      for (const [value, kind] of /** @type {[number, string][]} */ ([[mean(medians), "avg"], [Math.max(...medians), "max"], [Math.min(...medians), "min"]])) {
        assert.ok(text.includes(`${written(value)} ${kind}`), `${written(value)} ${kind} in ${text}`);
      }
      const share = mean(losses) / 20 * 100;
      assert.ok(text.includes(`${share === 0 ? 0 : share < 1 ? share.toFixed(2) : share.toFixed(1)} % avg`), `${share} % in ${text}`);
    }));

  test("shows each vantage point, or all overlaid, or one", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/?target=Storage.NingxiaS3");
      await drawn(page);
      await page.getByRole("figure", { name: "Last 3 Hours, 东京 Tokyo" }).waitFor();
      assert.equal(await figures(page).count(), 8);
      const choice = page.getByRole("group", { name: "Vantage point" });
      await choice.getByRole("link", { name: "overlaid" }).click();
      await page.waitForURL((url) => url.searchParams.get("vantage") === "all");
      await page.locator("figure.chart").nth(4).waitFor({ state: "detached" });
      await drawn(page);
      assert.equal(await figures(page).count(), 4);
      assert.match(await figures(page).first().innerText(), /local[\s\S]*东京 Tokyo/);
      await choice.getByRole("link", { name: "东京 Tokyo" }).click();
      await page.waitForURL((url) => url.searchParams.get("vantage") === "tokyo");
      await page.reload();
      await drawn(page);
      assert.equal(query().get("vantage"), "tokyo");
      assert.equal(await figures(page).count(), 4);
    }));

  test("reads the round below the pointer on all charts", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Console.BeijingConsole&from=-5m");
      await drawn(page);
      // The last rounds are kept with all that is known of them.
      await page.locator(".u-over").first().hover({ position: { x: 600, y: 60 } });
      const figure = figures(page).first();
      await figure.locator(".reading:has(> .when)").waitFor();
      const box = await page.locator(".u-over").first().boundingBox();
      assert.ok(box);
      const shares = [0.997, 0.99, 0.98, 0.97];
      const text = String(await until("a round that is kept is read", async () => {
        const share = shares.shift() ?? 0.99;
        shares.push(share);
        await page.mouse.move(box.x + box.width * share, box.y + 40);
        const read = await figure.locator(".reading:has(> .when)").innerText({ timeout: 2000 });
        return /stamped by/.test(read) && read;
      }));
      assert.match(text, /median/);
      assert.match(text, /\d+\/20/);
      assert.match(text, /stamped by the (kernel|program)/);
      assert.match(text, /127\.0\.41\.1/);
      assert.ok(await figure.locator(".reading circle").count() >= 15, "each answer is a dot");
    }));

  test("says why there is nothing, and where the nearest data is", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Other.Evil&from=-3d&to=-2d");
      await page.getByRole("paragraph").filter({ hasText: "no data in this range" }).waitFor();
      await page.getByRole("button", { name: /nearest data/ }).click();
      await page.getByRole("paragraph").filter({ hasText: "no data in this range" }).waitFor({ state: "detached" });
      await open("/?target=Other.Game");
      await page.getByText("not measured").first().waitFor();
      assert.match(await page.getByRole("main").innerText(), /Qstat/);
      await open("/?target=Other.Unsourced");
      assert.match(await page.getByRole("main").innerText(), /unknown/);
      await page.getByText(/192\.0\.2\.1/).first().waitFor();
    }));

  test("says since when a vantage point is silent, and leads to what it last told", () =>
    visit({ theme: "dark", mayFail: OFTEN_READ }, async ({ open, page, query }) => {
      await open("/?target=Storage.BeijingS3&vantage=tokyo");
      const since = page.locator(".shown-state").getByRole("link", { name: /nothing has come since/ });
      await since.waitFor();
      const [, told] = /since (\S+ \S+)/.exec(await since.innerText()) ?? [];
      // Berlin is an hour or two ahead.
      const off = (Date.now() - Date.parse(`${told}Z`)) / 1000 - SILENT;
      assert.ok(Math.abs(off + 5400) < 2700, `${told} is ${off} s off`);
      assert.doesNotMatch(await page.getByRole("main").innerText(), /waiting for the first round/);
      const first = figures(page).first();
      await first.getByText(/nothing has come since/).waitFor();
      // What no round has come of is unknown, up to now.
      const second = figures(page).nth(1);
      await second.and(page.locator('[data-ready="true"]')).waitFor();
      assert.ok(await pixels(second.locator("canvas"), INK.dark.unknown, { from: 0.6, to: 0.61 }) > 50);
      assert.ok(await pixels(second.locator("canvas"), INK.dark.unknown, { from: 0.11, to: 0.12 }) < 50, "there were rounds then");
      await first.getByRole("button", { name: /nearest data/ }).click();
      await page.waitForURL((url) => url.searchParams.has("to"));
      await drawn(page);
      const near = Number(query().get("to")) - (Date.now() / 1000 - SILENT);
      assert.ok(near > 0 && near < 3600, `ends ${near} s after the last round`);
      assert.match(await first.innerText(), /avg[\s\S]*max/);
      await page.goBack();
      await since.click();
      await page.waitForURL((url) => url.searchParams.has("to"));
      await drawn(page);
      assert.match(await first.innerText(), /avg[\s\S]*max/);
    }));

  test("hatches rounds that our own starvation may have spoilt, and says so", () =>
    visit({ mayFail: OFTEN_READ }, async ({ open, page }) => {
      const { suspect } = await site.server.json("/api/v1/series/Console.NingxiaConsole?from=-3h&points=20000");
      // The machine may have been late itself since.
      assert.ok(suspect.length >= SUSPECT.rounds);
      // All but the first tenth is suspect.
      const from = suspect[0] - 65;
      await open(`/?target=Console.NingxiaConsole&from=${from}&to=${from + SUSPECT.rounds * 5}`);
      await drawn(page);
      const canvas = figures(page).first().locator("canvas");
      // The hatch alone lets the ground shine through.
      const hatched = async (/** @type {number} */ from) => canvas.evaluate((element, from) => {
        const canvas = /** @type {HTMLCanvasElement} */ (element);
        const box = canvas.getContext("2d")?.getImageData(canvas.width * from, canvas.height * 0.65, canvas.width * 0.06, canvas.height * 0.2).data ?? [];
        return [...box].filter((value, at) => at % 4 === 3 && value > 40 && value < 240).length;
      }, from);
      const [inside, outside] = [await hatched(0.6), await hatched(0.08)];
      assert.ok(inside > 300 && outside < 50, `${inside} and ${outside}`);
      const box = await page.locator(".u-over").first().boundingBox();
      assert.ok(box);
      await page.mouse.move(box.x + box.width * 0.6, box.y + 40);
      await figures(page).first().getByText("suspect: our own machine was late").waitFor();
      await page.mouse.move(box.x + box.width * 0.05, box.y + 40);
      await figures(page).first().getByText("suspect: our own machine was late").waitFor({ state: "detached" });
    }));

  test("says that the history cannot be read, and draws it when it can be", () =>
    visit({ mayFail: [/Failed to load resource/] }, async ({ open, page }) => {
      const file = `${site.folder.path}/data/Storage/NingxiaS3~tokyo.rrd`;
      const whole = readFileSync(file);
      try {
        writeFileSync(file, "no history at all");
        await open("/?target=Storage.NingxiaS3&vantage=tokyo");
        await figures(page).first().getByText(/history cannot be read|damaged/).waitFor();
        assert.equal(await page.getByRole("button", { name: /nearest data/ }).count(), 0);
      } finally {
        writeFileSync(file, whole);
      }
      await page.reload();
      await drawn(page);
    }));

  test("is printed light and without the tools", () =>
    visit({ theme: "dark", mayFail: OFTEN_READ }, async ({ open, page }) => {
      await open("/?target=Console.BeijingConsole&from=-3h");
      await drawn(page);
      const canvas = figures(page).first().locator("canvas");
      assert.ok(await pixels(canvas, INK.dark.axis) > 500);
      assert.ok(await pixels(canvas, INK.light.axis, { printing: true }) > 500, "drawn before the browser prints");
      await page.locator('html:not([data-theme="light"])').waitFor();
      await page.emulateMedia({ media: "print", colorScheme: "dark", reducedMotion: "reduce" });
      await page.locator('html[data-theme="light"]').waitFor();
      assert.ok(await pixels(canvas, INK.light.axis) > 500);
      for (const tool of [page.getByRole("navigation").first(), page.getByRole("form", { name: "Range" }), page.locator(".take"), page.locator(".replay button")]) {
        assert.equal(await tool.isVisible(), false);
      }
      await page.emulateMedia({ media: "screen", colorScheme: "dark", reducedMotion: "reduce" });
      await page.getByRole("form", { name: "Range" }).waitFor();
      assert.ok(await pixels(canvas, INK.dark.axis) > 500, "and dark on the screen again");
    }));

  test("tells of a standing alert, which leads to it", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/?target=Edge.Lossy");
      await page.getByRole("link", { name: /someloss since/ }).click();
      await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
      assert.equal(query().get("alert"), "someloss");
      assert.equal(query().get("target"), "Edge.Lossy");
    }));
});
