// A heat map in its frame. The cell that one points at, by pointer, finger or keys, is marked and said.

import { html, useRef, useState } from "../vendor/preact.js";
import { Canvas } from "./canvas.js";

/** Columns and rows that keys go. @type {Record<string, [number, number]>} */
const WAYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  PageUp: [-10, 0], PageDown: [10, 0], Home: [-Infinity, 0], End: [Infinity, 0],
};

/**
 * @template C a cell
 * @typedef {object} Shown
 * @property {unknown} caption @property {string} label @property {string} hint while nothing is pointed at
 * @property {string | null} error @property {boolean} old another answer is on its way
 * @property {number} height @property {unknown[]} inputs what is drawn depends on these
 * @property {(context: CanvasRenderingContext2D, size: import("./canvas.js").Size) => void} draw
 * @property {(x: number, y: number, width: number) => C | null} at
 * @property {(cell: C | null, columns: number, rows: number) => C | null} move rows count downwards; without a cell: the one to begin with
 * @property {(cell: C, width: number) => {left: number, top: number, width: number, height: number} | null} box null: it is not there any more
 * @property {(cell: C) => unknown} say
 * @property {(cell: C) => void} [open]
 * @property {unknown} [children]
 */

/** @template C @param {Shown<C>} props */
export function HeatMap({ caption, label, hint, error, old, height, inputs, draw, at, move, box, say, open, children }) {
  const [{ cell, byKey }, point] = useState({ cell: /** @type {C | null} */ (null), byKey: false });
  const [width, setWidth] = useState(0);
  const finger = useRef(false);
  const marked = cell && width > 0 ? box(cell, width) : null;
  const pointed = (/** @type {PointerEvent & {currentTarget: HTMLElement}} */ event) => {
    finger.current = event.pointerType === "touch";
    const place = event.currentTarget.getBoundingClientRect();
    point({ cell: at(event.clientX - place.left, event.clientY - place.top, width), byKey: false });
  };
  const typed = (/** @type {KeyboardEvent} */ event) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[event.key];
    if (way) point({ cell: move(marked ? cell : null, ...way), byKey: true });
    else if (event.key === "Escape") point({ cell: null, byKey: false });
    else if (event.key === "Enter" && marked && cell) open?.(cell);
    else return;
    event.preventDefault();
  };
  return html`<figure class=${`heat card ${old ? "old" : ""} ${open ? "opens" : ""}`} tabindex="0" aria-label=${label} onKeyDown=${typed}>
    <figcaption>${caption}</figcaption>
    ${error && html`<p class="notice">${error}</p>`}
    <div class="picture" onPointerMove=${pointed} onPointerDown=${pointed}
      onPointerLeave=${() => !finger.current && point({ cell: null, byKey: false })}
      onClick=${() => !finger.current && marked && cell && open?.(cell)}>
      <${Canvas} height=${height} label=${label} inputs=${inputs} onWidth=${setWidth} draw=${draw} />
      ${marked && html`<i class="cell" style=${Object.fromEntries(Object.entries(marked).map(([side, pixels]) => [side, `${pixels}px`]))}></i>`}</div>
    <p class="readout" aria-live=${byKey ? "polite" : "off"}>${marked && cell ? say(cell) : html`<span class="muted">${hint}</span>`}</p>
    ${children}
  </figure>`;
}
