// A section's small graphs, the rankings, heat maps, several hosts in one graph, and comparing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { PHONE } from "./support/browser.js";
import { until } from "./support/server.js";
import { HOSTS } from "./support/site.js";
import { inked, site, visit } from "./support/stage.js";

/** The names on the cards, as they stand. @param {import("playwright-core").Page} page */
const cards = (page) => page.getByRole("article").getByRole("link").allInnerTexts();

describe("a section", () => {
  test("shows a small graph for each target in it, drawn", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Console");
      await still();
      assert.deepEqual(await cards(page), ["北京控制台", "宁夏控制台"]);
      for (const name of ["AWS北京区控制台", "AWS宁夏区控制台"]) {
        assert.ok(await inked(page.getByRole("img", { name: new RegExp(name) })) > 5, name);
      }
      await page.getByText("last 10 h").waitFor();
    }));

  test("has a line for each vantage point", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Storage");
      await still();
      const card = page.getByRole("article").filter({ has: page.getByRole("link", { name: "宁夏S3" }) });
      assert.match(await card.innerText(), /local[\s\S]*东京 Tokyo/);
      await page.getByText("S3 of both regions", { exact: true }).waitFor();
    }));

  test("is sorted by the worst, in the address, and back as configured", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/?target=Edge");
      assert.deepEqual(await cards(page), ["Lossy link", "Dead link", "Flapping link"]);
      await page.getByRole("combobox", { name: "Sort" }).selectOption("worst loss");
      await page.waitForFunction(() => document.querySelector("article")?.textContent?.includes("Dead link"));
      assert.deepEqual(await cards(page), ["Dead link", "Lossy link", "Flapping link"]);
      assert.equal(query().get("sort"), "loss");
      await page.reload();
      await page.getByRole("article").first().getByRole("link", { name: "Dead link" }).waitFor();
      await page.getByRole("combobox", { name: "Sort" }).selectOption("name");
      await page.waitForFunction(() => document.querySelectorAll("article")[1]?.textContent?.includes("Flapping link"));
      await page.getByRole("combobox", { name: "Sort" }).selectOption("as configured");
      await page.waitForFunction(() => document.querySelector("article")?.textContent?.includes("Lossy link"));
    }));

  test("leads to a target's page, and back", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Edge");
      await page.getByRole("article").getByRole("link", { name: "Dead link" }).click();
      await page.getByRole("heading", { level: 1, name: "A link that is down" }).waitFor();
      await page.goBack();
      await page.getByRole("heading", { level: 1, name: "Sites with troubles" }).waitFor();
    }));

  test("draws a round that has just ended as the ones before, with its spread", () =>
    visit({}, async ({ open, page, still, requests }) => {
      await open("/?target=Console&from=-2m");
      await page.getByText("live", { exact: true }).waitFor();
      await still();
      const asked = () => requests.filter((address) => address.includes("api/v1/overview")).length;
      const before = asked();
      const card = page.getByRole("article").filter({ has: page.getByRole("link", { name: "宁夏控制台" }) });
      site.hosts.change(HOSTS.ningxiaConsole, { delay: 180, jitter: 40 });
      try {
        const { x, y, width } = await card.locator("canvas").boundingBox() ?? assert.fail("a canvas");
        await until("a round of now is pointed at", async () => {
          await page.mouse.move(x + width - 30, y + 20);
          await page.mouse.move(x + width - 30, y + 30);
          return /median (1[89]|2\d)\d ms\s+± [1-9][\d.]+ ms/.test(await card.locator(".said").innerText());
        });
      } finally {
        site.hosts.change(HOSTS.ningxiaConsole, { delay: 34, jitter: 3 });
      }
      assert.equal(asked(), before, "the graphs were not asked for again");
    }));

  test("says why there is no graph", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Other");
      await page.getByRole("article").filter({ hasText: "Game server" }).getByText(/Qstat/).waitFor();
    }));
});

