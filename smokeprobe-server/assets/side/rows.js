// What the tree shows, as rows: the sections or a hierarchy, cut down by the filter, as far as they are open.

import { plain } from "./rich.js";

/**
 * @typedef {import("../model.js").Section} Section
 * @typedef {object} Node
 * @property {string} key its own in the tree, the same after a reload
 * @property {string} label @property {string} title
 * @property {Section | null} section where it leads; null: nowhere, it only holds others
 * @property {Node | null} parent @property {Node[]} children @property {number} level from 1
 * @property {string} words what the filter looks at, a line each
 * @typedef {{node: Node, open: boolean | null, position: number, size: number}} Row open: null when there is nothing below
 * @typedef {(words: string) => boolean} Test
 * @typedef {{matches: number, shown: Set<Node>, ways: Set<Node>}} Found ways: have a match below
 */

/** The sections that a menu shows, in the configuration's order. @param {Section} root @returns {Node[]} */
export function sectionNodes(root) {
  return nodes(root, null);
}

/** @param {Section} section @param {Node | null} parent @returns {Node[]} */
function nodes(section, parent) {
  return section.children.filter((child) => !child.hide).map((child) => {
    const node = leaf(child, child.path, child.menu, parent);
    node.children = nodes(child, node);
    return node;
  });
}

/**
 * A hierarchy's branches, and the targets on them.
 * @param {import("../api.js").Outline["hierarchies"][number]} hierarchy
 * @param {(path: string) => Section | null | undefined} find @returns {Node[]}
 */
export function hierarchyNodes({ name, root }, find) {
  /** @param {import("../api.js").Branch} branch @param {string} at @param {Node | null} parent @returns {Node[]} */
  const below = (branch, at, parent) => (branch.children ?? []).map((child) => {
    const section = (child.target && find(child.target)) || null;
    const key = `${at}/${child.name}`;
    const node = leaf(section, key, section?.menu ?? child.name, parent);
    if (!section) node.words = `${node.label}\n${key.slice(name.length + 1)}`;
    node.children = below(child, key, node);
    return node;
  });
  return below(root, `${name}:`, null);
}

/** @param {Section | null} section @param {string} key @param {string} label @param {Node | null} parent @returns {Node} */
function leaf(section, key, label, parent) {
  const title = section ? plain(section.title, section.html) : label;
  const words = section ? [label, title, section.host ?? "", section.path].join("\n") : label;
  return { key, label, title, section, parent, children: [], level: parent ? parent.level + 1 : 1, words };
}

/** The keys of those that hold others. @param {Node[]} top @returns {string[]} */
export function holding(top) {
  return top.flatMap((node) => (node.children.length > 0 ? [node.key, ...holding(node.children)] : []));
}

/** The keys of all that must be open for a section and what is in it to be seen. @param {Node[]} top @param {string} path @returns {string[]} */
export function wayTo(top, path) {
  /** @type {string[]} */
  const way = [];
  /** @param {Node[]} nodes @returns {boolean} */
  const walk = (nodes) => nodes.reduce((any, node) => {
    const leads = walk(node.children) || node.section?.path === path;
    if (leads && node.children.length > 0) way.push(node.key);
    return any || leads;
  }, false);
  if (path) walk(top);
  return way;
}

/** How many there are, down to this many. @param {Node[]} top @param {number} enough */
export function count(top, enough) {
  let found = 0;
  for (const node of top) {
    if (found >= enough) return found;
    found += 1 + count(node.children, enough - found);
  }
  return found;
}

/**
 * The test of a filter. Text with characters special in regular expressions is one, as it is in SmokePing, unless it
 * cannot be or the configuration wants it as it stands. A lone dot is a dot: hosts have them.
 * @param {string} filter @param {boolean} literal @returns {Test | null} null: everything
 */
export function testOf(filter, literal) {
  const text = filter.trim().toLowerCase();
  if (!text) return null;
  // A repeated group can take longer than anybody waits, and a link may bring one along.
  if (!literal && text.length <= 100 && /[*+?|^$\\[\](){}]/.test(text) && !/\)[*+{]/.test(text)) {
    try {
      const expression = new RegExp(text, "im");
      return (words) => expression.test(words);
    } catch {
      // Half typed, or meant as it stands.
    }
  }
  return (words) => words.toLowerCase().includes(text);
}

/** @param {Node[]} top @param {Test} test @returns {Found} */
export function find(top, test) {
  /** @type {Found} */
  const found = { matches: 0, shown: new Set(), ways: new Set() };
  /** @param {Node[]} nodes @param {boolean} below what matches is shown whole @returns {boolean} */
  const walk = (nodes, below) => {
    let any = false;
    for (const node of nodes) {
      const matches = test(node.words);
      if (matches) found.matches += 1;
      const inside = walk(node.children, below || matches);
      if (inside) found.ways.add(node);
      if (matches || inside || below) found.shown.add(node);
      any ||= matches || inside;
    }
    return any;
  };
  walk(top, false);
  return found;
}

/** @param {Node[]} top @param {Found | null} found @param {(node: Node) => boolean} isOpen @returns {Row[]} */
export function rowsOf(top, found, isOpen) {
  /** @type {Row[]} */
  const rows = [];
  /** @param {Node[]} nodes */
  const walk = (nodes) => {
    const shown = found ? nodes.filter((node) => found.shown.has(node)) : nodes;
    shown.forEach((node, index) => {
      const open = node.children.length > 0 ? isOpen(node) : null;
      rows.push({ node, open, position: index + 1, size: shown.length });
      if (open) walk(node.children);
    });
  };
  walk(top);
  return rows;
}
