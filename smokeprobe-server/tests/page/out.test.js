// What leaves the page: pictures, numbers, links, frames; and SmokePing's addresses.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { inked, site, visit } from "./support/stage.js";

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

/** @param {string} path @param {RequestInit} [how] */
const read = (path, how) => fetch(`${site.server.url}${path}`, how);

/** Width and height of a PNG. @param {Buffer} png */
const sizeOf = (png) => [png.readUInt32BE(16), png.readUInt32BE(20)];

describe("out of the page", () => {
  test("the links below a target lead to its picture and its numbers", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Console.BeijingConsole&from=-1h");
      await page.locator('figure.chart[data-ready="true"]').waitFor();
      const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
      assert.match(csv.suggestedFilename(), /BeijingConsole.*\.csv$/);
      const rows = readFileSync(await csv.path(), "utf8").trim().split("\n");
      assert.match(rows[0], /time.*loss.*median/);
      assert.ok(rows.length > 500, `${rows.length} rows of an hour every 5 s`);
      const [json] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "JSON" }).click()]);
      assert.ok(JSON.parse(readFileSync(await json.path(), "utf8")).columns.median.length > 500);
      for (const kind of ["PNG", "SVG"]) {
        const link = await page.getByRole("link", { name: kind }).getAttribute("href");
        const answer = await read(`/${link}`);
        assert.equal(answer.status, 200, `${link}`);
        assert.match(answer.headers.get("content-type") ?? "", kind === "PNG" ? /image\/png/ : /image\/svg/);
      }
    }));

  test("pictures have the asked size, theme and vantage point, and Chinese titles", async () => {
    const svg = await (await read("/graph/Console.BeijingConsole.svg?from=-3h&width=800&height=300")).text();
    assert.match(svg, /width="800"[^>]*height="300"/);
    assert.match(svg, /AWS北京区控制台/);
    const png = Buffer.from(await (await read("/graph/Console.BeijingConsole.png?from=-30h&scale=2")).arrayBuffer());
    assert.deepEqual(png.subarray(0, 4), PNG);
    assert.deepEqual(sizeOf(png), [1394, 594]);
    const light = await (await read("/graph/Storage.NingxiaS3.svg?vantage=tokyo")).text();
    const dark = await (await read("/graph/Storage.NingxiaS3.svg?vantage=tokyo&theme=dark")).text();
    assert.match(light, /东京 Tokyo/);
    assert.notEqual(light, dark);
    assert.match(await (await read("/graph/Storage.NingxiaS3.svg?vantage=all")).text(), /<svg/);
    assert.match(await (await read("/graph/Storage.Both.svg")).text(), /<svg/);
    assert.doesNotMatch(await (await read("/graph/Other.Evil.svg")).text(), /<script|<b>/);
  });

  test("what cannot be drawn is refused with a sentence", async () => {
    for (const [path, status] of /** @type {[string, number][]} */ ([
      ["/graph/Console.BeijingConsole.png?width=10000", 400], ["/graph/No.Such.svg", 404], ["/graph/%ff%00.svg", 404],
      ["/graph/Console.BeijingConsole.svg?from=2999-01-01", 400], ["/graph/Console.BeijingConsole.svg?from=-1h&to=-3h", 400],
      ["/api/v1/series/Console.BeijingConsole?points=1e9", 400], ["/api/v1/series/Console.BeijingConsole?from=-3000y", 400],
      ["/api/v1/overview?target=No.Such", 404], ["/api/v1/charts?chart=none", 404],
    ])) {
      const answer = await read(path);
      const { error } = /** @type {any} */ (await answer.json());
      assert.equal(Math.floor(answer.status / 100), 4, path);
      assert.ok([status, 400, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.match(error.message, /\w+ \w+/, path);
    }
  });

  test("a link to what is shown shows the same to somebody else", () =>
    visit({}, async ({ open, page }) => {
      await open("/?target=Storage.NingxiaS3&from=-30h&vantage=tokyo");
      await page.locator('figure.chart[data-ready="true"]').waitFor();
      await page.getByRole("button", { name: "copy link" }).click();
      await page.getByText("link copied").waitFor();
      const shared = page.url();
      await visit({ theme: "dark" }, async (other) => {
        await other.page.goto(shared);
        await other.page.getByRole("figure", { name: /Last 30 hours/i }).waitFor();
        assert.equal(await other.page.locator("figure.chart").count(), 1);
      });
    }));

  test("a frame has the graphs alone, and any page may show it", () =>
    visit({}, async ({ open, page, query, base }) => {
      await open("/?target=Console.BeijingConsole");
      await page.getByRole("button", { name: "embed" }).click();
      const code = await page.getByRole("textbox", { name: /HTML for a page/ }).inputValue();
      const address = /src="([^"]*)"/.exec(code)?.[1].replaceAll("&amp;", "&") ?? "";
      assert.ok(address.startsWith(base), code);
      assert.match((await fetch(address)).headers.get("content-security-policy") ?? "", /frame-ancestors \*/);
      assert.match((await read("/")).headers.get("content-security-policy") ?? "", /frame-ancestors '(self|none)'/);
      await page.goto(address);
      await page.locator('figure.chart[data-ready="true"]').first().waitFor();
      assert.equal(query().get("target"), "Console.BeijingConsole");
      assert.equal(await page.getByRole("tree").count(), 0);
      assert.ok(await inked(page.locator("figure.chart canvas").first()) > 20);
    }));

  test("SmokePing's addresses lead to the same pages and pictures", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/smokeping.cgi?target=Console.BeijingConsole");
      await page.getByRole("heading", { level: 1, name: "AWS北京区控制台" }).waitFor();
      await open("/smokeping/smokeping.fcgi?target=Storage.NingxiaS3~tokyo;displaymode=n;start=-30h;end=now");
      await page.getByRole("heading", { level: 1, name: "AWS宁夏区S3" }).waitFor();
      assert.equal(query().get("vantage"), "tokyo");
      assert.ok(query().get("from"));
      await page.locator('figure.chart[data-ready="true"]').waitFor();
      await open("/smokeping.cgi?filter=Lossy");
      await page.getByText("1 found").waitFor();
      await open("/smokeping.cgi?hierarchy=owner;target=Ann.BeijingS3");
      await page.getByRole("heading", { level: 1, name: "AWS北京区S3" }).waitFor();
      const image = Buffer.from(await (await read("/smokeping.cgi?target=Console.BeijingConsole&displaymode=a&start=-3h")).arrayBuffer());
      assert.deepEqual(image.subarray(0, 4), PNG);
    }));

  test("the page may load nothing from elsewhere and runs no script but its own", async () => {
    const policy = (await read("/")).headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /style-src 'self'(;|$)/);
    assert.doesNotMatch(policy, /unsafe|https?:/);
  });
});
