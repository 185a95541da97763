// A section: a small graph for each target in it, and its sections with theirs.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import * as format from "../format.js";
import { language, t } from "../i18n.js";
import { useModel } from "../model.js";
import { theme, usePrefs } from "../prefs.js";
import { go, place, useRoute } from "../route.js";
import { Heading } from "../side/rich.js";
import { readable } from "../detail/zoom.js";
import { Ceilings } from "./card.js";
import { redrawAll } from "./canvas.js";
import { cardsOf, groupsOf } from "./entries.js";
import { Grid } from "./grid.js";
import { SmallRows } from "./rows.js";

/** @typedef {import("../model.js").Section} Section */

/** What is sorted by how it is now is sorted again this often. */
const AGAIN_MS = 30000;

/** Series of a page with so few are asked for before one comes to them. */
export const FEW = 240;

/** @param {{section: Section, own: boolean}} props own: its own graphs are above */
export function Overview({ section, own }) {
  const { outline } = useModel();
  const { sort, scale, from, to } = useRoute();
  usePrefs();
  const turn = useTurn();
  const rows = useSmallRows(outline?.overview.range ?? 36000);
  const by = sort === "loss" || sort === "median" || sort === "name" ? sort : "";

  const blocks = useMemo(() => {
    const cards = cardsOf(section, by);
    const groups = groupsOf(section, by);
    return [...(cards.length > 0 ? [{ group: null, entries: cards }] : []), ...groups.map((group) => ({ group, entries: group.entries }))];
  }, [section, by, turn, outline, language()]);
  const ceilings = useMemo(() => new Ceilings(scale === "common"), [scale, rows]);
  // Before anything is drawn: the server reads them meanwhile.
  useMemo(() => {
    const ids = blocks.flatMap(({ entries }) => entries.flatMap(({ lines }) => lines.filter(({ index }) => index >= 0).map(({ id }) => id)));
    if (ids.length <= FEW) rows.want(ids, true);
  }, [blocks, rows]);

  const zoomed = from !== "" || (to !== "" && to !== "now");
  // The cards follow what happens by themselves: nothing of this is drawn again for a round.
  return useMemo(() => html`<div class="overview">
    ${own ? html`<h2>${t("In {name}", { name: section.menu })}</h2>` : html`<${Heading} section=${section} />`}
    ${blocks.length === 0 ? !own && html`<${Nothing} section=${section} />` : html`
      <div class="options">
        <span class="when">${zoomed
          ? html`${readable(from || "…", to === "now" ? t("now") : to || t("now"))} <a href=${place({ target: section.path, sort, scale })}>${t("last {time}", { time: format.duration(outline?.overview.range ?? 0) })}</a>`
          : t("last {time}", { time: format.duration(outline?.overview.range ?? 0) })}</span>
        <a class="button" href=${place({ target: section.path, mode: "heat" })}>${t("Heat map")}</a>
        <${Choice} label=${t("Sort")} value=${by} choices=${[["", t("as configured")], ["loss", t("worst loss")], ["median", t("worst median")], ["name", t("name")]]}
          onChoice=${(/** @type {string} */ next) => go({ sort: next })} />
        <${Choice} label=${t("Scale")} value=${scale === "common" ? "common" : ""} choices=${[["", t("own")], ["common", t("common")]]}
          onChoice=${(/** @type {string} */ next) => go({ scale: next })} />
      </div>
      <${Failure} rows=${rows} />
      <${Grid} blocks=${blocks} rows=${rows} ceilings=${ceilings} />`}</div>`,
  [blocks, rows, ceilings, own, section, sort, scale, from, to, language(), format.zone(), theme()]);
}

/** @param {{label: string, value: string, choices: [string, string][], onChoice: (value: string) => void}} props */
function Choice({ label, value, choices, onChoice }) {
  const change = (/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => onChoice(event.currentTarget.value);
  return html`<label class="pick">${label} <select value=${value} onChange=${change}>
    ${choices.map(([name, text]) => html`<option value=${name} key=${name}>${text}</option>`)}</select></label>`;
}

/** What the server says when it does not answer with rows. @param {{rows: SmallRows}} props */
export function Failure({ rows }) {
  const [, again] = useState(0);
  useEffect(() => rows.subscribe(() => again((n) => n + 1)), [rows]);
  return rows.failure === null ? null : html`<p class="notice" role="alert"><b>${t("No data for these graphs")}</b>${rows.failure}</p>`;
}

/** Nothing is configured yet, or nothing here. @param {{section: Section}} props */
function Nothing({ section }) {
  if (section.parent) return html`<p class="muted">${t("There are no targets in this section.")}</p>`;
  return html`<section class="nothing">
    <h2>${t("No targets yet")}</h2>
    <p>${t("Add some to the section Targets of the configuration; each gets its graphs with its first round:")}</p>
    <pre>*** Targets ***

probe = FPing
menu = Top
title = Network latency

+ Lines
menu = Lines
title = Our lines

++ Office
menu = Office
title = The line to the office
host = 192.0.2.1</pre>
    <p>${t("The server reads it again by itself; what is wrong in it is told under Status.")} <a href=${place({ mode: "status" })}>${t("Status")}</a></p>
  </section>`;
}

/** The rows for the range in the address; asked anew when that or the configuration changes, or the stream was away. @param {number} seconds */
export function useSmallRows(seconds) {
  const { from, to } = useRoute();
  const { outline } = useModel();
  const kept = useRef(/** @type {Map<string, import("./values.js").Rows> | undefined} */ (undefined));
  const rows = useMemo(() => {
    const made = new SmallRows({ from, to, seconds }, kept.current);
    kept.current = made.rows;
    return made;
  }, [from, to, seconds, outline]);
  useEffect(() => {
    // Time goes on without rounds, too: a pixel at a time.
    const slide = setInterval(redrawAll, Math.min(60000, Math.max(1000, seconds * 1000 / 400)));
    return () => {
      clearInterval(slide);
      rows.stop();
    };
  }, [rows]);
  return rows;
}

/** Counts up now and then, unless one is just looking at what would move. */
function useTurn() {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.querySelector(".bands:hover, .bands :focus")) setTurn((n) => n + 1);
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return turn;
}
