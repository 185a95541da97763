// Rounds appear the moment they end; a lost connection is told, and comes back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { visiting } from "./support/browser.js";
import { Proxy } from "./support/proxy.js";
import { until } from "./support/server.js";
import { HOSTS } from "./support/site.js";
import { site, visit } from "./support/stage.js";

/** The median that a text tells, in milliseconds. @param {string} text */
const median = (text) => Number(/([\d.]+) ms/.exec(text)?.[1] ?? NaN);

describe("what is live", { concurrency: false }, () => {
  test("a round appears in the tree, the header and the graph, without a reload", () =>
    visit({}, async ({ open, page, requests, still }) => {
      await open("/?target=Console.NingxiaConsole&from=-5m");
      await page.getByText("live", { exact: true }).waitFor();
      await still();
      await page.evaluate(() => (/** @type {any} */ (window).sameDocument = true));
      const asked = requests.length;
      site.hosts.change(HOSTS.ningxiaConsole, { delay: 180, jitter: 2 });
      try {
        const row = page.getByRole("treeitem", { selected: true });
        const above = (/** @type {string} */ text) => /1[89]\d ms|2\d\d ms/.test(text);
        await row.filter({ hasText: /(1[89]|2\d)\d ms/ }).waitFor();
        assert.ok(above(await row.innerText()) && median(await row.innerText()) >= 180);
        await page.locator("main .facts").filter({ hasText: /(1[89]|2\d)\d ms\s*now/ }).waitFor();
        // The graph's own numbers have it as the highest.
        await page.locator("figure.chart").filter({ hasText: /(1[89]|2\d)\d ms\s*max/ }).waitFor();
      } finally {
        site.hosts.change(HOSTS.ningxiaConsole, { delay: 34, jitter: 3 });
      }
      assert.equal(await page.evaluate(() => /** @type {any} */ (window).sameDocument), true);
      const since = requests.slice(asked);
      assert.deepEqual(since.filter((request) => /outline|states$|\/tree/.test(request)), [], "nothing of the tree was asked for");
    }));

  test("nothing is asked for twice when a page is opened", () =>
    visit({}, async ({ open, page, requests, still }) => {
      for (const address of ["/?target=Console.NingxiaConsole", "/", "/?mode=alerts"]) {
        requests.length = 0;
        await open(address);
        await page.getByText("live", { exact: true }).waitFor();
        await still();
        const asked = requests.filter((request) => request.startsWith("/api/")).map((request) => request.replace(/&after=.*/, ""));
        assert.equal(asked.length, new Set(asked).size, asked.join("\n"));
        assert.equal(asked.filter((request) => request.includes("/live")).length, 1);
      }
    }));

  test("an alert that is raised and cleared shows where it is", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Edge");
      await page.getByText("live", { exact: true }).waitFor();
      const sign = page.getByRole("treeitem").filter({ hasText: "Flapping link" }).getByRole("img", { name: /alerts raised/ });
      await sign.waitFor({ state: "detached" });
      site.hosts.change(HOSTS.flapping, { delay: 15, jitter: 3, lose: 3 });
      try {
        await sign.waitFor();
      } finally {
        site.hosts.change(HOSTS.flapping, { delay: 15, jitter: 3 });
      }
      await sign.waitFor({ state: "detached" });
    }));

  test("a connection that is silent is lost, and what happened meanwhile is not missed", async () => {
    const proxy = await Proxy.start(site.server.url);
    try {
      await visiting(proxy.url, {}, async ({ open, page }) => {
        await page.clock.install();
        await open("/?target=Console.NingxiaConsole&from=-5m");
        await page.getByText("live", { exact: true }).waitFor();
        proxy.hold();
        site.hosts.change(HOSTS.ningxiaConsole, { delay: 190 });
        await until("a round has ended that the page does not know", async () =>
          (await site.server.json("/api/v1/rounds/Console.NingxiaConsole")).rounds.at(-1).median > 0.19);
        site.hosts.change(HOSTS.ningxiaConsole, { delay: 34, jitter: 3 });
        await page.clock.fastForward(16_000);
        await page.getByRole("status").filter({ hasText: /connection lost, last data of \d\d:\d\d:\d\d, trying again/ }).waitFor();
        proxy.release();
        await page.getByText("live", { exact: true }).waitFor();
        await page.locator("figure.chart").filter({ hasText: /(19|2\d)\d ms\s*max/ }).waitFor();
      });
    } finally {
      site.hosts.change(HOSTS.ningxiaConsole, { delay: 34, jitter: 3 });
      proxy.stop();
    }
  });

  test("a server that stops says so, and the page goes on when it is back", () =>
    visit({ mayFail: [/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to load resource/] }, async ({ open, page }) => {
      await open("/?target=Console.BeijingConsole");
      await page.getByText("live", { exact: true }).waitFor();
      await site.server.stop();
      await page.getByRole("alert").filter({ hasText: "The server is stopping" }).waitFor();
      await page.getByRole("status").filter({ hasText: "connection lost" }).waitFor();
      await site.restart();
      await page.getByText("live", { exact: true }).waitFor();
      await page.getByRole("alert").waitFor({ state: "detached" });
    }));

  test("a lost connection is told with the time of the last data, and comes back", () =>
    // The browser itself complains of every try.
    visit({ mayFail: [/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to load resource/] }, async ({ open, page }) => {
      await open("/?target=Console.BeijingConsole");
      await page.getByText("live", { exact: true }).waitFor();
      await site.server.kill();
      await page.getByRole("status").filter({ hasText: /connection lost, last data of \d\d:\d\d:\d\d, trying again/ }).waitFor();
      assert.match(await page.getByRole("heading", { level: 1 }).innerText(), /AWS北京区控制台/, "what was there stays");
      assert.match(await page.getByRole("treeitem", { selected: true }).innerText(), /ms/);
      await site.restart();
      await page.getByText("live", { exact: true }).waitFor();
      assert.equal(await page.getByText("connection lost").count(), 0);
      // And new rounds come.
      site.hosts.change(HOSTS.beijingConsole, { delay: 170 });
      try {
        await page.getByRole("treeitem", { selected: true }).filter({ hasText: /(1[789]|2\d)\d ms/ }).waitFor();
      } finally {
        site.hosts.change(HOSTS.beijingConsole, { delay: 28, jitter: 4 });
      }
    }));
});
