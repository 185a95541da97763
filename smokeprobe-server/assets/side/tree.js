// The tree. Only the rows in sight are in the document: there may be ten thousand.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { t } from "../i18n.js";
import { go } from "../route.js";
import { Row } from "./row.js";

/** @typedef {import("./rows.js").Row} RowOf */

/** Rows above and below the ones in sight, so that a quick scroll shows no hole. */
const SPARE = 8;

const narrow = matchMedia("(max-width: 800px)");

/** A finger needs more than a pointer. */
const rowHeight = () => (narrow.matches ? 40 : 28);

/**
 * @param {{rows: RowOf[], target: string, twist: (row: RowOf, open: boolean) => void}} props target: the chosen one's path
 */
export function Tree({ rows, target, twist }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [active, setActive] = useState("");
  const { from, to, height } = useSight(place, rows.length);

  const chosen = rows.findIndex(({ node }) => node.section?.path === target);
  useLayoutEffect(() => reveal(place.current, chosen, height), [target, chosen < 0, height]);

  /** @param {number} index */
  const activate = (index) => {
    const at = Math.max(0, Math.min(rows.length - 1, index));
    if (!rows[at]) return;
    setActive(rows[at].node.key);
    reveal(place.current, at, height);
  };
  /** @param {RowOf} row */
  const press = (row) => {
    setActive(row.node.key);
    // Choosing a section shows what is in it; pressing the chosen one again folds it.
    const again = !row.node.section || row.node.section.path === target;
    if (row.open !== null) twist(row, again ? !row.open : true);
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = Math.max(0, active ? rows.findIndex(({ node }) => node.key === active) : chosen);
    const page = Math.max(1, Math.floor((place.current?.clientHeight ?? 0) / height) - 1);
    const row = rows[at];
    if (!row) return;
    /** @type {Record<string, () => void>} */
    const moves = {
      ArrowDown: () => activate(at + 1), ArrowUp: () => activate(at - 1),
      PageDown: () => activate(at + page), PageUp: () => activate(at - page),
      Home: () => activate(0), End: () => activate(rows.length - 1),
      ArrowRight: () => (row.open === false ? twist(row, true) : row.open && activate(at + 1)),
      ArrowLeft: () => (row.open ? twist(row, false) : row.node.parent && activate(rows.findIndex(({ node }) => node === row.node.parent))),
      Enter: () => enter(row), " ": () => enter(row),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  };
  /** @param {RowOf} row */
  const enter = (row) => {
    if (row.node.section) go({ target: row.node.section.path, mode: "" });
    press(row);
  };

  const shown = rows.slice(from, to);
  const activeIndex = rows.findIndex(({ node }) => node.key === active);
  const current = activeIndex < 0 ? Math.max(0, chosen) : activeIndex;
  return html`<div id="tree" role="tree" tabindex="0" aria-label=${t("Targets")} ref=${place} onKeyDown=${key}
    aria-activedescendant=${current >= from && current < to && rows[current] ? id(rows[current]) : undefined}
    onMouseDown=${(/** @type {MouseEvent} */ event) => {
      // The focus stays with the tree: a row may leave the document while one scrolls.
      if (event.button !== 0 || (event.target instanceof Element && event.target.closest(".extra a"))) return;
      event.preventDefault();
      place.current?.focus({ preventScroll: true });
    }}>
    <div class="all" role="presentation" style=${{ height: `${rows.length * height}px` }}>
      ${shown.map((row, index) => html`<${Row} key=${row.node.key} id=${id(row)} row=${row} top=${(from + index) * height}
        chosen=${row.node.section?.path === target && target !== ""} active=${from + index === current}
        onTwist=${(/** @type {RowOf} */ twisted) => twist(twisted, !twisted.open)} onPress=${press} />`)}
    </div>
  </div>`;
}

/** @param {RowOf} row */
const id = (row) => `row-${row.node.key.replace(/\s/g, "_")}`;

/** Scrolls a row into sight when it is not. @param {HTMLElement | null} place @param {number} index @param {number} height */
function reveal(place, index, height) {
  if (!place || index < 0) return;
  const top = index * height;
  if (top >= place.scrollTop && top + height <= place.scrollTop + place.clientHeight) return;
  place.scrollTop = top < place.scrollTop && place.scrollTop - top < height * 2
    ? top
    : top + height > place.scrollTop + place.clientHeight && top - place.scrollTop - place.clientHeight < height * 2
      ? top + height - place.clientHeight
      : top - place.clientHeight / 3;
}

/** Which rows are in sight. @param {{current: HTMLElement | null}} place @param {number} count */
function useSight(place, count) {
  const [sight, setSight] = useState({ first: 0, many: 60, height: rowHeight() });
  useEffect(() => {
    const scroller = place.current;
    if (!scroller) return undefined;
    let frame = 0;
    const look = () => {
      frame = 0;
      const height = rowHeight();
      const first = Math.floor(scroller.scrollTop / height);
      const many = Math.ceil(scroller.clientHeight / height) + 1;
      setSight((before) => (before.first === first && before.many === many && before.height === height ? before : { first, many, height }));
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    const sizes = new ResizeObserver(soon);
    sizes.observe(scroller);
    scroller.addEventListener("scroll", soon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      scroller.removeEventListener("scroll", soon);
    };
  }, []);
  const from = Math.max(0, Math.min(sight.first, count - sight.many) - SPARE);
  return { from, to: Math.min(count, sight.first + sight.many + SPARE), height: sight.height };
}
