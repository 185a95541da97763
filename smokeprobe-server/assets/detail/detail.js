// A target: its ranges as smoke, from every vantage point, or one range at large.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { summary } from "../chart/stats.js";
import { keys } from "../chart/gestures.js";
import { model, useModel } from "../model.js";
import { embedded, useRoute } from "../route.js";
import { useAlerts } from "./alerts.js";
import { pointsFor, timesOf } from "./feed.js";
import { Figure } from "./figure.js";
import { Facts, Heading } from "./header.js";
import { Panel, panelsOf } from "./panel.js";
import { RangeControl, VantageControl } from "./range.js";
import { useRounds } from "./rounds.js";
import { Share } from "./share.js";
import { named, nameOf } from "./words.js";
import { Gliding, useZoom } from "./zoom.js";

/** Milliseconds between looks at whether rows have become old. */
const LOOK_MS = 5000;

/** @param {{section: import("../model.js").Section}} props */
export function Detail({ section }) {
  const { outline } = useModel();
  const route = useRoute();
  const wanted = panelsOf(section, route.vantage);
  const members = wanted.flatMap((panel) => panel.members);
  const ids = members.map(({ id }) => id);
  const zoom = useZoom(ids[0] ?? "");
  const gliding = useGliding();
  const panels = usePanels(wanted, zoom.range, outline?.plan ?? "");
  const known = useRounds(ids, (id, round) => panels.current.forEach((panel) => panel.add(id, round)));
  const any = members.some(({ index }) => model.series[index].section.alerts?.length);
  const { spans, standing } = useAlerts(ids, any);
  useKeys(gliding, zoom.range);
  if (!outline || members.length === 0) return html`<${Heading} section=${section} />`;

  const ranges = zoom.range ? [{ name: named(zoom.range), range: zoom.range }]
    : outline.detail.ranges.map((range) => ({ name: nameOf(range), range: { seconds: range.seconds } }));
  const heights = Math.min(Math.max(outline.detail.height, 80), 600);
  const height = Math.min(zoom.range ? Math.max(Math.round(heights * 1.6), 300) : heights, innerWidth < 500 ? 240 : 600);
  const [first] = ranges;
  const link = zoom.range ? route : { from: `-${outline.detail.ranges[0]?.seconds ?? 10800}s`, to: "" };
  return html`<article class=${`detail ${zoom.range ? "zoomed" : ""}`} aria-busy=${zoom.pending ? "true" : undefined}>
    ${!embedded && html`<header><div class="title"><${Heading} section=${section} /></div>
      <div class="controls"><${VantageControl} section=${section} /><${RangeControl} series=${ids[0]} error=${zoom.error} /></div></header>`}
    <${Numbers} panels=${panels.current} members=${members} known=${known} standing=${standing} first=${first}
      linked=${Boolean(section.multihost?.length)} />
    ${!zoom.pending && ranges.map(({ name, range }, at) => panels.current.map((panel) => html`<${Figure} key=${`${panel.key} ${at}`}
      panel=${panel} at=${at} label=${name} range=${range} height=${height} zoomed=${zoom.range !== null} named=${panels.current.length > 1}
      gliding=${gliding} known=${known} spans=${spans} />`))}
    ${!embedded && html`<${Share} target=${section.path} members=${members} from=${link.from} to=${link.to}
      vantage=${route.vantage} height=${height + 160} />`}</article>`;
}

/**
 * The header's numbers, which follow the charts' data.
 * @param {{panels: Panel[], members: import("./panel.js").Member[], known: (id: string) => import("./rounds.js").Known | undefined,
 *   standing: import("./alerts.js").Standing[], first: {name: string, range: import("./feed.js").Range}, linked: boolean}} props
 */
function Numbers({ panels, members, known, standing, first, linked }) {
  const [, again] = useState(0);
  useEffect(() => {
    const forget = panels.map((panel) => panel.subscribe(() => again((n) => n + 1)));
    return () => forget.forEach((one) => one());
  }, [panels]);
  const { from, to } = timesOf(first.range);
  const summaries = new Map(panels.flatMap(({ feeds }) => (feeds[0] ?? []).flatMap(({ id, frame }) =>
    (frame ? [/** @type {const} */ ([id, summary(frame, from, to)])] : []))));
  return html`<${Facts} members=${members} known=${known} standing=${standing} summaries=${summaries} range=${first.name} linked=${linked} />`;
}

/** The page's gestures. */
function useGliding() {
  const gliding = useMemo(() => new Gliding(), []);
  useEffect(() => () => gliding.stop(), []);
  return gliding;
}

/**
 * The data of the page. It outlives changes of a zoomed range, so that the old is seen until the new is there.
 * @param {{key: string, members: import("./panel.js").Member[]}[]} wanted @param {import("./feed.js").Range | null} range @param {string} plan
 */
function usePanels(wanted, range, plan) {
  const panels = useRef(/** @type {Panel[]} */ ([]));
  const made = useRef("");
  const key = JSON.stringify([wanted.map((panel) => [panel.key, panel.members.map(({ id, color }) => [id, color])]), range === null, plan]);
  if (made.current !== key) {
    made.current = key;
    const before = panels.current;
    before.forEach((panel) => panel.stop());
    const ranges = range ? [range] : (model.outline?.detail.ranges ?? []).map(({ seconds }) => ({ seconds }));
    const pixels = Math.max(document.getElementById("main")?.clientWidth ?? innerWidth, 320) * devicePixelRatio;
    panels.current = wanted.map((panel) => {
      const next = new Panel(panel.key, panel.members, ranges, pointsFor(pixels));
      if (range) lend(next, before);
      return next;
    });
  } else if (range) {
    panels.current.forEach((panel) => panel.feeds.flat().forEach((feed) => feed.move(range)));
  }
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && panels.current.forEach((panel) => panel.refresh()), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => () => panels.current.forEach((panel) => panel.stop()), []);
  return panels;
}

/** The first of what is zoomed into is drawn from the rows that were on the screen. @param {Panel} panel @param {Panel[]} before */
function lend(panel, before) {
  for (const feed of panel.feeds.flat()) {
    const { from, to } = timesOf(feed.range);
    const old = before.flatMap(({ feeds }) => feeds.flat()).filter(({ id, frame }) => id === feed.id && frame !== null
      && frame.start - frame.step <= from && frame.start + frame.step * frame.median.length >= to - 2 * frame.step);
    const [finest] = old.sort((a, b) => (a.frame?.step ?? 0) - (b.frame?.step ?? 0));
    if (!finest) continue;
    feed.frame = finest.frame;
    feed.stale = true;
  }
}

/** Keys anywhere on the page, but in fields. @param {Gliding} gliding @param {import("./feed.js").Range | null} range */
function useKeys(gliding, range) {
  const now = useRef(range);
  now.current = range;
  useEffect(() => {
    const typed = (/** @type {KeyboardEvent} */ event) => {
      const at = event.target instanceof Element ? event.target : document.body;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || at.closest("input, textarea, select, button, nav, figure, [role=tree]")) return;
      const first = model.outline?.detail.ranges[0];
      const shown = now.current ?? (first ? { seconds: first.seconds } : null);
      if (!shown || (event.key === "Escape" && !now.current)) return;
      const used = keys(event, {
        shown: () => gliding.drift ?? timesOf(shown), zoom: (next) => gliding.zoom(next), drift: (next, done) => gliding.move(next, done, ""),
        reset: () => gliding.reset(), step: () => undefined,
      }, false);
      if (used) event.preventDefault();
    };
    addEventListener("keydown", typed);
    return () => removeEventListener("keydown", typed);
  }, []);
}
