// A chart in the page. uPlot hosts the canvas, the cursor, the selection, and watches the screen's density; what is seen
// is painted by `paint`, so that it is the same as in the server's pictures.

import { onPaper } from "../prefs.js";
import { paint, LANE } from "./paint.js";
import { clamp, timeAt, x } from "./scale.js";

/** @typedef {import("./paint.js").Picture} Picture */
/** What a chart needs besides the sizes that it knows itself. @typedef {Omit<Picture, "scale" | "font"> & {from: number, to: number, ceiling: number, floor: number | null}} Drawing */

const { uPlot } = /** @type {any} */ (globalThis);

/** uPlot's own listeners are not wanted: touch, keys and the shared cursor are handled elsewhere. */
const NO_LISTENER = () => null;

/** Width on paper, in CSS pixels: of a portrait page without its margins. The style sheet fits it to others. */
const PAPER_WIDTH = 680;

/** Device pixels a CSS pixel on paper at least: printers are finer than most screens. */
const PAPER_RATIO = 2;

export class SmokeChart {
  /** @param {HTMLElement} host @param {number} height of the plot, without axes @param {boolean} lane whether there may be marks of alerts */
  constructor(host, height, lane) {
    this.host = host;
    this.height = height;
    this.lane = lane;
    this.paper = onPaper();
    /** @type {Drawing | null} */
    this.drawing = null;
    /** @type {unknown[]} */
    this.inputs = [];
    const size = this.size();
    const deaf = Object.fromEntries(["mousedown", "mouseup", "click", "dblclick", "mousemove", "mouseleave", "mouseenter"]
      .map((name) => [name, NO_LISTENER]));
    this.plot = new uPlot({
      ...size, padding: [0, 1, 2, 3].map((side) => () => this.padding(this.size().width)[side]), legend: { show: false }, axes: [{ show: false }, { show: false }],
      series: [{}, { show: false }], scales: { x: { time: false, range: [0, 1] }, y: { range: [0, 1] } },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false }, bind: deaf },
      hooks: { draw: [() => this.draw()] },
    }, [[0, 1], [null, null]], host);
    /** The element over the plot that pointers act on. @type {HTMLElement} */
    this.over = this.plot.over;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(host);
  }

  size() {
    return { width: onPaper() ? PAPER_WIDTH : Math.max(this.host.clientWidth, 120), height: this.height + 8 + 22 + (this.lane ? LANE : 0) };
  }

  /** @param {number} width @returns {[number, number, number, number]} */
  padding(width) {
    return [8, 12, 22 + (this.lane ? LANE : 0), width < 480 ? 54 : 64];
  }

  /** Whether what a drawing is made of has changed since it was last asked. @param {unknown[]} inputs */
  differs(inputs) {
    const same = inputs.length === this.inputs.length && inputs.every((input, i) => input === this.inputs[i]);
    this.inputs = inputs;
    return !same;
  }

  /** Draws something else. @param {Drawing} drawing */
  set(drawing) {
    this.drawing = drawing;
    if (this.lane !== drawing.lane || this.paper !== onPaper()) {
      this.lane = drawing.lane;
      this.paper = onPaper();
      this.resize();
    }
    // With its axes worked out anew, or a change of size in the same moment would be forgotten.
    this.plot.redraw(false, true);
  }

  /** @param {number} height of the plot */
  setHeight(height) {
    if (height === this.height) return;
    this.height = height;
    this.resize();
  }

  resize() {
    if (this.host.clientWidth === 0) return;
    const { width, height } = this.size();
    if (width !== this.plot.width || height !== this.plot.height) this.plot.setSize({ width, height });
  }

  /** Where data is, in CSS pixels of the canvas. @returns {import("./scale.js").Plot} */
  area() {
    const { width, height } = this.size();
    const [top, right, bottom, left] = this.padding(width);
    return { left, top, right: width - right, bottom: height - bottom };
  }

  /** @returns {import("./scale.js").Scale | null} */
  scale() {
    if (!this.drawing) return null;
    const { from, to, ceiling, floor } = this.drawing;
    return { plot: this.area(), from, to, ceiling, floor };
  }

  /** The time below a place of the screen. @param {number} clientX */
  timeAt(clientX) {
    const scale = this.scale();
    if (!scale) return 0;
    return timeAt(scale, clientX - this.over.getBoundingClientRect().left + scale.plot.left);
  }

  /** Shows the cursor at a time; null hides it. @param {number | null} time */
  cursor(time) {
    const scale = this.scale();
    const inside = scale !== null && time !== null && time >= scale.from && time <= scale.to;
    const left = inside ? x(scale, time) - scale.plot.left : -10;
    this.plot.setCursor({ left, top: inside ? 1 : -10 }, false);
  }

  /** Shows what is selected. @param {[number, number] | null} range */
  select(range) {
    const scale = this.scale();
    if (!scale || !range) return void this.plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    const [a, b] = [x(scale, Math.min(...range)), x(scale, Math.max(...range))];
    this.plot.setSelect({ left: a - scale.plot.left, top: 0, width: Math.max(b - a, 1), height: scale.plot.bottom - scale.plot.top }, false);
  }

  draw() {
    const scale = this.scale();
    if (!scale || !this.drawing) return;
    /** @type {CanvasRenderingContext2D} */
    const ctx = this.plot.ctx;
    this.grain(ctx.canvas, onPaper() ? Math.max(devicePixelRatio, PAPER_RATIO) : devicePixelRatio);
    const ratio = ctx.canvas.width / clamp(this.plot.width, 1, 1e5);
    const family = getComputedStyle(this.host).fontFamily;
    ctx.save();
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(ctx, { ...this.drawing, scale, font: `12px ${family}` }, ratio);
    ctx.restore();
  }

  /** uPlot knows the screen's density only. @param {HTMLCanvasElement} canvas @param {number} ratio */
  grain(canvas, ratio) {
    const [wide, high] = [Math.round(this.plot.width * ratio), Math.round(this.plot.height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  }

  destroy() {
    this.observer.disconnect();
    this.plot.destroy();
  }
}
