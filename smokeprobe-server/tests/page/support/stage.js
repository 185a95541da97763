// The site that all tests look at: started once, before the first of them.

import { after, before } from "node:test";

import { closeBrowser, visiting } from "./browser.js";
import { Site } from "./site.js";

/** @type {Site} */
export let site;

before(async () => {
  site = await Site.start();
  await site.settle();
}, { timeout: 600_000 });

after(async () => {
  await closeBrowser();
  await site?.stop();
});

/** A visit to the site. @param {import("./browser.js").Visitor} visitor @param {(visit: import("./browser.js").Visit) => Promise<void>} story */
export const visit = (visitor, story) => visiting(site.server.url, visitor, story);

/** What the rows of the tree are called, as they stand. @param {import("playwright-core").Page} page */
export const names = (page) => page.getByRole("treeitem").locator(".name").allInnerTexts();

/** How many colours a canvas has: a blank one has one. @param {import("playwright-core").Locator} canvas @returns {Promise<number>} */
export const inked = (canvas) =>
  canvas.first().evaluate((element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element);
    const ink = canvas.getContext("2d");
    if (!ink || canvas.width === 0 || canvas.height === 0) {
      return 0;
    }
    const { data } = ink.getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) {
      colours.add((data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]);
    }
    return colours.size;
  });
