// The tree at the left: order, states, filter, hierarchies, what is hidden.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { EVIL, EVIL_REMARK } from "./support/site.js";
import { names, site, visit } from "./support/stage.js";

const ORDER = [
  "控制台", "北京控制台", "宁夏控制台", "存储服务", "北京S3", "宁夏S3", "Both regions", "Edge", "Lossy link", "Dead link",
  "Flapping link", "Near", "Loopback", "Other", EVIL, "Game server", "Roaming office", "Cannot be measured",
];

describe("the tree", () => {
  test("has the sections in the order of the configuration, and not the hidden one", () =>
    visit({}, async ({ open, page }) => {
      await open("/");
      assert.deepEqual(await names(page), ORDER);
    }));

  test("shows how each target is, and the worst of them at their section", () =>
    visit({}, async ({ open, page }) => {
      await open("/");
      const row = (/** @type {string} */ name) => page.getByRole("treeitem").filter({ has: page.getByText(name, { exact: true }) });
      assert.match(await row("北京控制台").innerText(), /[\d.]+ ms/);
      assert.match(await row("Loopback").innerText(), /[\d.]+ µs/);
      assert.match(await row("Lossy link").innerText(), /\d+(\.\d)? %/);
      assert.match(await row("Dead link").innerText(), /100 %/);
      for (const name of ["Lossy link", "Dead link", "Edge"]) {
        await row(name).getByRole("img", { name: /alerts raised/ }).waitFor();
      }
      assert.equal(await row("Near").getByRole("img", { name: /alerts raised/ }).count(), 0);
    }));

  test("is filtered as one types, by menu, title and host", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/");
      const field = page.getByRole("searchbox", { name: "Filter the targets" });
      await field.pressSequentially("北京");
      await page.getByText("2 found").waitFor();
      assert.deepEqual(await names(page), ["控制台", "北京控制台", "存储服务", "北京S3"]);
      await page.waitForURL((url) => url.searchParams.get("filter") === "北京");
      await field.fill("127.0.41.5");
      await page.getByText("1 found").waitFor();
      assert.deepEqual(await names(page), ["Edge", "Lossy link"]);
      await field.fill("loses some");
      await page.getByText("1 found").waitFor();
      assert.deepEqual(await names(page), ["Edge", "Lossy link"]);
      await field.fill("Hidden");
      await page.getByText("nothing matches").waitFor();
      await field.press("Escape");
      await page.getByText("Loopback", { exact: true }).first().waitFor();
      assert.deepEqual(await names(page), ORDER);
      await page.waitForURL((url) => !url.searchParams.has("filter"));
      assert.equal(query().get("filter"), null);
    }));

  test("takes patterns as SmokePing does, and half a pattern as it stands", () =>
    visit({}, async ({ open, page }) => {
      await open("/?filter=^(lossy|dead)");
      await page.getByText("2 found").waitFor();
      assert.deepEqual(await names(page), ["Edge", "Lossy link", "Dead link"]);
      await page.getByRole("searchbox", { name: "Filter the targets" }).fill("(");
      await page.getByText("nothing matches").waitFor();
    }));

  test("is shown by other hierarchies, which lead to the same targets", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/");
      await page.getByRole("combobox", { name: "Hierarchy" }).selectOption("By owner");
      await page.getByText("Ann", { exact: true }).waitFor();
      assert.deepEqual(await names(page), ["Ann", "北京控制台", "北京S3", "Bob", "Console", "宁夏控制台"]);
      await page.getByRole("treeitem").getByText("北京S3").click();
      await page.getByRole("heading", { level: 1, name: "AWS北京区S3" }).waitFor();
      assert.equal(query().get("target"), "Storage.BeijingS3");
      assert.equal(query().get("hierarchy"), "owner");
      await page.reload();
      await page.getByRole("treeitem", { selected: true }).getByText("北京S3").waitFor();
    }));

  test("leads to a hidden target by its address, and says what there is not", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Other.Secret");
      await page.getByRole("heading", { level: 1, name: "Hidden from the tree" }).waitFor();
      await open("/?target=No.Such%3Cb%3E");
      await page.getByRole("heading", { level: 1, name: "There is no target No.Such<b>" }).waitFor();
    }));

  test("goes by keys alone", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/");
      await page.getByRole("tree").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowLeft");
      await page.getByRole("treeitem").getByText("北京控制台").waitFor({ state: "detached" });
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "AWS北京区控制台" }).waitFor();
      assert.equal(query().get("target"), "Console.BeijingConsole");
    }));
});

describe("markup in the configuration", () => {
  test("is text without html = yes", () =>
    visit({}, async ({ open, page }) => {
      for (const [target, title] of [["Other", EVIL], ["Other.Evil", EVIL]]) {
        await open(`/?target=${target}`);
        assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), title);
        assert.equal(await page.locator("main .remark").innerText(), EVIL_REMARK);
      }
      assert.notEqual(await page.title(), "evil");
    }));

  test("is markup with it, in the tree, overview and detail, and nothing of it runs", () =>
    // A picture that there is not is what one gets of the evil one.
    visit({ mayFail: [/Failed to load resource.*\/x\)$/] }, async ({ open, page }) => {
      const script = `<script>document.title = "evil"</script><a href="javascript:alert(1)" onclick="alert(2)">`;
      await open("/?target=Console");
      site.configure((text) => text.replace("charset = utf-8", "charset = utf-8\nhtml = yes")
        .replace("title = AWS控制台监控", `title = AWS<b>控制台</b>${script}监控</a>\nremark = Two <i>regions</i>${EVIL_REMARK}`)
        .replace("title = AWS北京区控制台", `title = AWS<b>北京区</b>控制台${script}\nremark = <i>First</i>${EVIL_REMARK}\nmenuextra = <b>new</b>${script}`));
      try {
        const evil = () => page.evaluate(() => ({
          title: document.title, scripts: document.querySelectorAll("body script").length,
          handlers: [...document.querySelectorAll("*")].flatMap((element) => element.getAttributeNames().filter((name) => name.startsWith("on"))),
          links: [...document.querySelectorAll("a")].filter(({ protocol }) => protocol === "javascript:").length,
        }));
        const main = page.getByRole("main");
        await main.locator("h1 b").waitFor();
        assert.equal(await main.locator("h1").innerText(), "AWS控制台监控");
        assert.equal(await main.locator("h1 b").innerText(), "控制台");
        assert.equal(await main.locator(".remark i").innerText(), "regions");
        assert.match(await main.locator(".remark").innerText(), /& nothing more$/);
        await main.getByRole("img", { name: "AWS北京区控制台, small graph" }).waitFor();
        assert.equal(await page.getByRole("treeitem").filter({ hasText: "北京控制台" }).locator(".extra b").innerText(), "new");
        assert.deepEqual(await evil(), { title: "AWS控制台监控 – smokeprobe", scripts: 0, handlers: [], links: 0 });
        await page.getByRole("article").getByRole("link", { name: "北京控制台" }).click();
        await main.locator(".remark i").filter({ hasText: "First" }).waitFor();
        assert.equal(await main.locator("h1").innerText(), "AWS北京区控制台");
        assert.equal(await main.locator("h1 b").innerText(), "北京区");
        assert.deepEqual(await evil(), { title: "AWS北京区控制台 – smokeprobe", scripts: 0, handlers: [], links: 0 });
      } finally {
        site.configure((text) => text);
      }
      await page.getByRole("main").locator("h1 b").waitFor({ state: "detached" });
    }));
});
