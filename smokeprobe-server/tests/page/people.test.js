// Languages, zones, themes, phones, keys, paper; and titles that would like to be more than text.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { DESKTOP, PHONE } from "./support/browser.js";
import { EVIL, EVIL_REMARK } from "./support/site.js";
import { visit } from "./support/stage.js";

/** @param {import("playwright-core").Page} page */
const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

/** @param {string} color `rgb(…)` */
const dark = (color) => (color.match(/\d+/g) ?? []).slice(0, 3).every((channel) => Number(channel) < 90);

describe("languages", () => {
  test("follow the browser, can be switched, and stay so", () =>
    visit({ locale: "zh-CN", zone: "Asia/Shanghai" }, async ({ open, page }) => {
      await open("/?target=Console.BeijingConsole");
      assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
      await page.getByText("最近 3 小时").first().waitFor();
      for (const word of ["排行", "告警", "状态"]) {
        await page.getByRole("link", { name: word }).first().waitFor();
      }
      assert.match(await page.getByRole("main").innerText(), /丢包率[\s\S]*中位数|中位数[\s\S]*丢包率/);
      await page.getByRole("button", { name: "English" }).first().click();
      await page.getByRole("link", { name: "Charts" }).waitFor();
      assert.equal(await page.getAttribute("html", "lang"), "en");
      await page.reload();
      await page.getByRole("link", { name: "Charts" }).waitFor();
    }));

  test("are English elsewhere, without Chinese words; the address can say, and a click keeps it", () =>
    visit({ locale: "fr-FR" }, async ({ open, page, query, requests, still }) => {
      await open("/");
      assert.equal(await page.getAttribute("html", "lang"), "en");
      await still();
      assert.deepEqual(requests.filter((request) => request.includes("/lang/")), []);
      await open("/?target=Console&lang=zh-CN&zone=server&sort=name");
      await page.getByRole("button", { name: "服务器时间 UTC+8" }).first().waitFor();
      await page.getByRole("link", { name: "排行" }).click();
      await page.getByRole("heading", { level: 1, name: "The most interesting destinations" }).waitFor();
      await page.getByRole("button", { name: "服务器时间 UTC+8" }).first().waitFor();
      await page.goBack();
      assert.equal(page.url().split("?")[1], "target=Console&sort=name", "what is preferred is not part of the place");
      assert.equal(query().get("lang"), null);
      await page.reload();
      await page.getByRole("link", { name: "排行" }).waitFor();
    }));

  test("have words of their own for what the server says", () =>
    visit({ locale: "zh-CN" }, async ({ open, page }) => {
      await open("/?target=Other.Game");
      await page.getByRole("main").getByText("未测量：不支持探测模块 Qstat").first().waitFor();
      await open("/?target=Other.Unsourced");
      await page.getByRole("main").getByText(/无法测量：无法从 192\.0\.2\.1 发送 ICMP：本机没有该地址（系统错误 99）/).first().waitFor();
      await open("/?mode=alerts");
      await page.getByRole("row").filter({ hasText: "Dead link" }).filter({ hasText: /丢包：100%/ }).first().waitFor();
    }));

  test("of a frame are what its address says, and nothing of it is kept", () =>
    visit({}, async ({ open, page }) => {
      await open("/embed?target=Console.BeijingConsole&from=-3h&lang=zh-CN&theme=dark&zone=server");
      assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
      assert.ok(dark(await ground(page)));
      assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
      await open("/");
      assert.equal(await page.getAttribute("html", "lang"), "en");
    }));
});

