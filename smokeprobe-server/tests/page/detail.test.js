// A target's page: the configured ranges as smoke, their numbers, vantage points, the cross-hair.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";

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
      for (const share of [0.997, 0.99, 0.98, 0.97]) {
        await page.mouse.move(box.x + box.width * share, box.y + 40);
        if (/stamped by/.test(await figure.locator(".reading:has(> .when)").innerText().catch(() => ""))) {
          break;
        }
      }
      const text = await figure.locator(".reading:has(> .when)").innerText();
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

  test("tells of a standing alert, which leads to it", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/?target=Edge.Lossy");
      await page.getByRole("link", { name: /someloss since/ }).click();
      await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
      assert.equal(query().get("alert"), "someloss");
      assert.equal(query().get("target"), "Edge.Lossy");
    }));
});