describe("the rankings", () => {
  test("are those of the configuration, by the values of the last rounds, all vantage points in them", () =>
    visit({}, async ({ open, page }) => {
      await open("/");
      await page.getByRole("link", { name: "Charts" }).click();
      await page.getByRole("heading", { level: 1, name: "The most interesting destinations" }).waitFor();
      for (const title of ["Top Loss", "Top Max", "Top Median", "Top StdDev"]) {
        await page.getByRole("heading", { name: title }).waitFor();
      }
      await page.getByRole("navigation", { name: "Charts" }).getByRole("link", { name: "Loss" }).click();
      await page.getByRole("heading", { level: 1, name: "Top Loss" }).waitFor();
      const first = page.getByRole("article").first();
      await first.getByRole("link", { name: /Dead link/ }).waitFor();
      assert.match(await first.innerText(), /Packets lost 4\.0/);
      await open("/?mode=charts&chart=median");
      await page.getByRole("article").filter({ hasText: "东京 Tokyo" }).first().waitFor();
      await open("/?mode=charts&chart=stddev");
      await page.getByRole("article").nth(3).waitFor();
      assert.equal(await page.getByRole("article").count(), 4, "as many as the configuration says");
    }));
});

describe("heat maps", () => {
  test("of a target show time by round-trip time", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Console.BeijingConsole");
      await page.getByRole("link", { name: "heat map", exact: true }).click();
      const map = page.getByRole("img", { name: /Heat map/ });
      await map.waitFor();
      await still();
      assert.ok(await inked(map) > 10);
      await map.hover({ position: { x: 400, y: 250 } });
      await page.getByText(/ms – .*ms/).first().waitFor();
      const ranges = page.getByRole("form", { name: "Range" });
      assert.equal(await ranges.locator("[aria-current]").innerText(), "30h", "the range that is shown is marked");
      await ranges.getByRole("link", { name: "3h" }).click();
      await page.waitForURL((url) => url.searchParams.get("from") === "-3h");
      assert.equal(await ranges.locator("[aria-current]").innerText(), "3h");
    }));

  test("go by keys, and say what is under them", () =>
    visit({}, async ({ open, page, still, query }) => {
      await open("/?target=Console.BeijingConsole&mode=heat");
      await still();
      const target = page.getByRole("figure", { name: /Heat map of 北京控制台/ });
      const said = target.locator("[aria-live]");
      await target.press("ArrowRight");
      await target.locator('[aria-live="polite"]').waitFor();
      const first = await said.innerText();
      assert.match(first, /ms – .*% of \d+ answers/);
      await target.press("ArrowUp");
      const [, low] = /– ([\d.]+ ms)/.exec(first) ?? [];
      assert.ok((await said.innerText()).includes(`· ${low} – `), `${first}, then ${await said.innerText()}: the next higher answers`);
      await target.press("ArrowLeft");
      assert.notEqual((await said.innerText()).slice(0, 16), first.slice(0, 16), "another time");
      await target.press("Escape");
      await target.getByText("Point at a cell").waitFor();

      await open("/?target=Console&mode=heat");
      await still();
      const section = page.getByRole("figure", { name: /Heat map of AWS控制台监控/ });
      for (const key of ["ArrowDown", "ArrowDown", "ArrowLeft"]) await section.press(key);
      assert.match(await section.locator("[aria-live]").innerText(), /^宁夏控制台 · .*median .* ms · .*loss/);
      await section.press("Enter");
      await page.getByRole("heading", { level: 1, name: "AWS宁夏区控制台" }).waitFor();
      assert.equal(query().get("target"), "Console.NingxiaConsole");
    }));

  test("are read by a finger, which opens nothing by a touch", () =>
    visit({ window: PHONE, touch: true }, async ({ open, page, still }) => {
      await open("/?target=Console&mode=heat");
      await still();
      await page.getByRole("img", { name: /Heat map of/ }).tap({ position: { x: 250, y: 27 } });
      const link = page.locator("[aria-live]").getByRole("link", { name: "宁夏控制台" });
      await link.waitFor();
      await page.getByRole("heading", { level: 1, name: "AWS控制台监控" }).waitFor();
      await link.tap();
      await page.getByRole("heading", { level: 1, name: "AWS宁夏区控制台" }).waitFor();
    }));

  test("of several hosts are one for each of them", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Storage.Both");
      await page.getByRole("link", { name: "heat map", exact: true }).click();
      for (const name of ["北京S3", "宁夏S3", "宁夏S3 · 东京 Tokyo"]) {
        await page.getByRole("figure", { name: `Heat map of ${name}: time` }).waitFor();
      }
      await still();
      assert.ok(await inked(page.getByRole("img", { name: "Heat map of 宁夏S3: time by round-trip time" })) > 10);
    }));

  test("have one colour for no loss, in the picture and beside it", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Console&mode=heat");
      await still();
      const legend = await page.locator(".heat-scale i").evaluate((swatch) => getComputedStyle(swatch).backgroundColor.replace(/\D+/g, " ").trim());
      const picture = await page.getByRole("img", { name: /Heat map of/ }).evaluate((element) => {
        const canvas = /** @type {HTMLCanvasElement} */ (element);
        const fine = canvas.width / canvas.clientWidth;
        const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(210 * fine, 9 * fine, 700 * fine, 1);
        /** @type {Record<string, number>} */
        const many = {};
        for (let at = 0; at < data.length; at += 4) {
          const colour = [...data.slice(at, at + 3)].join(" ");
          many[colour] = (many[colour] ?? 0) + 1;
        }
        return Object.entries(many).sort(([, one], [, other]) => other - one)[0][0];
      });
      assert.equal(picture, legend);
    }));

  test("of a section show a row a target", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Storage");
      await page.getByRole("link", { name: "Heat map" }).click();
      await page.getByText("宁夏S3").last().waitFor();
      await still();
      assert.ok(await inked(page.getByRole("img", { name: /[Hh]eat map/ }).first()) > 5);
    }));
});

