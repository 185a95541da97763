// What was raised and when: a lane a series, a bar from raised to cleared, silences hatched behind.

import { html, useMemo, useState } from "../vendor/preact.js";
import { times } from "../chart/ticks.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { model } from "../model.js";
import { useGliding } from "../detail/panels.js";
import { isAbout, lanesOf, timesOf } from "./bars.js";
import { TargetLink } from "./standing.js";
import { useStops } from "./stops.js";
import { barWords, nameOf, scope, when } from "./words.js";

/** @typedef {import("./shapes.js").Bar} Bar @typedef {import("./shapes.js").Silence} Silence */

/** More lanes than fit a screen are shown when asked for. */
const LANES = 40;

/** Pixels of a drag below which it is a click. */
const SLIP = 5;

/**
 * @param {{bars: Bar[], silences: Silence[], from: number, to: number, onOpen: (bar: Bar) => void}} props
 */
export function Timeline({ bars, silences, from, to, onOpen }) {
  const [all, showAll] = useState(false);
  const gliding = useGliding();
  const [drag, track] = useDrag(from, to, (range) => gliding.zoom(range));
  const axis = useWidth();
  const lanes = lanesOf(bars, (series) => model.indices.get(series) ?? Infinity);
  const shown = all ? lanes : lanes.slice(0, LANES);
  const part = (/** @type {number} */ time) => Math.min(Math.max((time - from) / (to - from), 0), 1);
  const span = (/** @type {number} */ start, /** @type {number} */ end) => ({ left: `${part(start) * 100}%`, width: `${(part(end) - part(start)) * 100}%` });
  if (lanes.length === 0) return html`<p class="empty muted">${t("Nothing was raised in this time.")}</p>`;
  return html`<div class="timeline" onPointerDown=${track.down} onDblClick=${() => gliding.back()}>
    <div class="lane axis" aria-hidden="true"><div class="whose"></div><div class="track" ref=${axis.ref}>
      ${ticks(from, to, axis.width).map(({ at, label }) => html`<span class="tick" style=${{ left: `${at}px` }}>${label}</span>`)}
      ${drag && html`<span class="drag" style=${{ left: `${drag[0] * 100}%`, width: `${(drag[1] - drag[0]) * 100}%` }}></span>`}</div></div>
    ${shown.map(({ series, rows }) => html`<${Lane} key=${series} series=${series} rows=${rows} silences=${silences} from=${from} to=${to} span=${span} onOpen=${onOpen} />`)}
    ${lanes.length > shown.length && html`<button type="button" class="button more" onClick=${() => showAll(true)}>${t("Show all {n} targets", { n: lanes.length })}</button>`}
  </div>`;
}

/**
 * @param {{series: string, rows: {alert: string, bars: Bar[]}[], silences: Silence[], from: number, to: number,
 *   span: (start: number, end: number) => Record<string, string>, onOpen: (bar: Bar) => void}} props
 */
function Lane({ series, rows, silences, from, to, span, onOpen }) {
  const stops = useStops(rows.flatMap(({ bars }) => bars).sort((a, b) => a.from - b.from).map(({ id }) => id));
  return html`<div class="lane" role="group" aria-label=${nameOf(series)}>
    <div class="whose"><${TargetLink} series=${series} /><div class="which">${rows.map(({ alert }) => html`<div key=${alert}>${alert}</div>`)}</div></div>
    <div class="track" onKeyDown=${stops.onKeyDown}>
      ${quietTimes(silences, series, rows.map(({ alert }) => alert), from, to).map(([start, end, words]) =>
        html`<span class="hatch" title=${words} style=${span(start, end)}></span>`)}
      ${rows.map(({ alert, bars }) => html`<div class="stretches" key=${alert} title=${alert}>
        ${bars.map((bar) => html`<${BarButton} key=${bar.id} bar=${bar} stop=${stops.of(bar.id)} style=${span(bar.from, bar.to ?? to)} onOpen=${onOpen} />`)}</div>`)}
    </div></div>`;
}

/** @param {{bar: Bar, stop: object, style: Record<string, string>, onOpen: (bar: Bar) => void}} props */
function BarButton({ bar, stop, style, onOpen }) {
  const words = barWords(bar);
  return html`<button type="button" ...${stop} class=${`stretch ${bar.silent ? "silent" : ""} ${bar.to === null ? "open" : ""}`} style=${style}
    title=${words} aria-label=${words} onClick=${() => onOpen(bar)}></button>`;
}

/** The times of silences about a lane, with what they are. @param {Silence[]} silences @param {string} series @param {string[]} alerts @param {number} from @param {number} to @returns {[number, number, string][]} */
function quietTimes(silences, series, alerts, from, to) {
  const labels = model.section(series.split("~")[0])?.labels ?? {};
  const about = silences.filter((silence) => isAbout(silence, series, labels)
    && (silence.alerts.length === 0 || silence.alerts.some((alert) => alerts.includes(alert))));
  return about.flatMap((silence) => timesOf(silence, from, to, (zone, time) => format.utcOffset(time, zone)).map(([start, end]) =>
    /** @type {[number, number, string]} */ ([start, end, [t("silenced"), scope(silence), when(silence), silence.comment].filter(Boolean).join(", ")])));
}

/** Pixels that a label takes to the right of its time. */
const LABEL = 40;

/** The times below the graphs' rule that have room for their label. @param {number} from @param {number} to @param {number} width in pixels */
function ticks(from, to, width) {
  const plot = { left: 0, top: 0, right: width, bottom: 0 };
  return times({ plot, from, to, ceiling: 1, floor: null }, format.utcOffset).filter(({ at }) => at <= width - LABEL);
}

/** How wide an element is, in pixels. It may come and go. */
function useWidth() {
  const [width, set] = useState(0);
  const ref = useMemo(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => set(contentRect.width));
    return (/** @type {HTMLElement | null} */ element) => {
      observer.disconnect();
      if (element) observer.observe(element);
    };
  }, []);
  return { ref, width };
}

/** A drag over the lanes chooses a range. @param {number} from @param {number} to @param {(range: [number, number]) => void} zoom @returns {[[number, number] | null, {down: (event: PointerEvent) => void}]} */
function useDrag(from, to, zoom) {
  const [drag, set] = useState(/** @type {[number, number] | null} */ (null));
  const down = (/** @type {PointerEvent} */ event) => {
    const timeline = /** @type {HTMLElement} */ (event.currentTarget);
    const track = timeline.querySelector(".axis .track");
    if (event.button !== 0 || event.pointerType === "touch" || !track) return;
    if (event.target instanceof Element && event.target.closest("a, button")) return;
    const { left, width } = track.getBoundingClientRect();
    const at = (/** @type {PointerEvent} */ { clientX }) => Math.min(Math.max((clientX - left) / width, 0), 1);
    const start = at(event);
    if (event.clientX < left) return;
    event.preventDefault();
    const ordered = (/** @type {number} */ end) => /** @type {[number, number]} */ (start < end ? [start, end] : [end, start]);
    const move = (/** @type {PointerEvent} */ moved) => set(ordered(at(moved)));
    const stop = (/** @type {PointerEvent | null} */ last) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", stop);
      removeEventListener("pointercancel", cancel);
      set(null);
      if (!last || Math.abs(last.clientX - event.clientX) < SLIP) return;
      const [first, end] = ordered(at(last));
      zoom([from + first * (to - from), from + end * (to - from)]);
    };
    const cancel = () => stop(null);
    addEventListener("pointermove", move);
    addEventListener("pointerup", stop);
    addEventListener("pointercancel", cancel);
  };
  return [drag, { down }];
}
