// One chart with its title, its numbers and what the cross-hair reads.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { endOf, measuredIn, rowAt, rowsOf } from "../chart/frame.js";
import { onCross, point, pointed, useCross } from "../chart/cross.js";
import { gestures } from "../chart/gestures.js";
import { classesFor } from "../chart/palette.js";
import { SmokeChart } from "../chart/smoke-chart.js";
import { summary } from "../chart/stats.js";
import { Missing } from "../alerts/missing.js";
import { Replay } from "../alerts/replay.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { model } from "../model.js";
import { onPaper, theme, usePrefs } from "../prefs.js";
import { embedded } from "../route.js";
import { AlertMarks } from "./alert-marks.js";
import { timesOf } from "./feed.js";
import { NoData } from "./nodata.js";
import { Readout, Readouts, brief, sampleAt, spoken } from "./readout.js";
import { Legend, Statistics, inWords } from "./statistics.js";

/**
 * @typedef {{panel: import("./panel.js").Panel, at: number, label: string, height: number, zoomed: boolean, named: boolean,
 *   gliding: import("./zoom.js").Gliding, known: (id: string) => import("./rounds.js").Known | undefined,
 *   spans: import("./alerts.js").Span[], missing?: {since: number | null, until: number | null}, range: import("./feed.js").Range}} Props
 * `named`: several panels stand together, so that the vantage point is said. `missing`: what is not known of the alerts.
 */

/** @type {{from: number, to: number | null}[]} */
const NONE = [];

/** Steps in which a chart that follows the time moves. */
const PIXELS = 1200;

/** @param {Props} props */
export function Figure(props) {
  const { panel, at, zoomed, gliding, label, named } = props;
  const key = `${panel.key} ${at}`;
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const host = useRef(/** @type {HTMLElement | null} */ (null));
  const chart = useRef(/** @type {SmokeChart | null} */ (null));
  const latest = useRef(props);
  latest.current = props;
  const [seen, see] = useState(false);
  const [shades, shade] = useState(/** @type {{from: number, to: number | null}[] | null} */ (null));
  const [, again] = useState(0);
  usePrefs();
  useEffect(() => panel.subscribe(() => again((n) => n + 1)), [panel]);
  useEffect(() => gliding.subscribe(() => again((n) => n + 1)), [gliding]);
  useSight(frame, () => {
    see(true);
    panel.start();
  }, panel);
  const paper = onPaper();
  useLayoutEffect(() => {
    // Nobody scrolls on paper.
    if (paper) panel.start();
  }, [paper, panel]);
  useLayoutEffect(() => mount(/** @type {HTMLElement} */ (host.current), /** @type {HTMLElement} */ (frame.current), chart, latest), []);

  const { from, to } = shownOf(props);
  const follows = !("from" in props.range) && !gliding.drift;
  useTicking(seen && follows, Math.max(1000, 1000 * (to - from) / PIXELS), () => again((n) => n + 1));
  const feeds = panel.feeds[at];
  const stale = feeds.some((feed) => feed.stale) || gliding.drift !== null;
  const numbers = feeds.map((feed) => (feed.frame ? summary(feed.frame, from, to) : null));
  useLayoutEffect(() => draw(chart.current, props, from, to, shades ?? NONE));

  const name = named ? panel.members.map((member) => member.name).join(", ") : "";
  const overlaid = panel.members[0].color !== null;
  const words = feeds[0].frame ? (overlaid
    ? panel.members.map((member, i) => `${member.name}: ${inWords(numbers[i])}`).join(". ") : inWords(numbers[0])) : "";
  const empty = feeds.every((feed) => (feed.frame ? !measuredIn(feed.frame, from, to) : feed.error !== null));
  const unread = paper && feeds.some((feed) => !feed.frame && !feed.error);
  return html`<figure ref=${frame} class=${`chart ${stale ? "stale" : ""}`} tabindex="0" aria-label=${[label, name].filter(Boolean).join(", ")}
      data-series=${panel.members.map(({ id }) => id).join(",")} data-ready=${String(panel.complete && !stale)}>
    <figcaption><span class="label">${label}${name && html` <span class="from">${name}</span>`}</span>
      <${Brief} props=${props} number=${numbers[0]} overlaid=${overlaid} /><span class="unseen">${words}</span></figcaption>
    <div class="chart-plot"><div class="canvas" ref=${host}></div>
      <${AlertMarks} spans=${props.spans.filter(({ series }) => panel.members.some(({ id }) => id === series))} from=${from} to=${to} range=${props.range} named=${overlaid} />
      ${unread ? html`<div class="chart-message"><p>${t("not read yet")}</p></div>` : empty && !stale
        && html`<${NoData} feeds=${feeds} members=${panel.members} from=${from} to=${to} known=${props.known} zoomed=${zoomed} />`}</div>
    <${Foot} props=${props} chart=${key} numbers=${numbers} overlaid=${overlaid} />
    ${props.missing && html`<${Missing} history=${{ ...props.missing, since: (props.missing.since ?? 0) > from ? props.missing.since : null }} />`}
    ${zoomed && !overlaid && !embedded && html`<${Replay} series=${panel.members[0].id} from=${from} to=${to} onSpans=${shade} />`}</figure>`;
}

