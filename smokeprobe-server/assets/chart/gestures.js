// What people do with a chart: pointers, wheel and keys, told as what they mean.

/**
 * Times in Unix seconds. `wheelZooms` says whether a wheel without Ctrl zooms rather than scrolls the page, `dragPans`
 * whether a finger that goes sideways pans rather than selects.
 * @typedef {object} Wishes
 * @property {() => {from: number, to: number}} shown
 * @property {() => boolean} wheelZooms
 * @property {() => boolean} dragPans
 * @property {(time: number | null, by: "pointer" | "keyboard") => void} point
 * @property {(rows: number) => void} step moves what is pointed at
 * @property {(range: [number, number]) => void} zoom to this range, a step for the back button
 * @property {(range: [number, number], done: boolean) => void} drift while a gesture goes on
 * @property {() => void} back
 * @property {() => void} reset
 */

/** Pixels that a pointer may stray in a click. */
const CLICK = 4;

/** @param {import("./smoke-chart.js").SmokeChart} chart @param {HTMLElement} figure has the focus @param {Wishes} wishes @returns {() => void} stops */
export function gestures(chart, figure, wishes) {
  const { over, host } = chart;
  /** @type {Map<number, PointerEvent>} */
  const down = new Map();
  /** @type {{kind: "select" | "pan" | "pinch" | "", x: number, time: number, from: number, to: number, spread: number}} */
  let drag = { kind: "", x: 0, time: 0, from: 0, to: 0, spread: 0 };
  const perPixel = () => (drag.to - drag.from) / Math.max(over.clientWidth, 1);
  const middle = () => [...down.values()].reduce((sum, { clientX }) => sum + clientX, 0) / down.size;
  const spread = () => {
    const [a, b] = [...down.values()];
    return Math.max(Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY), 10);
  };
  const begin = (/** @type {typeof drag["kind"]} */ kind, /** @type {number} */ at) => {
    drag = { kind, x: at, time: chart.timeAt(at), ...wishes.shown(), spread: down.size > 1 ? spread() : 0 };
  };

  const pressed = (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    const inside = event.composedPath().includes(over);
    if (!inside) return;
    down.set(event.pointerId, event);
    over.setPointerCapture(event.pointerId);
    if (down.size === 2) {
      chart.select(null);
      begin("pinch", middle());
    } else if (down.size === 1) {
      const touch = event.pointerType === "touch";
      begin(event.shiftKey || (touch && wishes.dragPans()) ? "pan" : "select", event.clientX);
    }
  };
  const moved = (/** @type {PointerEvent} */ event) => {
    const on = down.has(event.pointerId);
    if (on) down.set(event.pointerId, event);
    if (!on || !drag.kind) {
      if (event.composedPath().includes(over)) wishes.point(chart.timeAt(event.clientX), "pointer");
      return;
    }
    if (drag.kind === "select") {
      wishes.point(chart.timeAt(event.clientX), "pointer");
      if (Math.abs(event.clientX - drag.x) > CLICK) chart.select([drag.time, chart.timeAt(event.clientX)]);
    } else if (drag.kind === "pan") {
      const by = (drag.x - event.clientX) * perPixel();
      wishes.drift([drag.from + by, drag.to + by], false);
    } else if (down.size === 2) {
      const share = drag.spread / spread();
      const at = middle();
      const before = (drag.time - drag.from) * share + (at - drag.x) * perPixel() * share;
      const start = drag.time - before;
      wishes.drift([start, start + (drag.to - drag.from) * share], false);
    }
  };
  const released = (/** @type {PointerEvent} */ event) => {
    if (!down.delete(event.pointerId)) return;
    const { kind, x, time } = drag;
    if (down.size > 0) {
      // The finger that stays does not drag on.
      if (kind === "pinch") wishes.drift([wishes.shown().from, wishes.shown().to], true);
      drag.kind = "";
      return;
    }
    drag.kind = "";
    chart.select(null);
    if (event.type === "pointercancel") {
      if (kind === "pan") wishes.drift([wishes.shown().from, wishes.shown().to], true);
      return;
    }
    if (kind === "select" && Math.abs(event.clientX - x) > CLICK) {
      const end = chart.timeAt(event.clientX);
      wishes.zoom([Math.min(time, end), Math.max(time, end)]);
    } else if (kind === "pan" && Math.abs(event.clientX - x) > CLICK) {
      wishes.drift([wishes.shown().from, wishes.shown().to], true);
    } else if (event.pointerType === "touch") {
      wishes.point(chart.timeAt(event.clientX), "pointer");
    }
  };
  const left = (/** @type {PointerEvent} */ event) => {
    if (event.pointerType !== "touch" && !down.size) wishes.point(null, "pointer");
  };
  const wheeled = (/** @type {WheelEvent} */ event) => {
    const zooms = event.ctrlKey || event.metaKey || wishes.wheelZooms();
    if (!zooms || !event.composedPath().includes(over)) return;
    event.preventDefault();
    const { from, to } = wishes.shown();
    const unit = event.deltaMode === 1 ? 33 : event.deltaMode === 2 ? 400 : 1;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      const by = (event.deltaX || event.deltaY) * unit * (to - from) / Math.max(over.clientWidth, 1);
      return wishes.drift([from + by, to + by], true);
    }
    // A trackpad's pinch comes as many small turns of the wheel.
    const factor = Math.exp(Math.max(Math.min(event.deltaY * unit, 200), -200) * (event.ctrlKey && !event.deltaMode && Math.abs(event.deltaY) < 50 ? 0.01 : 0.0022));
    wishes.drift(around(from, to, chart.timeAt(event.clientX), factor), true);
  };
  const typed = (/** @type {KeyboardEvent} */ event) => {
    if (event.target === figure && !event.ctrlKey && !event.metaKey && !event.altKey && keys(event, wishes, true)) event.preventDefault();
  };

  const stop = new AbortController();
  const signal = stop.signal;
  host.addEventListener("pointerdown", pressed, { signal });
  host.addEventListener("pointermove", moved, { signal });
  host.addEventListener("pointerup", released, { signal });
  host.addEventListener("pointercancel", released, { signal });
  host.addEventListener("pointerleave", left, { signal });
  over.addEventListener("dblclick", () => wishes.back(), { signal });
  host.addEventListener("wheel", wheeled, { signal, passive: false });
  figure.addEventListener("keydown", typed, { signal });
  return () => stop.abort();
}

