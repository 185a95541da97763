// The site that all tests look at: started once, before the first of them.

import { after, before } from "node:test";

import { closeBrowser, visiting } from "./browser.js";
import { Site } from "./site.js";

/** @type {Site} */
export let site;

before(async () => {
  site = await Site.start();
  await site.settle();
}, { timeout: 120_000 });

after(async () => {
  await closeBrowser();
  await site?.stop();
});

/** A visit to the site. @param {import("./browser.js").Visitor} visitor @param {(visit: import("./browser.js").Visit) => Promise<void>} story */
export const visit = (visitor, story) => visiting(site.server.url, visitor, story);
