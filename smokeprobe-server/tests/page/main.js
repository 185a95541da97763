// All tests of the page, in one process: they share a browser and a site. `main.js tree zoom` runs only those.

import "./support/stage.js";

const SUITES = [
  "geometry", "bars", "rows", "tree", "overview", "detail", "zoom", "live", "alerts", "people", "signin", "out", "many", "looks",
];

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : SUITES) {
  await import(`./${name}.test.js`);
}
