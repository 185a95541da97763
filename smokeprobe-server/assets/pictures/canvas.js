// A canvas that fits its place, on any screen and in any theme.

import { html, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { theme, usePrefs } from "../prefs.js";

/**
 * @typedef {{width: number, height: number, ink: Ink}} Size in CSS pixels
 * @typedef {{text: string, muted: string, line: string, paper: string, unknown: string, lost: string}} Ink
 */

/** The page's colours as they are now. @param {Element} place @returns {Ink} */
function inkOf(place) {
  // Canvases know no `light-dark()`; a probe element resolves it.
  const probe = document.createElement("span");
  place.append(probe);
  const style = getComputedStyle(probe);
  const color = (/** @type {string} */ name) => {
    probe.style.color = `var(--${name})`;
    return style.color;
  };
  const ink = { text: color("text"), muted: color("muted"), line: color("line"), paper: color("paper"), unknown: color("hover"), lost: color("lost") };
  probe.remove();
  return ink;
}

/**
 * A canvas as wide as its place, drawn by `draw` and drawn anew when its size, the theme or one of `inputs` changes.
 * @param {{height: number, label: string, inputs: unknown[], draw: (context: CanvasRenderingContext2D, size: Size) => void,
 *   onWidth?: (width: number) => void}} props
 */
export function Canvas({ height, label, inputs, draw, onWidth }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [width, setWidth] = useState(0);
  usePrefs();
  useLayoutEffect(() => {
    const place = canvas.current?.parentElement;
    if (!place) return undefined;
    const measure = () => {
      setWidth(place.clientWidth);
      onWidth?.(place.clientWidth);
    };
    const sized = new ResizeObserver(measure);
    sized.observe(place);
    measure();
    return () => sized.disconnect();
  }, []);
  // Not after the next frame: who prints sees none.
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!canvas.current || !context || width === 0) return;
    const fine = Math.min(3, window.devicePixelRatio || 1);
    canvas.current.width = Math.round(width * fine);
    canvas.current.height = Math.round(height * fine);
    context.setTransform(fine, 0, 0, fine, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
    draw(context, { width, height, ink: inkOf(/** @type {Element} */ (canvas.current.parentElement)) });
  }, [width, height, theme(), ...inputs]);
  return html`<canvas ref=${canvas} role="img" aria-label=${label} height=${height}></canvas>`;
}
