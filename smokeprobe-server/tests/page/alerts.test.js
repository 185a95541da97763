// What stands and what was raised, who was told, acknowledging, silencing; and the status of the server.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { INK } from "../../assets/chart/palette.js";
import { site, visit } from "./support/stage.js";

/** @param {import("playwright-core").Page} page @param {string} name */
const part = (page, name) => page.getByRole("region", { name: new RegExp(`^${name}`) });

/** The stretches of time in which an alert of a target was raised, oldest first. @param {string} target @returns {Promise<{since: number, time: number}[]>} */
const cleared = async (target) => (await site.server.json(`/api/v1/alerts/events?target=${target}&what=changes`)).events
  .map((/** @type {any} */ { event }) => event).filter((/** @type {any} */ { what }) => what === "cleared").reverse();

/** What has the focus is called so. @param {import("playwright-core").Page} page */
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");

/** The plot of the first chart, once it is drawn. @param {import("playwright-core").Page} page */
async function plot(page) {
  await page.locator('figure.chart[data-ready="true"]').first().waitFor();
  const box = await page.locator("figure.chart .u-over").first().boundingBox();
  assert.ok(box);
  return box;
}

/**
 * Waits until the first chart has the ink of alerts somewhere, or an edge of it: pixels from the left and from the foot of the plot.
 * @param {import("playwright-core").Page} page @param {number} x @param {number} y
 */
const alertInk = (page, x, y) => page.waitForFunction(([x, y, ink]) => {
  const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("figure.chart canvas"));
  const [plot, whole] = [/** @type {Element} */ (document.querySelector("figure.chart .u-over")).getBoundingClientRect(), canvas.getBoundingClientRect()];
  // Of a copy: browsers warn of a canvas that is read again and again.
  const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  copy?.drawImage(canvas, whole.left - plot.left - x, whole.top - plot.bottom - y);
  const at = copy?.getImageData(0, 0, 1, 1).data ?? [];
  return ink.every((part, i) => Math.abs(part - (at[i] ?? 0)) < 64);
}, /** @type {const} */ ([x, y, [1, 3, 5].map((i) => parseInt(INK.light.alert.slice(i, i + 2), 16))]));

