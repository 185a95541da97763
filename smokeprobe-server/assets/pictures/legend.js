// The scale of colours beside a heat map.

import { html } from "../vendor/preact.js";
import { Canvas } from "./canvas.js";
import { css } from "./colors.js";

/**
 * @param {{low: string, high: string, color: import("./colors.js").Ramp, words: string, none?: boolean}} props
 * none: nothing at all has a colour of its own, which is no part of the ramp
 */
export function Scale({ low, high, color, words, none = false }) {
  return html`<span class="heat-scale" title=${words}><span>${low}</span>${none && html`<i style=${{ background: css(color(0)) }}></i>`}
    <span class="ramp"><${Canvas} height=${10} label=${words} inputs=${[low, high]}
      draw=${(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./canvas.js").Size} */ { width, height }) => {
        for (let x = 0; x < width; x += 1) {
          context.fillStyle = css(color((x + (none ? 1 : 0)) / Math.max(1, width - 1)));
          context.fillRect(x, 0, 1, height);
        }
      }} /></span><span>${high}</span></span>`;
}
