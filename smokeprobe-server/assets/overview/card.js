// A card: a target's small graph, what it is now, and what it was where one points.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import * as format from "../format.js";
import { said, t } from "../i18n.js";
import { Mark, words } from "../marks.js";
import { WORSE, model } from "../model.js";
import { theme } from "../prefs.js";
import { drawn, redraw, redrawAll } from "./canvas.js";
import { ceilingOf, colourOf, draw, timeOf } from "./small.js";
import { rowAt, summary } from "./values.js";

/** @typedef {import("./entries.js").Entry} Entry @typedef {import("./rows.js").SmallRows} SmallRows */

/** The tops of the graphs, one of all or each its own. */
export class Ceilings {
  /** @param {boolean} common */
  constructor(common) {
    this.common = common;
    /** @type {Map<string, number>} */
    this.own = new Map();
    this.highest = 0;
  }

  /** The top for a card whose own is this. @param {string} key @param {number} own */
  of(key, own) {
    if (!this.common) return own;
    this.own.set(key, own);
    const highest = Math.max(...this.own.values());
    if (highest !== this.highest) {
      this.highest = highest;
      redrawAll();
    }
    return own > 0 ? highest : 0;
  }
}

/** @param {{entry: Entry, rows: SmallRows, ceilings: Ceilings}} props */
export function Card({ entry, rows, ceilings }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [hover, setHover] = useState(/** @type {number | null} */ (null));
  const [byKey, setByKey] = useState(false);
  const job = useGraph(canvas, entry, rows, ceilings, hover);
  useStates(entry.lines.map(({ index }) => index));
  useEffect(() => {
    if (job.current) redraw(job.current);
  }, [hover]);

  const { lines } = entry;
  const worst = lines.reduce((before, { index }) =>
    (index >= 0 && (before < 0 || WORSE.indexOf(model.condition(index)) > WORSE.indexOf(model.condition(before))) ? index : before), -1);
  const state = worst >= 0 ? model.state(worst) : null;
  const raised = lines.filter(({ index }) => model.raised.get(index)?.silenced === false).length;
  const silenced = lines.some(({ index }) => model.raised.get(index)?.silenced);
  const point = (/** @type {PointerEvent} */ event) => {
    const span = rows.span();
    const place = canvas.current?.getBoundingClientRect();
    if (!span || !place || event.pointerType === "touch") return;
    setByKey(false);
    setHover(timeOf(event.clientX - place.left, place.width, span));
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const span = rows.span();
    if (event.key === "Escape") setHover(null);
    if (!way || !span || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const step = Math.max((span.to - span.from) / 100, rows.rows.get(lines[0]?.id)?.step ?? 1);
    setByKey(true);
    setHover(Math.min(span.to, Math.max(span.from, (hover ?? span.to) + way * step)));
  };
  const leave = () => setHover(null);
  return html`<article class="card mini" onPointerMove=${point} onPointerLeave=${leave}>
    <header class="head">
      ${entry.rank && html`<span class="rank">${entry.rank}</span>`}
      <${Mark} sign=${state?.condition ?? null} />
      <a class="name" href=${entry.href} title=${tip(entry)} onKeyDown=${key} onBlur=${leave}>${entry.name}</a>
      ${raised > 0 && html`<span class="raised alerts" title=${words("raised")}>▲${raised > 1 ? raised : ""}</span>`}
      ${raised === 0 && silenced && html`<span class="silenced alerts" title=${words("silenced")}>⏸</span>`}
      <span class="now">${entry.text ?? (hover === null ? now(state, lines.length) : clock(hover, entry, rows))}</span>
    </header>
    <div class="small">
      <canvas ref=${canvas} role="img" aria-label=${t("{name}, small graph", { name: entry.title })} />
      <${Over} entry=${entry} rows=${rows} condition=${state?.condition ?? null} />
    </div>
    <p class="said" aria-live=${byKey ? "polite" : "off"}><${Legend} entry=${entry} rows=${rows} hover=${hover} /></p>
  </article>`;
}

/** @param {{current: HTMLCanvasElement | null}} canvas @param {Entry} entry @param {SmallRows} rows @param {Ceilings} ceilings @param {number | null} hover */
function useGraph(canvas, entry, rows, ceilings, hover) {
  const job = useRef(/** @type {import("./canvas.js").Job | null} */ (null));
  const latest = useRef({ entry, ceilings, hover });
  latest.current = { entry, ceilings, hover };
  const [, again] = useState(0);
  const ids = entry.lines.filter(({ index }) => index >= 0).map(({ id }) => id);
  useEffect(() => {
    if (!canvas.current) return undefined;
    const watcher = { ids, seen: false, changed: () => {
      if (job.current) redraw(job.current);
      if (watcher.seen) again((n) => n + 1);
    } };
    const graph = drawn(canvas.current, (ink, width, height, shade) => {
      const span = rows.span();
      const outline = model.outline;
      if (!span || !outline) return;
      const { entry, ceilings, hover } = latest.current;
      const lines = entry.lines.map(({ id, colour }) => ({ rows: rows.rows.get(id), colour }));
      const own = ceilingOf(lines.map((line) => line.rows), span, outline.overview.max_rtt);
      draw(ink, width, height, { lines, span, ceiling: ceilings.of(entry.key, own), theme: shade, hover, detail: outline.detail });
    }, (seen) => {
      watcher.seen = seen;
      if (!seen) return;
      rows.want(ids);
      again((n) => n + 1);
    });
    job.current = graph.job;
    const deaf = rows.watch(watcher);
    // Out of sight it lags behind; paper shows it.
    const print = () => again((n) => n + 1);
    addEventListener("beforeprint", print);
    return () => {
      removeEventListener("beforeprint", print);
      deaf();
      graph.release();
      job.current = null;
    };
  }, [rows, ids.join()]);
  useEffect(() => {
    if (job.current) redraw(job.current);
  }, [ceilings, entry]);
  return job;
}

/** Draws anew when one of these series is in another way than before. @param {number[]} indices */
function useStates(indices) {
  const tell = () => indices.map((i) => [model.letters[i], model.loss[i], model.median[i], model.raised.get(i)?.silenced].join()).join(";");
  const [, set] = useState(tell);
  useEffect(() => model.subscribe(() => set(tell())), [indices.join()]);
}

/** What stands in for a graph. @param {{entry: Entry, rows: SmallRows, condition: import("../model.js").Condition | null}} props */
function Over({ entry, rows, condition }) {
  const text = missing(entry, rows, condition);
  return text ? html`<p class="over">${text}</p>` : null;
}

/** @param {Entry} entry @param {SmallRows} rows @param {import("../model.js").Condition | null} condition */
function missing({ section, lines }, rows, condition) {
  const there = lines.map(({ id }) => rows.rows.get(id)).filter((found) => found !== undefined);
  const span = rows.span();
  if (span && there.some((found) => { const { average, loss } = summary(found, span); return average !== null || loss !== null; })) return "";
  if (condition === "not_measured") {
    return said((section.probe !== undefined && model.outline?.probes[section.probe].reason) || "") || words("not_measured");
  }
  if (condition === "waiting") return words("waiting");
  if (there.length < lines.filter(({ index }) => index >= 0).length) return "";
  return said(there.find(({ error }) => error)?.error ?? "") || t("no data in this range");
}

/** @param {{entry: Entry, rows: SmallRows, hover: number | null}} props */
function Legend({ entry, rows, hover }) {
  const span = rows.span();
  if (!span) return null;
  const values = entry.lines.map((line) => {
    const found = rows.rows.get(line.id);
    return { ...line, found, at: found && hover !== null ? rowAt(found, hover) : null };
  });
  if (values.length > 1) {
    return html`${values.map(({ id, index, label, colour, found, at }) => {
      const median = hover === null ? model.median[index] : found && at !== null ? found.median[at] : null;
      const lost = hover === null ? model.loss[index] : found && at !== null && found.loss[at] !== null ? found.loss[at] / found.pings : null;
      return html`<span class="line" key=${id} title=${label}><i style=${{ background: colourOf(colour, theme()) }}></i><span class="name">${label}</span>
        ${median !== null && median !== undefined ? html`<b>${format.rtt(median)}</b>` : ""}${lost ? html`<b class="loss">${format.percent(lost)}</b>` : ""}</span>`;
    })}`;
  }
  const [{ found, at } = { found: undefined, at: null }] = values;
  if (!found) return null;
  if (hover !== null) {
    if (at === null || (found.median[at] === null && found.loss[at] === null)) return html`<span>${t("nothing known")}</span>`;
    const [median, deviation, loss] = [found.median[at], found.deviation[at], found.loss[at]];
    return html`${entry.text && html`<b>${clock(hover, entry, rows)}</b>`}
      ${median !== null && html`<span>${t("median")} <b>${format.rtt(median)}</b></span>`}
      ${deviation !== null && html`<span>± <b>${format.rtt(deviation)}</b></span>`}
      ${loss !== null && html`<span>${t("loss")} <b class=${loss > 0 ? "loss" : ""}>${format.percent(loss / found.pings)}</b></span>`}`;
  }
  const { average, most, loss } = summary(found, span);
  return html`${average !== null && html`<span>${t("avg")} <b>${format.rtt(average)}</b></span>`}
    ${most !== null && html`<span>${t("max")} <b>${format.rtt(most)}</b></span>`}
    ${loss !== null && html`<span>${t("loss")} <b class=${loss > 0 ? "loss" : ""}>${format.percent(loss)}</b></span>`}`;
}

/** @param {import("../model.js").State | null} state @param {number} lines */
function now(state, lines) {
  if (!state || state.condition === "not_measured" || state.condition === "waiting") return "";
  if (state.condition === "unknown") return words("unknown");
  return html`${state.loss ? html`<span class=${state.condition}>${format.percent(state.loss)}</span> ` : ""}${lines === 1 && state.median !== null ? format.rtt(state.median) : ""}`;
}

/** When the row that one points at began. @param {number} time @param {Entry} entry @param {SmallRows} rows */
function clock(time, { lines }, rows) {
  const found = rows.rows.get(lines[0]?.id);
  const row = found ? Math.ceil((time - found.start) / found.step) - 1 : 0;
  const at = found ? found.start + row * found.step : time;
  const span = rows.span();
  const text = format.dateTime(at, (found?.step ?? 60) < 60);
  return span && span.to - span.from > 86400 ? text.slice(5) : text.slice(11);
}

/** @param {Entry} entry */
const tip = ({ title, section }) => [title, section.host, section.path].filter(Boolean).join("\n");
