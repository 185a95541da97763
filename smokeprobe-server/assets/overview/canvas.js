// Canvases that are drawn when they are in sight and something changed, all in one frame.

import { onPaper, onPrefs, theme } from "../prefs.js";

/**
 * @typedef {{canvas: HTMLCanvasElement, draw: (ink: CanvasRenderingContext2D, width: number, height: number, theme: "light" | "dark") => void,
 *   onSight: (seen: boolean) => void, seen: boolean, dirty: boolean, width: number, height: number}} Job
 */

/** Drawn a little before they come into sight. */
const AHEAD = "160px";

/** @type {Map<Element, Job>} */
const jobs = new Map();
let frame = 0;

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const job = jobs.get(target);
    if (!job || job.seen === isIntersecting) continue;
    job.seen = isIntersecting;
    job.onSight(isIntersecting);
    if (isIntersecting) soon();
  }
}, { rootMargin: AHEAD });

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const job = jobs.get(target);
    if (!job) continue;
    [job.width, job.height] = [Math.round(contentRect.width), Math.round(contentRect.height)];
    redraw(job);
  }
});

/**
 * @param {HTMLCanvasElement} canvas @param {Job["draw"]} draw @param {Job["onSight"]} onSight
 * @returns {{job: Job, release: () => void}}
 */
export function drawn(canvas, draw, onSight) {
  /** @type {Job} */
  const job = { canvas, draw, onSight, seen: false, dirty: true, width: 0, height: 0 };
  jobs.set(canvas, job);
  sight.observe(canvas);
  sizes.observe(canvas);
  const release = () => {
    jobs.delete(canvas);
    sight.unobserve(canvas);
    sizes.unobserve(canvas);
  };
  return { job, release };
}

/** @param {Job} job */
export function redraw(job) {
  job.dirty = true;
  if (job.seen) soon();
}

/** Everything that is in sight, now, and the rest when it comes. */
export function redrawAll() {
  jobs.forEach(redraw);
}

function soon() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    for (const job of jobs.values()) if (job.seen && job.dirty) paint(job);
  });
}

/** @param {Job} job */
function paint(job) {
  const { canvas, width, height } = job;
  if (width === 0 || height === 0) return;
  job.dirty = false;
  const density = Math.min(4, Math.max(onPaper() ? 2 : 1, devicePixelRatio));
  const [wide, high] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const ink = canvas.getContext("2d");
  if (!ink) return;
  ink.setTransform(density, 0, 0, density, 0, 0);
  job.draw(ink, width, height, theme());
}

onPrefs(redrawAll);
addEventListener("resize", redrawAll);
// Not after the next frame: who prints sees none.
addEventListener("beforeprint", () => {
  for (const job of jobs.values()) {
    [job.width, job.height] = [job.canvas.clientWidth, job.canvas.clientHeight];
    paint(job);
  }
});
