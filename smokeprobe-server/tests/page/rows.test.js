// The tree's rows and filter, and the rows of small graphs: what needs no browser.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { append, has, rowAt, summary } from "../../assets/overview/values.js";
import { rttLabel, rttTicks } from "../../assets/pictures/buckets.js";
import { find, hierarchyNodes, rowsOf, sectionNodes, testOf, wayTo } from "../../assets/side/rows.js";

/** @typedef {import("../../assets/model.js").Section} Section */

/** @param {string} path @param {Partial<Section>} [more] @param {Section[]} [children] @returns {Section} */
function section(path, more = {}, children = []) {
  const name = path.split(".").pop() ?? "";
  const menu = more.menu ?? name;
  return { name, path, menu, title: menu, depth: 0, parent: null, children, series: [], first: 0, end: 0, hidden: false, ...more };
}

const dns = section("DNS", { menu: "DNS", title: "Name servers" }, [
  section("DNS.One", { host: "192.0.2.1", menu: "北京 one" }),
  section("DNS.Two", { host: "192.0.2.11" }),
]);
const web = section("Web", {}, [section("Web.Shop", { host: "shop.example" }), section("Web.Secret", { hide: true, host: "secret.example" })]);
const root = section("", {}, [dns, web]);

/** @param {string} filter @param {boolean} [literal] */
function filtered(filter, literal = false) {
  const top = sectionNodes(root);
  const found = find(top, testOf(filter, literal) ?? assert.fail("a filter"));
  const rows = rowsOf(top, found, (node) => found.ways.has(node));
  return { matches: found.matches, rows: rows.map(({ node }) => node.key) };
}

describe("the tree", () => {
  test("shows sections in the configuration's order, without hidden ones", () => {
    const rows = rowsOf(sectionNodes(root), null, () => true);
    assert.deepEqual(rows.map(({ node }) => node.key), ["DNS", "DNS.One", "DNS.Two", "Web", "Web.Shop"]);
    assert.deepEqual(rows.map(({ position, size }) => `${position}/${size}`), ["1/2", "1/2", "2/2", "2/2", "1/1"]);
    assert.deepEqual(rows.map(({ open }) => open), [true, null, null, true, null]);
  });

  test("what is folded has no rows", () => {
    const rows = rowsOf(sectionNodes(root), null, ({ key }) => key === "Web");
    assert.deepEqual(rows.map(({ node }) => node.key), ["DNS", "Web", "Web.Shop"]);
  });

  test("the way to a target is what it is in, and it itself when it holds others", () => {
    assert.deepEqual(wayTo(sectionNodes(root), "DNS.Two"), ["DNS"]);
    assert.deepEqual(wayTo(sectionNodes(root), "Web"), ["Web"]);
    assert.deepEqual(wayTo(sectionNodes(root), ""), []);
  });

  test("a hierarchy's branches lead to the real sections", () => {
    const branch = { name: "", children: [{ name: "Ann", children: [{ name: "Shop", target: "Web.Shop" }, { name: "Gone", target: "No.Such" }] }] };
    const top = hierarchyNodes({ name: "owner", title: "By owner", root: branch }, (path) => (path === "Web.Shop" ? web.children[0] : undefined));
    const rows = rowsOf(top, null, () => true);
    assert.deepEqual(rows.map(({ node }) => [node.key, node.section?.path ?? null, node.level]),
      [["owner:/Ann", null, 1], ["owner:/Ann/Shop", "Web.Shop", 2], ["owner:/Ann/Gone", null, 2]]);
  });
});

describe("the filter", () => {
  test("keeps the way to what matches", () => {
    assert.deepEqual(filtered("two"), { matches: 1, rows: ["DNS", "DNS.Two"] });
  });

  test("looks at menu, title, host and path, in any case", () => {
    assert.deepEqual(filtered("北京").rows, ["DNS", "DNS.One"]);
    assert.deepEqual(filtered("NAME SERV").rows, ["DNS"]);
    assert.deepEqual(filtered("shop.example").rows, ["Web", "Web.Shop"]);
    assert.deepEqual(filtered("web.sh").rows, ["Web", "Web.Shop"]);
  });

  test("a dot is a dot, so that a host is found as it is written", () => {
    assert.equal(filtered("192.0.2.11").matches, 1);
    assert.equal(filtered("192x0").matches, 0);
    assert.equal(filtered("shop.ex").matches, 1);
    assert.equal(filtered("shopzex").matches, 0);
  });

  test("text with special characters is a regular expression, a line for each of what it looks at", () => {
    assert.deepEqual(filtered("^192\\.0\\.2\\.1$").rows, ["DNS", "DNS.One"]);
    assert.deepEqual(filtered("one|shop").rows, ["DNS", "DNS.One", "Web", "Web.Shop"]);
  });

  test("is text where the configuration says so, or where it cannot be an expression", () => {
    assert.equal(filtered("one|shop", true).matches, 0);
    assert.equal(filtered("(two").matches, 0);
    assert.equal(testOf("(two", false)?.("a (two) b"), true);
  });

  test("a repeated group is text: a link must not keep a browser busy for ever", () => {
    const matches = testOf("(a+)+$", false) ?? assert.fail("a filter");
    assert.equal(matches("a".repeat(60) + "!"), false);
    assert.equal(matches("x (a+)+$ y"), true);
  });

  test("shows all that is in a section that matches, folded", () => {
    const top = sectionNodes(root);
    const found = find(top, testOf("name servers", false) ?? assert.fail("a filter"));
    assert.deepEqual(rowsOf(top, found, () => true).map(({ node }) => node.key), ["DNS", "DNS.One", "DNS.Two"]);
    assert.equal(found.ways.size, 0);
  });

  test("an empty one is none", () => {
    assert.equal(testOf("  ", false), null);
  });
});