describe("the alerts", { concurrency: false }, () => {
  test("that stand are listed with their reasons, and lead to their targets", () =>
    visit({}, async ({ open, page }) => {
      await open("/");
      await page.getByRole("link", { name: /^Alerts/ }).click();
      await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
      const lossy = page.getByRole("row").filter({ hasText: "Lossy link" });
      await lossy.filter({ hasText: "someloss" }).filter({ hasText: /loss: \d+%/ }).waitFor();
      await page.getByRole("row").filter({ hasText: "Dead link" }).filter({ hasText: "hostdown" }).filter({ hasText: "100%" }).first().waitFor();
      await lossy.getByRole("link", { name: /Lossy link/ }).click();
      await page.getByRole("heading", { level: 1, name: "A link that loses some" }).waitFor();
    }));

  test("have a history, in which each opens with what became of it", () =>
    visit({}, async ({ open, page, picture }) => {
      await open("/?mode=alerts");
      const lane = page.getByRole("group", { name: "Flapping link" });
      await lane.getByRole("button", { name: /someloss.*until/ }).last().click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("loss 3 times in a row").waitFor();
      await dialog.getByText("delivered").first().waitFor();
      assert.match(await dialog.innerText(), /\|\/bin\/true/);
      await picture("alert-event-light-desk");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      assert.match(await focused(page), /^someloss: .*until/);
    }));

  test("of a range that only the server can read are those of it, and of a senseless one it is said", () =>
    visit({ mayFail: [/400/] }, async ({ open, page, requests }) => {
      await open("/?mode=alerts&from=-3h&to=-1h");
      const range = page.getByRole("form", { name: "Range" });
      await page.getByText(/Nothing was raised in this time|told/).first().waitFor();
      assert.equal(await range.getByRole("textbox").inputValue(), "-3h … -1h");
      const spans = requests.filter((request) => request.includes("/alerts/events?") && request.includes("&to=")).map((request) => new URLSearchParams(request));
      assert.ok(spans.length > 0 && spans.every((query) => Math.abs(Number(query.get("to")) - Number(query.get("from")) - 7200) <= 1), requests.join("\n"));
      await open("/?mode=alerts&from=2026-13-45");
      assert.match(await range.getByRole("alert").innerText(), /\w+ \w+ \w+/);
      await range.getByRole("link", { name: "30d" }).click();
      await range.getByRole("alert").waitFor({ state: "detached" });
      // Dragging over the lanes zooms, and a double click goes back to where one was.
      const track = await page.locator(".timeline .axis .track").boundingBox();
      assert.ok(track);
      await page.mouse.move(track.x + 100, track.y + 8);
      await page.mouse.down();
      await page.mouse.move(track.x + 200, track.y + 8);
      await page.mouse.move(track.x + track.width, track.y + 8);
      await page.mouse.up();
      await page.waitForURL((url) => url.searchParams.get("from") !== "-30d");
      await page.mouse.dblclick(track.x + 100, track.y + 8);
      await page.waitForURL((url) => url.searchParams.get("from") === "-30d");
    }));

  test("open from their marks on a graph, by pointer and by keys", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/?target=Edge.Flapping&from=-15m");
      await plot(page);
      const mark = page.getByRole("figure").getByRole("link", { name: /^someloss: .*until/ }).last();
      const box = await mark.boundingBox();
      assert.ok(box);
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
      const dialog = page.getByRole("dialog", { name: "someloss · Flapping link" });
      await dialog.getByText("loss 3 times in a row").waitFor();
      assert.deepEqual([query().get("target"), query().get("from")], ["Edge.Flapping", "-15m"]);
      // The address has the event, and the way back is one step.
      await page.reload();
      await dialog.waitFor();
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await page.goBack();
      await plot(page);
      await page.getByRole("figure").focus();
      await page.keyboard.press("Tab");
      await page.keyboard.press("Home");
      assert.match(await focused(page), /^someloss: /);
      await page.keyboard.press("Enter");
      await dialog.waitFor();
    }));

  test("open from their marks on a graph, by a finger", () =>
    visit({ window: { width: 390, height: 844 }, touch: true }, async ({ open, page }) => {
      await open("/?target=Edge.Flapping&from=-15m");
      await plot(page);
      const mark = page.getByRole("figure").getByRole("link", { name: /^someloss: .*until/ }).last();
      const box = await mark.boundingBox();
      assert.ok(box && box.width >= 24 && box.height >= 24, JSON.stringify(box));
      await mark.tap();
      await page.getByRole("dialog", { name: "someloss · Flapping link" }).waitFor();
    }));

  test("that began before a graph and ended after it are drawn over all of it", () =>
    visit({}, async ({ open, page }) => {
      const [{ since, time }] = await cleared("Edge.Flapping");
      assert.ok(time - since >= 5);
      await open(`/?target=Edge.Flapping&from=${since + 1}&to=${since + 4}`);
      const { x, width } = await plot(page);
      const box = await page.getByRole("figure").getByRole("link", { name: /^someloss: / }).boundingBox();
      assert.ok(box && box.x <= x && box.x + box.width >= x + width, JSON.stringify(box));
      await alertInk(page, 2, 6);
      await alertInk(page, width - 2, 6);
    }));

  test("that are too many say so on a graph, and those without a link of their own have one together", () =>
    visit({}, async ({ open, page, query }) => {
      const now = Math.floor(Date.now() / 1000);
      const [{ event }] = (await site.server.json("/api/v1/alerts/events?target=Edge.Flapping&limit=1")).events;
      const events = Array.from({ length: 500 }, (_, i) => now - 60 - 10 * i).flatMap((since, i) => [
        { id: 2 * i + 1, event: { ...event, what: "cleared", since, time: since + 5 } },
        { id: 2 * i, event: { ...event, what: "raised", since, time: since } },
      ]);
      await page.route(/alerts\/events/, (route) => route.fulfill({ json: { events } }));
      await open("/?target=Edge.Flapping&from=-3h");
      const figure = page.getByRole("figure");
      await figure.getByText(/^Alerts before .* are not shown: there are too many/).waitFor();
      assert.equal(await figure.getByRole("link", { name: /^someloss: / }).count(), 100);
      await figure.getByRole("link", { name: "and 400 more" }).press("Enter");
      await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
      assert.deepEqual([query().get("target"), query().get("from"), query().get("alert")], ["Edge.Flapping", "-3h", null]);
      await page.getByText(/^Alerts before .* are not shown/).waitFor();
    }));

  test("are tried again over the graph of their time, and so is a rule", () =>
    visit({ mayFail: [/400/] }, async ({ open, page, picture }) => {
      await open("/?mode=alerts");
      // By key: bars of minutes lie upon each other in a week.
      await page.getByRole("group", { name: "Flapping link" }).getByRole("button", { name: /someloss.*until/ }).first().press("Enter");
      const replayed = page.waitForResponse(/alerts\/replay/);
      await page.getByRole("dialog").getByRole("link", { name: "Try this alert over it" }).click();
      const { spans, alert } = await (await replayed).json();
      assert.equal(alert, "someloss");
      const said = page.getByRole("figure").getByRole("status");
      await said.getByText(/^raised (once|\d+ times)$/).waitFor();
      // It is drawn where it would have been raised, at the foot of the plot.
      const { width } = await plot(page);
      const from = Number(new URL(page.url()).searchParams.get("from"));
      const to = Number(new URL(page.url()).searchParams.get("to")) || Date.now() / 1000;
      const [span] = spans;
      await alertInk(page, Math.round(((span.from + (span.to ?? to)) / 2 - from) / (to - from) * width), -2);
      await picture("replay-light-desk");
      await page.getByRole("combobox", { name: "Alert" }).selectOption("a rule of my own");
      const rule = page.getByRole("textbox", { name: "Rule" });
      await rule.fill(">>0%");
      await rule.press("Enter");
      await said.getByText(/needs a number/).waitFor();
      await rule.fill("==100%");
      await page.getByRole("button", { name: "Try", exact: true }).click();
      await said.getByText("never raised").waitFor();
    }));

  test("are about one target or one alert when one asks so", () =>
    visit({}, async ({ open, page, query }) => {
      await open("/?mode=alerts&target=Edge.Lossy");
      await page.getByRole("row").filter({ hasText: "Lossy link" }).first().waitFor();
      assert.equal(await page.getByRole("row").filter({ hasText: "Dead link" }).count(), 0);
      await page.getByRole("button", { name: "Show all targets" }).click();
      await page.getByRole("row").filter({ hasText: "Dead link" }).first().waitFor();
      await page.getByRole("combobox", { name: "Alert" }).selectOption("hostdown");
      await page.getByRole("row").filter({ hasText: "Lossy link" }).first().waitFor({ state: "detached" });
      assert.equal(query().get("alert"), "hostdown");
    }));

  test("tell each delivery, with its answer", () =>
    visit({}, async ({ open, page }) => {
      await open("/?mode=alerts");
      const told = part(page, "Deliveries").last().getByRole("row").filter({ hasText: "Flapping link: someloss raised" }).last();
      assert.match(await told.innerText(), /\|\/bin\/true[\s\S]*delivered[\s\S]*exit status 0/);
    }));

  test("are acknowledged with a word, and show it", () =>
    visit({}, async ({ open, page }) => {
      await open("/?mode=alerts");
      // By keys alone.
      await page.getByRole("button", { name: "Acknowledge hostdown Dead link" }).focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      await page.keyboard.type("carrier called <b>");
      await page.keyboard.press("Tab");
      await page.keyboard.insertText("王芳");
      await page.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });
      const row = page.getByRole("row").filter({ hasText: "hostdown" }).filter({ hasText: "Dead link" }).first();
      await row.getByText(/acknowledged by 王芳/).waitFor();
      await row.getByText("carrier called <b>").waitFor();
      assert.equal(await focused(page), "Silence hostdown Dead link");
      const { standing } = await site.server.json("/api/v1/alerts");
      const one = standing.find((/** @type {any} */ { series, alert }) => series === "Edge.Dead" && alert === "hostdown");
      assert.equal(one.acknowledged.author, "王芳");
    }));

  test("are silenced for a while, and heard again", () =>
    visit({}, async ({ open, page }) => {
      await open("/?mode=alerts");
      await page.getByRole("button", { name: "Silence someloss Lossy link" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("textbox", { name: "Comment" }).fill("line test");
      await dialog.getByRole("button", { name: "Silence", exact: true }).click();
      await dialog.waitFor({ state: "detached" });
      const silences = part(page, "Silences");
      await silences.getByText("line test").waitFor();
      // The tree shows it with another sign.
      const row = page.getByRole("treeitem").filter({ hasText: "Lossy link" });
      await row.getByRole("img", { name: "silenced" }).waitFor();
      await silences.getByRole("button", { name: /Take back the silence/ }).click();
      await silences.getByText("Nothing is silenced.").waitFor();
      await row.getByRole("img", { name: /alerts raised/ }).waitFor();
    }));

  test("refuse what cannot be, with a sentence", () =>
    visit({ mayFail: [/40\d/] }, async ({ open, page }) => {
      await open("/?mode=alerts");
      await page.getByRole("button", { name: "Silence…" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("combobox", { name: "For" }).selectOption("until …");
      await dialog.getByLabel(/^Until/).fill("2020-01-01T00:00");
      await dialog.getByRole("button", { name: "Silence", exact: true }).click();
      await dialog.getByRole("alert").waitFor();
      assert.match(await dialog.getByRole("alert").innerText(), /\w+ \w+ \w+/);
    }));
});

describe("the status", () => {
  test("tells of probes, lateness, stamps, the disk and the configuration", () =>
    visit({}, async ({ open, page }) => {
      await open("/");
      await page.getByRole("link", { name: "Status" }).click();
      await page.getByRole("heading", { level: 1, name: "Status" }).waitFor();
      for (const title of ["Probes", "Agents", "Lateness of our own timers", "Answers", "Disk", "Configuration"]) {
        await page.getByRole("heading", { name: title, exact: true }).waitFor();
      }
      const text = await page.getByRole("main").innerText();
      assert.match(text, /Asked[\s\S]*Qstat/);
      assert.match(text, /东京 Tokyo|tokyo/);
      assert.match(text, /probe Qstat is not supported/);
    }));

  test("shows the errors of a configuration on the disk, while the one before runs on", () =>
    visit({}, async ({ open, page }) => {
      await open("/?mode=status");
      site.configure((text) => text.replace("menu = Edge", "mneu = Edge"));
      try {
        await page.getByRole("region", { name: "Errors" }).filter({ hasText: /mneu/ }).waitFor();
        // And every page says so.
        await open("/");
        await page.getByRole("alert").filter({ hasText: /there is no variable `mneu` here/ }).waitFor();
        await page.getByRole("treeitem").filter({ hasText: "Edge" }).first().waitFor();
      } finally {
        site.configure((text) => text);
      }
      await page.getByRole("alert").filter({ hasText: /mneu/ }).waitFor({ state: "detached" });
    }));

  test("of a changed configuration reaches an open page", () =>
    visit({}, async ({ open, page }) => {
      await open("/");
      await page.getByText("live", { exact: true }).waitFor();
      site.configure((text) => text.replace("menu = Near", "menu = Quite near"));
      try {
        await page.getByRole("treeitem").filter({ hasText: "Quite near" }).waitFor();
      } finally {
        site.configure((text) => text);
      }
      await page.getByRole("treeitem").filter({ hasText: "Quite near" }).waitFor({ state: "detached" });
    }));
});