describe("several hosts in one graph", () => {
  test("are overlaid, each with its name and numbers", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Storage.Both");
      await page.getByRole("heading", { level: 1, name: "S3 of both regions, together" }).waitFor();
      await still();
      const main = page.getByRole("main");
      for (const member of ["北京S3", "宁夏S3", "东京 Tokyo"]) {
        assert.match(await main.innerText(), new RegExp(member));
      }
      assert.ok(await inked(page.locator("figure.chart canvas").first()) > 5);
    }));
});

describe("comparing", () => {
  test("overlays what one ticks, and the address keeps it", () =>
    visit({}, async ({ open, page, query, still }) => {
      await open("/?target=Console.BeijingConsole");
      await page.getByRole("link", { name: "compare" }).click();
      await page.getByRole("heading", { level: 1, name: "Compare" }).waitFor();
      assert.equal(query().get("compare"), "Console.BeijingConsole");
      await page.getByRole("searchbox", { name: "Find a target" }).fill("tokyo");
      await page.getByRole("checkbox", { name: /AWS宁夏区S3/ }).check();
      await page.waitForURL((url) => url.searchParams.get("compare") === "Console.BeijingConsole,Storage.NingxiaS3~tokyo");
      const chosen = page.getByRole("list", { name: "Compared" });
      await chosen.getByText(/东京 Tokyo/).waitFor();
      await page.reload();
      await chosen.getByText(/东京 Tokyo/).waitFor();
      await still();
      assert.ok(await inked(page.locator("figure.chart canvas").first()) > 5);
      await page.getByRole("button", { name: /^Remove .*北京控制台/ }).click();
      await page.waitForURL((url) => url.searchParams.get("compare") === "Storage.NingxiaS3~tokyo");
    }));
});
