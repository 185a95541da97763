// A section's small graphs, the rankings, heat maps, several hosts in one graph, and comparing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { inked, visit } from "./support/stage.js";

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
