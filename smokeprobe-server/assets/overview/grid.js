// Cards in as many columns as there is room for, below the names of their groups. Of many only those near what is in
// sight are in the document.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import * as format from "../format.js";
import { whenIdle } from "../idle.js";
import { theme } from "../prefs.js";
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

/** So many are simply there, soon after those in sight: one can search and print them. */
const ALL = 150;

/** Those out of sight come then at the latest, in milliseconds. */
const BUSY_MS = 1000;

/** Columns on paper. */
const PAPER = 2;

/** @param {{blocks: Block[], rows: import("./rows.js").SmallRows, ceilings: import("./card.js").Ceilings}} props */
export function Grid({ blocks, rows, ceilings }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const columns = useColumns(place);
  const bands = useMemo(() => bandsOf(blocks, columns), [blocks, columns]);
  const many = blocks.reduce((sum, { entries }) => sum + entries.length, 0);
  const last = bands[bands.length - 1];
  const [from, to] = useSight(place, bands, useSpare(rows, many > ALL ? innerHeight : last ? last.top + last.height : 0));
  const shown = bands.slice(from, to);
  // What comes later leaves alone what is there.
  const made = useMemo(() => new Map(), [bands, rows, ceilings, format.zone(), theme()]);
  const drawn = (/** @type {Band} */ band) => made.get(band) ?? made.set(band, band.group
    ? html`<${GroupHead} key=${band.key} group=${band.group} />`
    : html`<div class="grid" key=${band.key} style=${{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
        ${band.entries.map((entry) => html`<${Card} key=${entry.key} entry=${entry} rows=${rows} ceilings=${ceilings} />`)}</div>`).get(band);
  const end = shown[shown.length - 1];
  return html`<div class="bands" ref=${place}>
    <div class="beyond" style=${{ height: `${shown[0]?.top ?? 0}px` }}></div>
    ${columns > 0 && shown.map(drawn)}
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

/**
 * How many pixels beyond what is in sight have cards: none until those in sight have their rows, then more whenever the browser
 * has nothing else to do. @param {import("./rows.js").SmallRows} rows @param {number} wanted
 */
function useSpare(rows, wanted) {
  const [spare, grow] = useState(0);
  const [begun, begin] = useState(false);
  useEffect(() => {
    const start = () => begin(true);
    const timer = setTimeout(start, BUSY_MS);
    const deaf = rows.subscribe(start);
    return () => {
      clearTimeout(timer);
      deaf();
    };
  }, [rows]);
  useEffect(() => {
    if (!begun || spare >= wanted) return undefined;
    return whenIdle(() => grow(spare + innerHeight), BUSY_MS);
  }, [begun, spare, wanted]);
  return Math.min(spare, wanted);
}

/** The bands from which to which are in sight, or so many pixels from it. @param {{current: HTMLElement | null}} place @param {Band[]} bands @param {number} spare @returns {[number, number]} */
function useSight(place, bands, spare) {
  const look = () => {
    const top = -(place.current?.getBoundingClientRect().top ?? 0);
    const first = bands.findIndex((band) => band.top + band.height >= top - spare);
    const past = bands.findIndex((band) => band.top > top + innerHeight + spare);
    return { first: Math.max(0, first), past: past < 0 ? bands.length : past };
  };
  const [sight, setSight] = useState({ first: 0, past: 0 });
  useLayoutEffect(() => {
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
  }, [bands, spare]);
  return [Math.min(sight.first, bands.length), Math.min(sight.past, bands.length)];
}
