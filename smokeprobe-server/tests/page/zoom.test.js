// Ranges: dragging, wheel, keys, the field, and the address that keeps them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { visit } from "./support/stage.js";

const TARGET = "/?target=Console.BeijingConsole";

/** The plot of the first chart, once its rows are there. @param {import("playwright-core").Page} page */
async function plot(page) {
  await page.locator('figure.chart[data-ready="true"]').first().waitFor();
  const box = await page.locator("figure.chart .u-over").first().boundingBox();
  assert.ok(box);
  return box;
}

/** @param {URLSearchParams} query */
const span = (query) => Number(query.get("to")) - Number(query.get("from"));

/** Drags over a part of the first chart. @param {import("playwright-core").Page} page @param {number} from @param {number} to */
async function drag(page, from, to) {
  const box = await plot(page);
  await page.mouse.move(box.x + box.width * from, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * (from + to) / 2, box.y + 60);
  await page.mouse.move(box.x + box.width * to, box.y + 60);
  await page.mouse.up();
}

describe("the range", () => {
  test("is zoomed by dragging, kept over a reload, left by going back", () =>
    visit({}, async ({ open, page, query }) => {
      await open(TARGET);
      await drag(page, 0.4, 0.6);
      await page.waitForURL((url) => url.searchParams.has("from"));
      const zoomed = page.url();
      assert.ok(Math.abs(span(query()) - 10800 / 5) < 120, `about a fifth of three hours, not ${span(query())} s`);
      await page.locator("figure.chart").nth(1).waitFor({ state: "detached" });
      await drag(page, 0.25, 0.75);
      await page.waitForURL((url) => url.href !== zoomed);
      assert.ok(Math.abs(span(query()) - 10800 / 10) < 120, `${span(query())} s`);
      await page.goBack();
      assert.equal(page.url(), zoomed);
      await page.reload();
      await plot(page);
      assert.equal(page.url(), zoomed);
      assert.equal(await page.locator("figure.chart").count(), 1);
      await page.goBack();
      await page.locator("figure.chart").nth(3).waitFor();
      assert.equal(query().get("from"), null);
    }));

  test("fetches finer rows as one zooms", () =>
    visit({}, async ({ open, page, requests, still }) => {
      await open(`${TARGET}&from=-10d`);
      await drag(page, 0.90, 0.905);
      await page.waitForURL((url) => url.searchParams.has("to"));
      await still();
      const { from, to } = Object.fromEntries(new URL(page.url()).searchParams);
      assert.ok(requests.some((request) => request.includes("/api/v1/series/") && request.includes(`from=${Math.floor(Number(from))}`)), requests.slice(-5).join("\n"));
      assert.ok(Number(to) - Number(from) < 86400);
    }));

  test("goes by wheel on a zoomed chart, and back by a double click", () =>
    visit({}, async ({ open, page, query }) => {
      await open(TARGET);
      await drag(page, 0.3, 0.7);
      await page.waitForURL((url) => url.searchParams.has("to"));
      const before = span(query());
      const box = await plot(page);
      await page.mouse.move(box.x + box.width / 2, box.y + 50);
      await page.mouse.wheel(0, -300);
      await page.waitForFunction((before) => {
        const query = new URL(location.href).searchParams;
        return Number(query.get("to")) - Number(query.get("from")) < before * 0.9;
      }, before);
      await page.mouse.dblclick(box.x + box.width / 2, box.y + 50);
      await page.waitForFunction((before) => {
        const query = new URL(location.href).searchParams;
        return !query.has("from") || Number(query.get("to")) - Number(query.get("from")) >= before * 0.99;
      }, before);
    }));

  test("is panned with Shift", () =>
    visit({}, async ({ open, page, query }) => {
      const to = Math.floor(Date.now() / 1000) - 40 * 3600;
      await open(`${TARGET}&from=${to - 7200}&to=${to}`);
      const box = await plot(page);
      await page.keyboard.down("Shift");
      await page.mouse.move(box.x + 200, box.y + 50);
      await page.mouse.down();
      await page.mouse.move(box.x + 300, box.y + 50);
      await page.mouse.move(box.x + 400, box.y + 50);
      await page.mouse.up();
      await page.keyboard.up("Shift");
      await page.waitForURL((url) => Number(url.searchParams.get("to")) < to - 600);
      assert.ok(Math.abs(span(query()) - 7200) < 5, "as long as before");
    }));

  test("is taken as people write it", () =>
    visit({}, async ({ open, page, query }) => {
      await open(TARGET);
      const field = page.getByRole("textbox", { name: "From … to" });
      await field.fill("-3h");
      await field.press("Enter");
      await page.waitForURL((url) => url.searchParams.get("from") === "-3h");
      await plot(page);
      assert.equal(await page.locator("figure.chart").count(), 1);
      const day = new Date(Date.now() - 36 * 3600_000).toISOString().slice(0, 10);
      await field.fill(`${day} 10:00 … 12:00`);
      await field.press("Enter");
      await page.waitForURL((url) => url.searchParams.get("from") !== "-3h");
      await plot(page);
      assert.ok(query().get("to"));
      await page.reload();
      await plot(page);
    }));

  test("that makes no sense is answered with a sentence, and changes nothing", () =>
    visit({ mayFail: [/400/] }, async ({ open, page, query }) => {
      await open(TARGET);
      const field = page.getByRole("textbox", { name: "From … to" });
      for (const nonsense of ["the day before yesterday", "-1h … -3h", "2026-13-45"]) {
        await field.fill(nonsense);
        await field.press("Enter");
        const sentence = page.getByRole("form", { name: "Range" }).getByRole("alert");
        await sentence.waitFor();
        assert.match(await sentence.innerText(), /\w+ \w+ \w+/, nonsense);
        assert.equal(query().get("from"), null, nonsense);
        assert.equal(await page.locator("figure.chart").count(), 4);
        await field.fill("");
        await field.press("Enter");
        await sentence.waitFor({ state: "detached" });
      }
    }));

  test("in an address that makes no sense is answered with a sentence", () =>
    visit({ mayFail: [/400/] }, async ({ open, page }) => {
      await open(`${TARGET}&from=nonsense`);
      await page.getByRole("alert").first().waitFor();
      await open(`${TARGET}&from=-1000y`);
      await page.getByRole("heading", { level: 1 }).waitFor();
    }));

  test("goes by buttons", () =>
    visit({}, async ({ open, page }) => {
      await open(TARGET);
      const range = page.getByRole("form", { name: "Range" });
      await range.getByRole("link", { name: "30h" }).click();
      await page.waitForURL((url) => url.searchParams.get("from") === "-30h");
      await plot(page);
      await range.getByRole("link", { name: "All" }).click();
      await page.locator("figure.chart").nth(3).waitFor();
    }));

  test("goes by keys", () =>
    visit({}, async ({ open, page, query }) => {
      const to = Math.floor(Date.now() / 1000) - 40 * 3600;
      await open(`${TARGET}&from=${to - 7200}&to=${to}`);
      await plot(page);
      const figure = page.locator("figure.chart").first();
      await figure.focus();
      await page.keyboard.press("ArrowLeft");
      await figure.locator(".reading:has(> .when)").waitFor();
      const first = await figure.locator(".reading .when").innerText();
      await page.keyboard.press("ArrowLeft");
      await page.waitForFunction((first) => document.querySelector(".reading .when")?.textContent !== first, first);
      // What the eye reads, a screen reader says.
      await page.waitForFunction(() => [...document.querySelectorAll('figure [aria-live="polite"]')].some((said) => /ms/.test(said.textContent ?? "")));
      await page.keyboard.press("Escape");
      await page.keyboard.press("+");
      await page.waitForURL((url) => Math.abs(span(url.searchParams) - 3600) < 5);
      await page.keyboard.press("-");
      await page.waitForURL((url) => Math.abs(span(url.searchParams) - 7200) < 5);
      await page.keyboard.press("Shift+ArrowLeft");
      await page.waitForURL((url) => Number(url.searchParams.get("to")) < to - 1500);
      await page.keyboard.press("Escape");
      await page.waitForURL((url) => !url.searchParams.has("from"));
      assert.equal(query().get("target"), "Console.BeijingConsole");
    }));

  test("is pinched on a phone", () =>
    visit({ window: { width: 390, height: 844 }, touch: true }, async ({ open, page, context, query }) => {
      const to = Math.floor(Date.now() / 1000) - 40 * 3600;
      await open(`${TARGET}&from=${to - 7200}&to=${to}`);
      const box = await plot(page);
      const devtools = await context.newCDPSession(page);
      const touch = (/** @type {"touchStart" | "touchMove" | "touchEnd"} */ type, /** @type {number[]} */ xs) =>
        devtools.send("Input.dispatchTouchEvent", { type, touchPoints: xs.map((x, id) => ({ x: box.x + x, y: box.y + 60, id })) });
      await touch("touchStart", [140, 180]);
      for (let spread = 20; spread <= 100; spread += 20) {
        await touch("touchMove", [160 - spread, 160 + spread]);
      }
      await touch("touchEnd", []);
      await page.waitForURL((url) => span(url.searchParams) < 3600);
      assert.ok(span(query()) > 300);
    }));
});