/** The times on the screen. @param {Props} props */
function shownOf({ gliding, zoomed, panel, at, range }) {
  const { drift } = gliding;
  if (drift && (zoomed || drift.chart === `${panel.key} ${at}`)) return drift;
  // The page is drawn anew far more often than a chart moves by a pixel.
  return timesOf(range, "seconds" in range ? range.seconds / PIXELS : 1);
}

/** The chart itself lives as long as its place in the page. @param {HTMLElement} host @param {HTMLElement} figure @param {{current: SmokeChart | null}} chart @param {{current: Props}} latest */
function mount(host, figure, chart, latest) {
  const drawn = new SmokeChart(host, latest.current.height, hasAlerts(latest.current));
  chart.current = drawn;
  const key = () => `${latest.current.panel.key} ${latest.current.at}`;
  const stop = gestures(drawn, figure, {
    shown: () => shownOf(latest.current),
    // Over a stack of charts a wheel scrolls the page; over the one that fills it, it zooms.
    wheelZooms: () => latest.current.zoomed || document.activeElement === figure,
    dragPans: () => latest.current.zoomed,
    point: (time, by) => point({ time, chart: key(), by }),
    step: (rows) => step(latest.current, key(), rows),
    zoom: (range) => latest.current.gliding.zoom(range),
    drift: (range, done) => latest.current.gliding.move(range, done, key()),
    back: () => latest.current.gliding.back(),
    reset: () => (pointed().time === null ? latest.current.gliding.reset() : point({ time: null, chart: "", by: "keyboard" })),
  });
  const forget = onCross(() => drawn.cursor(pointed().time));
  return () => {
    stop();
    forget();
    drawn.destroy();
    chart.current = null;
  };
}

/** @param {SmokeChart | null} chart @param {Props} props @param {number} from @param {number} to @param {{from: number, to: number | null}[]} shades */
function draw(chart, { panel, at, height, spans, known }, from, to, shades) {
  const detail = model.outline?.detail;
  if (!chart || !detail) return;
  chart.setHeight(height);
  const scales = panel.scales();
  const scale = scales?.[at] ?? { ceiling: 1e-3, floor: null };
  const inputs = [panel, scales === null, scale.ceiling, scale.floor, from, to, theme(), onPaper(), format.zone(), t("now"), spans, shades,
    ...panel.members.flatMap(({ id, color }, i) => [color, panel.feeds[at][i].frame, known(id)?.rounds.size, known(id)?.state])];
  if (!chart.differs(inputs)) return;
  const lines = panel.members.flatMap(({ id, color }, i) => {
    const { frame } = panel.feeds[at][i];
    return frame && (scales || !onPaper()) ? [{ frame: doubted(frame, known(id)), color }] : [];
  });
  const ids = panel.members.map(({ id }) => id);
  chart.set({
    ...scale, from, to, lines, theme: theme(), classes: classesFor(detail, lines[0]?.frame.pings ?? 20), lossBackground: detail.loss_background,
    nodataColor: detail.nodata_color, now: model.now(), alerts: spans.filter(({ series }) => ids.includes(series)),
    lane: hasAlerts({ panel }), shades, utcOffset: format.utcOffset, nowLabel: t("now"),
  });
  chart.cursor(pointed().time);
}

/** Whether there may be marks of alerts. @param {Pick<Props, "panel">} props */
const hasAlerts = ({ panel }) => panel.members.some(({ index }) => Boolean(model.series[index]?.section.alerts?.length));