describe("times", () => {
  test("are the viewer's or the server's, and it is said which", () =>
    visit({ zone: "America/New_York" }, async ({ open, page }) => {
      const to = Math.floor(Date.UTC(2026, 0, 1) / 1000) + Math.floor((Date.now() / 1000 - Date.UTC(2026, 0, 1) / 1000) / 86400 - 2) * 86400;
      await open(`/?target=Console.BeijingConsole&from=${to - 7200}&to=${to}`);
      const label = page.locator("figure.chart figcaption").first();
      // Two hours up to midnight UTC.
      await label.filter({ hasText: /(17|18):00 – (19|20):00/ }).waitFor();
      const button = page.getByRole("button", { name: /^your time UTC−[45]$/ }).first();
      assert.match(await button.getAttribute("title") ?? "", /America\/New_York/);
      await button.click();
      await label.filter({ hasText: /06:00 – .*08:00/ }).waitFor();
      assert.match(await page.getByRole("button", { name: "server's time UTC+8" }).first().getAttribute("title") ?? "", /Asia\/Shanghai/);
      await page.reload();
      await label.filter({ hasText: /06:00 – .*08:00/ }).waitFor();
    }));
});

describe("themes", () => {
  test("follow the system, can be switched, and stay so", () =>
    visit({ theme: "dark" }, async ({ open, page }) => {
      await open("/");
      assert.ok(dark(await ground(page)));
      await page.getByRole("button", { name: "theme as the system" }).first().click();
      await page.getByRole("button", { name: "light theme" }).first().waitFor();
      assert.ok(!dark(await ground(page)));
      await page.reload();
      await page.getByRole("button", { name: "light theme" }).first().waitFor();
      assert.ok(!dark(await ground(page)), "after a reload");
      await page.getByRole("button", { name: "light theme" }).first().click();
      assert.ok(dark(await ground(page)));
    }));
});

describe("a phone", () => {
  test("has the tree in a drawer", () =>
    visit({ window: PHONE, touch: true }, async ({ open, page }) => {
      await open("/");
      const menu = page.getByRole("button", { name: "Targets" });
      assert.equal(await menu.getAttribute("aria-expanded"), "false");
      assert.equal(await page.getByRole("treeitem").first().isVisible() && await page.evaluate(() =>
        (document.getElementById("side")?.getBoundingClientRect().right ?? 0) > 0), false, "the drawer is closed");
      const isOpen = (/** @type {boolean} */ expanded) => page.getByRole("button", { name: "Targets", expanded }).waitFor();
      await menu.tap();
      await isOpen(true);
      await page.getByRole("treeitem").getByText("Dead link").tap();
      await page.getByRole("heading", { level: 1, name: "A link that is down" }).waitFor();
      await isOpen(false);
      await menu.tap();
      await isOpen(true);
      await page.keyboard.press("Escape");
      await isOpen(false);
    }));
});

describe("the back and the forward button", () => {
  test("come back to where one had scrolled", () =>
    visit({}, async ({ open, page, still }) => {
      const scrolled = () => page.evaluate(() => document.getElementById("main")?.scrollTop ?? -1);
      const scroll = async (/** @type {number} */ top) => {
        await still();
        await page.evaluate((to) => document.getElementById("main")?.scrollTo(0, to), top);
        await page.waitForFunction((to) => history.state?.scrolled === to, top);
      };
      const is = (/** @type {number} */ top) => page.waitForFunction((to) => document.getElementById("main")?.scrollTop === to, top);
      await open("/?target=Console.BeijingConsole");
      await scroll(500);
      await page.getByRole("treeitem").getByText("宁夏控制台").click();
      await page.getByRole("heading", { level: 1, name: "AWS宁夏区控制台" }).waitFor();
      assert.equal(await scrolled(), 0);
      await scroll(300);
      await page.goBack();
      await is(500);
      await page.goForward();
      await is(300);
    }));
});

