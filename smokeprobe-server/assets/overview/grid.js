// Cards in as many columns as there is room for, below the names of their groups. Of many only those near what is in
// sight are in the document.

import { html, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { Card } from "./card.js";
import { GroupHead } from "./group.js";

/**
 * @typedef {import("./entries.js").Entry} Entry @typedef {import("./entries.js").Group} Group
 * @typedef {{group: Group | null, entries: Entry[]}} Block
 * @typedef {{key: string, top: number, height: number, group: Group | null, entries: Entry[]}} Band a group's name, or a row of cards
 */

/** A card is not narrower than this; the space between them; their height with it, as in overview.css. */
const LEAST = 320;
const SPACE = 12;
const CARD = 164 + SPACE;
const HEAD = 44;

/** So many are simply there: one can search and print them. */
const ALL = 150;

/** Columns on paper. */
const PAPER = 2;

/** @param {{blocks: Block[], rows: import("./rows.js").SmallRows, ceilings: import("./card.js").Ceilings}} props */
export function Grid({ blocks, rows, ceilings }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const columns = useColumns(place);
  const bands = useMemo(() => bandsOf(blocks, columns), [blocks, columns]);
  const many = blocks.reduce((sum, { entries }) => sum + entries.length, 0);
  const [from, to] = useSight(place, bands, many > ALL);
  const shown = bands.slice(from, to);
  const last = bands[bands.length - 1];
  const end = shown[shown.length - 1];
  return html`<div class="bands" ref=${place}>
    <div class="beyond" style=${{ height: `${shown[0]?.top ?? 0}px` }}></div>
    ${columns > 0 && shown.map((band) => band.group
      ? html`<${GroupHead} key=${band.key} group=${band.group} />`
      : html`<div class="grid" key=${band.key} style=${{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
          ${band.entries.map((entry) => html`<${Card} key=${entry.key} entry=${entry} rows=${rows} ceilings=${ceilings} />`)}</div>`)}
    <div class="beyond" style=${{ height: `${last && end ? last.top + last.height - end.top - end.height : 0}px` }}></div>
  </div>`;
}

/** @param {Block[]} blocks @param {number} columns @returns {Band[]} */
function bandsOf(blocks, columns) {
  /** @type {Band[]} */
  const bands = [];
  let top = 0;
  const add = (/** @type {Omit<Band, "top">} */ band) => {
    bands.push({ ...band, top });
    top += band.height;
  };
  for (const { group, entries } of blocks) {
    const key = group?.section.path ?? "";
    if (group) add({ key: `${key}:`, height: HEAD, group, entries: [] });
    for (let at = 0; columns > 0 && at < entries.length; at += columns) {
      add({ key: `${key}:${at}`, height: CARD, group: null, entries: entries.slice(at, at + columns) });
    }
  }
  return bands;
}

/** How many fit. @param {{current: HTMLElement | null}} place */
function useColumns(place) {
  const [columns, setColumns] = useState(0);
  useLayoutEffect(() => {
    const { current } = place;
    if (!current) return undefined;
    const measure = () => setColumns(Math.max(1, Math.floor((current.clientWidth + SPACE) / (LEAST + SPACE))));
    const onPaper = () => setColumns(PAPER);
    measure();
    const sizes = new ResizeObserver(measure);
    sizes.observe(current);
    addEventListener("beforeprint", onPaper);
    addEventListener("afterprint", measure);
    return () => {
      sizes.disconnect();
      removeEventListener("beforeprint", onPaper);
      removeEventListener("afterprint", measure);
    };
  }, []);
  return columns;
}

/** The bands from which to which are near what is in sight. @param {{current: HTMLElement | null}} place @param {Band[]} bands @param {boolean} some @returns {[number, number]} */
function useSight(place, bands, some) {
  const look = () => {
    const top = -(place.current?.getBoundingClientRect().top ?? 0);
    const spare = innerHeight;
    const first = bands.findIndex((band) => band.top + band.height >= top - spare);
    const past = bands.findIndex((band) => band.top > top + innerHeight + spare);
    return { first: Math.max(0, first), past: past < 0 ? bands.length : past };
  };
  const [sight, setSight] = useState({ first: 0, past: 0 });
  useLayoutEffect(() => {
    if (!some) return undefined;
    let frame = 0;
    const update = () => {
      frame = 0;
      const next = look();
      setSight((before) => (before.first === next.first && before.past === next.past ? before : next));
    };
    const soon = () => {
      frame ||= requestAnimationFrame(update);
    };
    update();
    // Whatever scrolls: the page, or the frame that it is in.
    document.addEventListener("scroll", soon, { capture: true, passive: true });
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener("scroll", soon, { capture: true });
      removeEventListener("resize", soon);
    };
  }, [bands, some]);
  return some ? [Math.min(sight.first, bands.length), Math.min(sight.past, bands.length)] : [0, bands.length];
}