/** Rows with what the recent rounds say about themselves. @param {import("../chart/frame.js").Frame} frame @param {import("./rounds.js").Known | undefined} known */
function doubted(frame, known) {
  const ends = [...(known?.rounds.values() ?? [])].flatMap(({ quality, end }) => (quality?.suspect ? [end] : []));
  if (ends.length === 0) return frame;
  return { ...frame, suspect: [...new Set([...frame.suspect, ...rowsOf(frame, ends)])] };
}

/** Moves the cross-hair by rows, within what is shown. @param {Props} props @param {string} chart @param {number} rows */
function step(props, chart, rows) {
  const { frame } = props.panel.feeds[props.at][0];
  if (!frame || frame.median.length === 0) return;
  const { from, to } = shownOf(props);
  const first = Math.max(Math.ceil((from - frame.start) / frame.step + 0.5), 0);
  let last = Math.min(Math.floor((to - frame.start) / frame.step + 0.5), frame.median.length - 1);
  // A round under way has nothing to read yet.
  if (last > first && Number.isNaN(frame.loss[last]) && endOf(frame, last) > model.now() - frame.step) last -= 1;
  const { time } = pointed();
  const now = time === null ? null : rowAt(frame, time);
  const row = Math.min(Math.max(now === null ? last : now + rows, first), last);
  point({ time: endOf(frame, row) - frame.step / 2, chart, by: "keyboard" });
}

/** At the right of the title: the numbers of the range, or of the time that is pointed at. @param {{props: Props, number: import("../chart/stats.js").Summary | null, overlaid: boolean}} props */
function Brief({ props, number, overlaid }) {
  const { time } = useCross();
  const { from, to } = shownOf(props);
  const { frame } = props.panel.feeds[props.at][0];
  if (overlaid) return null;
  const sample = frame && time !== null && time >= from && time <= to ? sampleAt(frame, time, undefined) : null;
  if (sample) return html`<span class="chart-brief pointed">${format.time(sample.to)} <b>${brief(sample)}</b></span>`;
  if (!number?.loss) return null;
  const median = number.median ? `${t("median")} ${format.rtt(number.median.avg)} · ` : "";
  return html`<span class="chart-brief">${median}${t("loss")} ${format.percent(number.loss.avg)}</span>`;
}

/** Below the chart: the statistics, or in their place what is pointed at. @param {{props: Props, chart: string, numbers: (import("../chart/stats.js").Summary | null)[], overlaid: boolean}} props */
function Foot({ props, chart, numbers, overlaid }) {
  const cross = useCross();
  const { panel, at, known } = props;
  const mine = cross.time !== null && cross.chart === chart;
  const samples = panel.members.map(({ id, name, color }, i) => {
    const { frame } = panel.feeds[at][i];
    return { name, color: color ?? "", sample: mine && frame ? sampleAt(frame, /** @type {number} */ (cross.time), known(id)) : null };
  });
  const lines = panel.members.map(({ name, color }, i) => ({ name, color: color ?? "", summary: numbers[i] }));
  const reading = mine && samples.some(({ sample }) => sample);
  const [first] = samples;
  return html`<div class=${`chart-foot ${reading ? "pointed" : ""}`}>
    ${overlaid ? html`<${Legend} lines=${lines} />` : numbers[0] && html`<${Statistics} summary=${numbers[0]} />`}
    ${reading && (overlaid ? html`<${Readouts} samples=${samples} time=${cross.time} />`
      : first.sample && html`<${Readout} sample=${first.sample} vantage=${first.name} />`)}
    <div class="unseen" aria-live="polite">${reading && cross.by === "keyboard"
      ? samples.map(({ name, sample }) => sample && spoken(sample, name)).filter(Boolean).join("; ") : ""}</div></div>`;
}

/** Calls once the element comes near what is seen. @param {{current: HTMLElement | null}} element @param {() => void} seen @param {unknown} again */
function useSight(element, seen, again) {
  useEffect(() => {
    if (!element.current) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      seen();
    }, { root: embedded ? null : document.getElementById("main"), rootMargin: "150px" });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [again]);
}

/** @param {boolean} on @param {number} every milliseconds @param {() => void} tick */
function useTicking(on, every, tick) {
  const slow = Math.round(every / 1000);
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(() => document.visibilityState === "visible" && tick(), slow * 1000);
    return () => clearInterval(timer);
  }, [on, slow]);
}