/** A range made `factor` times as long, around a time. @param {number} from @param {number} to @param {number} at @param {number} factor @returns {[number, number]} */
export function around(from, to, at, factor) {
  return [at - (at - from) * factor, at + (to - at) * factor];
}

/**
 * What keys mean: on a chart that has the focus, arrows move what is pointed at and with Shift the range; elsewhere on the
 * page they move the range.
 * @param {KeyboardEvent} event @param {Pick<Wishes, "shown" | "zoom" | "drift" | "reset" | "step">} wishes @param {boolean} focused
 */
export function keys(event, wishes, focused) {
  const { from, to } = wishes.shown();
  const quarter = (to - from) / 4;
  const way = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
  if (way !== 0 && focused && !event.shiftKey) wishes.step(way);
  else if (way !== 0) wishes.drift([from + way * quarter, to + way * quarter], true);
  else if (event.key === "+" || event.key === "=") wishes.drift(around(from, to, (from + to) / 2, 0.5), true);
  else if (event.key === "-" || event.key === "_") wishes.drift(around(from, to, (from + to) / 2, 2), true);
  else if (focused && event.key === "PageUp") wishes.step(-10);
  else if (focused && event.key === "PageDown") wishes.step(10);
  else if (focused && event.key === "Home") wishes.step(-Infinity);
  else if (focused && event.key === "End") wishes.step(Infinity);
  else if (event.key === "Escape") wishes.reset();
  else return false;
  return true;
}
