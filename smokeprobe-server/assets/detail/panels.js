// What the charts of a page have in common: their data and the gestures that change the range.

import { useEffect, useMemo, useRef } from "../vendor/preact.js";
import { whenIdle } from "../idle.js";
import { timesOf } from "./feed.js";
import { Panel } from "./panel.js";
import { Gliding } from "./zoom.js";

/** Milliseconds between looks at whether rows have become old. */
const LOOK_MS = 5000;

/**
 * Lines of all charts of a page up to which those out of sight are read too: who prints wants them all, and a browser that
 * prints does not wait.
 */
const FEW = 48;

/** Milliseconds until they are read even where the browser has much to do. */
const BUSY_MS = 1000;

/** What is on the page, from the top. @type {Set<Panel>} */
const onPage = new Set();
let callOff = () => {};

/** Reads one panel that is out of sight, once all that was begun is there. Its data brings it here again. */
function readAhead() {
  const panels = [...onPage];
  if (panels.flatMap(({ feeds }) => feeds.flat()).length > FEW) return;
  if (panels.some((panel) => panel.started && !panel.complete)) return;
  panels.find((panel) => !panel.started)?.start();
}

/** The page's gestures. */
export function useGliding() {
  const gliding = useMemo(() => new Gliding(), []);
  useEffect(() => () => gliding.stop(), []);
  return gliding;
}

/**
 * The data of the page. It outlives changes of a zoomed range, so that the old is seen until the new is there.
 * @param {{key: string, members: import("./panel.js").Member[]}[]} wanted @param {import("./feed.js").Range[]} ranges
 * @param {boolean} zoomed one range that may change @param {string} plan
 */
export function usePanels(wanted, ranges, zoomed, plan) {
  const panels = useRef(/** @type {Panel[]} */ ([]));
  const made = useRef("");
  const key = JSON.stringify([wanted.map((panel) => [panel.key, panel.members.map(({ id, color }) => [id, color])]), zoomed || ranges, plan]);
  if (made.current !== key) {
    made.current = key;
    const before = panels.current;
    before.forEach((panel) => panel.stop());
    panels.current = wanted.map((panel) => {
      const next = new Panel(panel.key, panel.members, ranges);
      lend(next, before);
      return next;
    });
  } else if (zoomed) {
    panels.current.forEach((panel) => panel.feeds.flat().forEach((feed) => feed.move(ranges[0])));
  }
  useEffect(() => {
    const changed = () => {
      callOff();
      callOff = whenIdle(readAhead, BUSY_MS);
    };
    const mine = panels.current;
    const forget = mine.map((panel) => {
      onPage.add(panel);
      return panel.subscribe(changed);
    });
    return () => {
      forget.forEach((one) => one());
      mine.forEach((panel) => onPage.delete(panel));
    };
  }, [key]);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && panels.current.forEach((panel) => panel.refresh()), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => () => panels.current.forEach((panel) => panel.stop()), []);
  return panels;
}

/** What was on the screen is drawn until the rows come. @param {Panel} panel @param {Panel[]} before */
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
