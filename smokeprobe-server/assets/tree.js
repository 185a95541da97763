// The tree at the left. Rows are made when their section is first opened, and changed in place afterwards.

import { shownChildren } from "./api.js";
import { element, say } from "./dom.js";
import { brief, conditionOf, showMark, worstOf, worstSeries } from "./state.js";

/** @typedef {import("./api.js").Section} Section */

/** Sections with more than this many children start closed. */
const OPEN_UP_TO = 50;

/** @typedef {{section: Section, item: HTMLElement, link: HTMLElement, row: HTMLElement, mark: HTMLElement,
 *    name: HTMLElement, value: HTMLElement, twist: HTMLElement | null, list: HTMLElement | null}} Row */

export class TreeView {
  /** @param {HTMLElement} place @param {(path: string) => string} addressOf */
  constructor(place, addressOf) {
    this.place = place;
    this.addressOf = addressOf;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {Set<string>} */
    this.open = new Set();
    this.shape = "";
    this.filter = "";
    this.chosen = "";
  }

  /** Shows the tree's sections and states. @param {Section} root */
  update(root) {
    const shape = shapeOf(root);
    if (shape !== this.shape || this.root === undefined) {
      if (this.root === undefined) {
        for (const child of shownChildren(root)) {
          if (child.path && shownChildren(child).length <= OPEN_UP_TO) this.open.add(child.path);
        }
      }
      this.shape = shape;
      this.root = root;
      this.rebuild();
      return;
    }
    this.root = root;
    this.refresh(root);
  }

  /** Marks a section as chosen and opens the way to it. @param {string} path */
  choose(path) {
    const names = path.split(".");
    let opened = false;
    for (let depth = 1; depth < names.length; depth += 1) {
      const above = names.slice(0, depth).join(".");
      if (!this.open.has(above)) opened = true;
      this.open.add(above);
    }
    this.chosen = path;
    if (opened) this.rebuild();
    for (const [at, row] of this.rows) this.showChosen(at, row);
    this.rows.get(path)?.row.scrollIntoView({ block: "nearest" });
  }

  /** Shows only what has the text in its menu, title or host. @param {string} text */
  search(text) {
    this.filter = text.trim().toLowerCase();
    this.rebuild();
  }

  rebuild() {
    this.rows.clear();
    const items = this.root ? shownChildren(this.root).map((child) => this.item(child)) : [];
    this.place.replaceChildren(...items.filter((item) => item !== null));
  }

  /** @param {Section} section @returns {HTMLElement | null} */
  item(section) {
    const path = section.path ?? "";
    const children = shownChildren(section);
    const searching = this.filter !== "";
    if (searching && !this.matches(section)) return null;

    const mark = element("span", { class: "mark" });
    const name = element("span", { class: "name" }, section.menu || section.name);
    const value = element("span", { class: "value" });
    const link = element("a", { href: this.addressOf(path), "data-path": path, title: section.title }, mark, name, value);
    const row = element("div", { class: "row" });
    const item = element("li", { class: children.length ? "section" : "leaf" }, row);
    let twist = null;
    let list = null;
    if (children.length) {
      const open = searching || this.open.has(path);
      twist = element("button", { type: "button", class: "twist", "aria-expanded": String(open) });
      twist.setAttribute("aria-label", `Sections of ${section.menu || section.name}`);
      twist.addEventListener("click", () => this.toggle(path));
      row.append(twist);
      if (open) {
        list = element("ul");
        list.append(...children.map((child) => this.item(child)).filter((child) => child !== null));
        item.append(list);
      }
    }
    row.append(link);
    const made = { section, item, link, row, mark, name, value, twist, list };
    this.rows.set(path, made);
    this.showState(section, made);
    this.showChosen(path, made);
    return item;
  }

  /** @param {string} path */
  toggle(path) {
    if (!this.open.delete(path)) this.open.add(path);
    this.rebuild();
    this.rows.get(path)?.twist?.focus();
  }

  /** @param {Section} section */
  refresh(section) {
    for (const child of shownChildren(section)) {
      const row = this.rows.get(child.path ?? "");
      if (row) this.showState(child, row);
      this.refresh(child);
    }
  }

  /** @param {Section} section @param {Row} row */
  showState(section, row) {
    const series = worstSeries(section);
    showMark(row.mark, worstOf(section));
    say(row.value, brief(series));
    row.value.className = `value ${series ? conditionOf(series) : ""}`;
  }

  /** @param {string} path @param {Row} row */
  showChosen(path, row) {
    row.row.classList.toggle("chosen", path === this.chosen);
    if (path === this.chosen) row.link.setAttribute("aria-current", "page");
    else row.link.removeAttribute("aria-current");
  }

  /** @param {Section} section @returns {boolean} */
  matches(section) {
    const texts = [section.menu, section.title, section.host ?? "", section.path ?? ""];
    return (
      texts.some((text) => text.toLowerCase().includes(this.filter)) ||
      shownChildren(section).some((child) => this.matches(child))
    );
  }
}

/** What decides which rows there are, apart from their states. @param {Section} section @returns {string} */
function shapeOf(section) {
  const children = shownChildren(section).map(shapeOf).join("");
  return `${section.name}\u0000${section.menu}\u0000${section.title}\u0001${children}\u0002`;
}
