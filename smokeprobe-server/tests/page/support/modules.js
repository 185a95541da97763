// What npm brought, from the folder that scripts/page-modules made: outside the tree, so found by its path.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

const folder = process.env.SMOKEPROBE_PAGE_MODULES;
if (!folder) {
  throw new Error("SMOKEPROBE_PAGE_MODULES is not set: run these tests by scripts/page-test or cargo test --test page");
}
const require = createRequire(path.join(folder, "package.json"));

/** @type {typeof import("playwright-core")} */
export const playwright = require("playwright-core");

/** The program of axe-core, as text to be run in a page. */
export const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