/** Rows of 300 s that end at 1300, 1600 and 1900. */
const some = () => ({
  series: "A.B", start: 1300, step: 300, pings: 20, loss: [0, 2, /** @type {number | null} */ (null)],
  median: [0.01, 0.03, /** @type {number | null} */ (null)], min: [0.01, 0.02, /** @type {number | null} */ (null)],
  max: [0.02, 0.04, /** @type {number | null} */ (null)], deviation: [0.001, 0.002, /** @type {number | null} */ (null)],
});

/** @param {number} time @param {number} loss @param {number | null} median @param {number | null} [deviation] */
const told = (time, loss, median, deviation = 0.001) => ({ time, loss, median, deviation });

describe("rows of a small graph", () => {
  test("a live round lands in the row that its start is in, and is drawn as a stored one", () => {
    const rows = some();
    assert.equal(append(rows, told(1610, 0.5, 0.05, 0.004), 300), true);
    assert.deepEqual([rows.loss, rows.median, rows.deviation], [[0, 2, 10], [0.01, 0.03, 0.05], [0.001, 0.002, 0.004]]);
  });

  test("a gap before a live round stays unknown", () => {
    const rows = some();
    assert.equal(append(rows, told(2500, 0, 0.02, 0.003), 300), true);
    assert.deepEqual(rows.median, [0.01, 0.03, null, null, null, 0.02]);
    assert.deepEqual(rows.deviation, [0.001, 0.002, null, null, null, 0.003]);
    assert.equal(rows.min.length, 6);
  });

  test("rounds of one row become its mean", () => {
    const rows = some();
    append(rows, told(1600, 0, 0.02, 0.001), 100);
    append(rows, told(1700, 0, 0.04, 0.002), 100);
    append(rows, told(1800, 0.3, 0.06, 0.006), 100);
    assert.deepEqual([rows.median[2], rows.loss[2], rows.deviation[2]].map((value) => value?.toFixed(6)), ["0.040000", "2.000000", "0.003000"]);
  });

  test("what all was lost of has no spread", () => {
    const rows = some();
    append(rows, told(1610, 1, null, null), 300);
    assert.deepEqual([rows.loss[2], rows.median[2], rows.deviation[2]], [20, null, null]);
  });

  test("a round that was told while an answer was under way is known to be missing in it", () => {
    assert.deepEqual([1010, 1310, 1610, 1910].map((time) => has(some(), time)), [true, true, false, false]);
  });

  test("what is older than the rows, or far ahead of them, is not theirs", () => {
    const rows = some();
    assert.equal(append(rows, told(900, 0, 0.02), 300), false);
    assert.equal(append(rows, told(1e9, 0, 0.02), 300), false);
    assert.equal(rows.median.length, 3);
  });

  test("the row at a time is the one that covers it", () => {
    assert.deepEqual([1000, 1001, 1300, 1301, 1900, 1901].map((time) => rowAt(some(), time)), [null, 0, 0, 1, 2, null]);
  });

  test("the summary is of what is in sight", () => {
    assert.deepEqual(summary(some(), { from: 1000, to: 1900 }), { average: 0.02, most: 0.03, loss: 0.05 });
    assert.deepEqual(summary(some(), { from: 1300, to: 1900 }), { average: 0.03, most: 0.03, loss: 0.1 });
    assert.deepEqual(summary(some(), { from: 1600, to: 1900 }), { average: null, most: null, loss: null });
  });
});

describe("the axis of a heat map", () => {
  const labels = (/** @type {number} */ low, /** @type {number} */ high) => rttTicks(low, high).map(rttLabel);

  test("has 1, 2 and 5 of each decade", () => {
    assert.deepEqual(labels(0.0008, 0.03), ["1 ms", "2 ms", "5 ms", "10 ms", "20 ms"]);
    assert.deepEqual(labels(0.09, 2.1), ["100 ms", "200 ms", "500 ms", "1 s", "2 s"]);
  });

  test("has whole decades where there are many", () => {
    assert.deepEqual(labels(5e-6, 0.5), ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms"]);
  });

  test("has round values where a decade is too long", () => {
    assert.deepEqual(labels(0.0041, 0.0072), ["5 ms", "6 ms", "7 ms"]);
    assert.deepEqual(labels(0.0205, 0.0325), ["22 ms", "24 ms", "26 ms", "28 ms", "30 ms", "32 ms"]);
    for (let low = 1; low < 10; low += 0.07) {
      const many = labels(low, low * 1.6).length;
      assert.ok(many >= 3 && many <= 9, `${many} from ${low}`);
    }
  });
});