describe("keys and voices", () => {
  test("the first key leads past the tree to the graphs", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Console.BeijingConsole");
      await page.keyboard.press("Tab");
      const first = await page.evaluate(() => document.activeElement?.textContent);
      assert.equal(first, "Skip to the graphs");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement?.id === "main" || document.activeElement?.closest("#main") || location.hash === "#main");
    }));

  test("what has the focus is seen, and all that can be pressed has a name", () =>
    visit({}, async ({ open, page, still }) => {
      await open("/?target=Console.BeijingConsole");
      await still();
      /** @type {string[]} */
      const found = [];
      for (let press = 0; press < 60; press++) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const element = document.activeElement;
          if (!(element instanceof HTMLElement) || element === document.body) {
            return null;
          }
          // A tree that has the focus shows it at one of its rows.
          const inside = document.getElementById(element.getAttribute("aria-activedescendant") ?? "");
          const style = getComputedStyle(inside ?? element);
          const box = element.getBoundingClientRect();
          const name = element.getAttribute("aria-label") ?? element.textContent ?? "";
          const labelled = element.getAttribute("aria-labelledby") !== null || (element instanceof HTMLInputElement && (element.labels?.length ?? 0) > 0);
          return {
            what: `${element.tagName} ${element.id} ${element.className} ${name.slice(0, 30)}`,
            named: name.trim() !== "" || labelled,
            seen: (style.outlineStyle !== "none" && style.outlineWidth !== "0px") || style.boxShadow !== "none",
            there: box.width > 0 && box.height > 0,
          };
        });
        if (at === null) {
          break;
        }
        found.push(at.what);
        assert.ok(at.named, `${at.what} has no name`);
        assert.ok(at.seen && at.there, `${at.what} does not show that it has the focus`);
      }
      assert.ok(found.some((what) => what.startsWith("FIGURE")), `charts can be reached: ${found.join("; ")}`);
    }));
});

describe("paper", () => {
  test("has all graphs, seen before or not, and not the tree", () =>
    visit({ window: { width: 1280, height: 240 } }, async ({ open, page, picture }) => {
      const [charts, ready] = [page.locator("figure.chart"), page.locator('figure.chart[data-ready="true"]')];
      let release = () => {};
      const held = new Promise((resolve) => {
        release = () => resolve(null);
      });
      await page.route(/\/api\/v1\/series\/Storage\.NingxiaS3~tokyo/, (route) => void held.then(() => route.continue()));
      // Out of sight it is read once the others are there, before anybody scrolls.
      const ahead = page.waitForRequest(/series\/Storage\.NingxiaS3~tokyo/);
      await open("/?target=Storage.NingxiaS3");
      await ahead;
      assert.equal(await ready.count(), 4);
      await page.emulateMedia({ media: "print", colorScheme: "light" });
      await page.getByText("not read yet").nth(3).waitFor();
      assert.equal(await charts.count(), 8);
      release();
      await ready.nth(7).waitFor();
      assert.equal(await page.getByText("not read yet").count(), 0);
      assert.equal(await page.getByRole("tree").isVisible(), false);
      assert.equal(await page.getByRole("heading", { level: 1 }).isVisible(), true);
      assert.equal(await charts.first().isVisible(), true);
      await page.setViewportSize(DESKTOP);
      await picture("print");
    }));
});

describe("titles and remarks", () => {
  test("are text, whatever is in them", () =>
    visit({}, async ({ open, page, still }) => {
      for (const address of ["/", "/?target=Other", "/?target=Other.Evil", "/?target=Other&mode=heat", "/?mode=charts", "/?mode=compare&compare=Other.Evil", "/?mode=alerts&target=Other.Evil"]) {
        await open(address);
        await still();
        assert.doesNotMatch(await page.title(), /^evil$/, address);
        assert.equal(await page.locator("main b, nav b").filter({ hasText: /^bold$/ }).count(), 0, address);
        assert.equal(await page.locator("img[src=x]").count(), 0, address);
      }
      await open("/?target=Other.Evil");
      await page.getByRole("heading", { level: 1, name: EVIL }).waitFor();
      await page.getByText(EVIL_REMARK).waitFor();
      assert.match(await page.title(), /<script>/);
    }));
});
