// Ten thousand targets: a first page that is small, a tree of which little is in the document.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { visiting } from "./support/browser.js";
import { Server } from "./support/server.js";
import { crowd, scratchFolder } from "./support/site.js";

const SECTIONS = 100;
const EACH = 100;

describe("ten thousand targets", () => {
  /** @type {Server} */
  let server;
  const folder = scratchFolder();

  before(async () => {
    writeFileSync(`${folder.path}/config`, crowd(folder.path, SECTIONS, EACH));
    server = await Server.start(`${folder.path}/config`);
  });

  after(async () => {
    await server?.stop();
    folder.remove();
  });

  test("come in half a megabyte", () =>
    visiting(server.url, {}, async ({ open, page, context, still }) => {
      const devtools = await context.newCDPSession(page);
      await devtools.send("Network.enable");
      let bytes = 0;
      devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
      await open("/");
      await page.getByRole("treeitem").first().waitFor();
      await still();
      assert.ok(bytes > 50_000, `only ${bytes} bytes were counted`);
      assert.ok(bytes <= 500_000, `${bytes} bytes over the wire`);
      const elements = await page.evaluate(() => document.querySelectorAll("*").length);
      assert.ok(elements < 5000, `${elements} elements in the document`);
    }));

  test("are scrolled to the last, with few of them in the document", () =>
    visiting(server.url, {}, async ({ open, page, picture }) => {
      await open("/?filter=line");
      await page.getByText("10,000 found").waitFor();
      assert.ok(await page.getByRole("treeitem").count() < 150);
      const tree = page.getByRole("tree");
      await tree.focus();
      await page.keyboard.press("End");
      await page.getByRole("treeitem").getByText(`Line ${SECTIONS}-${EACH}`, { exact: true }).waitFor();
      assert.ok(await page.getByRole("treeitem").count() < 150);
      await picture("many-light-desk");
      await page.getByRole("treeitem").getByText(`Line ${SECTIONS}-${EACH}`, { exact: true }).click();
      await page.getByRole("heading", { level: 1, name: `Title of line ${SECTIONS}-${EACH}` }).waitFor();
    }));

  test("are found by a few letters", () =>
    visiting(server.url, {}, async ({ open, page }) => {
      await open("/");
      await page.getByRole("searchbox", { name: "Filter the targets" }).fill("Line 37-42");
      await page.getByText("1 found").waitFor();
      await page.getByRole("treeitem").getByText("Line 37-42", { exact: true }).click();
      await page.getByRole("heading", { level: 1, name: "Title of line 37-42" }).waitFor();
    }));
});
