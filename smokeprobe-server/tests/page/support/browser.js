// One browser for all tests; each visitor has a window, a language, a theme and a time zone of their own.

import assert from "node:assert/strict";
import { accessSync, constants, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { axeSource, playwright } from "./modules.js";
import { until } from "./server.js";

/** Chromium by one of the names that systems give it. */
function program() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    for (const name of names) {
      try {
        const file = path.join(folder, name);
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not here.
      }
    }
  }
  throw new Error("no browser to test the page with; install one with: apt-get install chromium");
}

/** @type {import("playwright-core").Browser | undefined} */
let browser;

async function started() {
  browser ??= await playwright.chromium.launch({
    executablePath: program(),
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return browser;
}

/** Ends it. On a busy machine Chromium may hang at its end, when nothing is left to be tested: then it is killed. */
export async function closeBrowser() {
  const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  const kill = setTimeout(() => children().filter(isBrowser).forEach((child) => process.kill(child, "SIGKILL")), 30_000);
  await browser?.close();
  clearTimeout(kill);
  browser = undefined;
}

/** Whether a process is Chromium. @param {number} child */
const isBrowser = (child) => /^\S*chrom/.test(readFileSync(`/proc/${child}/cmdline`, "utf8"));

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/**
 * @typedef {object} Visitor
 * @property {"light" | "dark"} [theme] what the system prefers
 * @property {{ width: number, height: number }} [window]
 * @property {string} [locale]
 * @property {string} [zone]
 * @property {boolean} [touch]
 * @property {RegExp[]} [mayFail] what the browser may complain of in this visit
 */

/** A page as somebody has it open, and what went wrong in it. */
export class Visit {
  /** What nobody wants to see: errors of scripts, of the console, and requests that leave the machine. @type {string[]} */
  troubles = [];
  /** Every address asked for. @type {string[]} */
  requests = [];
  /** Asked for, and not answered yet; the live stream never is. @type {Set<object>} */
  #underWay = new Set();

  /** @param {string} base @param {import("playwright-core").BrowserContext} context @param {import("playwright-core").Page} page @param {RegExp[]} mayFail */
  constructor(base, context, page, mayFail) {
    this.base = base;
    this.context = context;
    this.page = page;
    this.mayFail = mayFail;
    page.on("pageerror", (error) => this.#trouble(`script: ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.#trouble(`console: ${message.text()} (${message.location().url})`);
      }
    });
    context.on("requestfinished", (request) => this.#underWay.delete(request));
    context.on("requestfailed", (request) => this.#underWay.delete(request));
    page.on("dialog", (dialog) => {
      this.#trouble(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on("request", (request) => {
      if (request.resourceType() !== "eventsource") {
        this.#underWay.add(request);
      }
      const url = new URL(request.url());
      this.requests.push(url.pathname + url.search);
      if (url.origin !== this.base && url.protocol !== "data:" && url.protocol !== "blob:") {
        this.#trouble(`request to another host: ${request.url()}`);
      }
    });
  }

  /** Waits until nothing is being fetched, and the page has nothing to do: for three looks in a row, a tenth of a second apart. */
  still = () =>
    until("nothing is fetched", async () => {
      for (let look = 0; look < 3; look++) {
        await this.page.waitForTimeout(100);
        // On a busy machine, what was fetched may not be drawn yet, nor what it leads to asked for.
        await this.page.evaluate(() => new Promise((resolve) => requestIdleCallback(() => requestAnimationFrame(() => requestIdleCallback(resolve)))));
        if (this.#underWay.size > 0) {
          return false;
        }
      }
      return true;
    }, 300);

  #trouble(/** @type {string} */ what) {
    if (!this.mayFail.some((pattern) => pattern.test(what))) {
      this.troubles.push(what);
    }
  }

  /** Opens an address of the page, and waits until the page has said what it is about. */
  open = async (/** @type {string} */ address) => {
    await this.page.goto(this.base + address);
    await this.page.locator("main h1").first().waitFor();
  };

  /** The parameters in the address bar. */
  query = () => new URL(this.page.url()).searchParams;

  /** Nothing went wrong so far. */
  calm() {
    assert.deepEqual(this.troubles, []);
  }

  /** Keeps a picture for people to look at. */
  picture = async (/** @type {string} */ name) => {
    const folder = process.env.SMOKEPROBE_ARTEFACTS;
    if (folder) {
      mkdirSync(folder, { recursive: true });
      await this.page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled" });
    }
  };

  /** What axe-core calls a serious or critical fault, one line each. */
  faults = async () => {
    const results = await this.page.evaluate(() =>
      /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"] }));
    return results.violations
      .filter((/** @type {any} */ { impact }) => impact === "serious" || impact === "critical")
      .map((/** @type {any} */ { id, help, nodes }) =>
        `${id}: ${help}: ${nodes.slice(0, 3).map((/** @type {any} */ node) => `${node.html.slice(0, 160)} [${node.any.concat(node.all).map((/** @type {any} */ check) => check.message).join("; ").slice(0, 200)}]`).join(" | ")}`);
  };
}

/**
 * Opens a page as this visitor, lets `story` have it, and sees to it that nothing went wrong meanwhile.
 * @param {string} base @param {Visitor} visitor @param {(visit: Visit) => Promise<void>} story
 */
export async function visiting(base, visitor, story) {
  const context = await (await started()).newContext({
    viewport: visitor.window ?? DESKTOP,
    colorScheme: visitor.theme ?? "light",
    locale: visitor.locale ?? "en-GB",
    timezoneId: visitor.zone ?? "Europe/Berlin",
    hasTouch: visitor.touch ?? false,
    reducedMotion: "reduce",
    acceptDownloads: true,
  });
  context.setDefaultTimeout(90_000);
  // As a script of the page it could not be loaded: the page allows none but its own.
  await context.addInitScript(axeSource);
  const visit = new Visit(base, context, await context.newPage(), visitor.mayFail ?? []);
  try {
    await story(visit);
    visit.calm();
  } catch (error) {
    await visit.picture(`failed-${Date.now()}`).catch(() => {});
    if (visit.troubles.length > 0 && error instanceof Error) {
      error.message += `\nin the browser:\n${visit.troubles.join("\n")}`;
    }
    throw error;
  } finally {
    await context.close();
  }
}
