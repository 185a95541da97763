// A target: its ranges as smoke, from every vantage point, or one range at large.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { summary } from "../chart/stats.js";
import { keys } from "../chart/gestures.js";
import { t } from "../i18n.js";
import { model, useModel } from "../model.js";
import { embedded, href, useRoute } from "../route.js";
import { Heading, plain } from "../side/rich.js";
import { useAlerts } from "./alerts.js";
import { timesOf } from "./feed.js";
import { Figure } from "./figure.js";
import { Facts } from "./header.js";
import { Key } from "./key.js";
import { panelsOf, pingsOf } from "./panel.js";
import { useGliding, usePanels } from "./panels.js";
import { RangeControl, VantageControl } from "./range.js";
import { useRounds } from "./rounds.js";
import { Share } from "./share.js";
import { named, nameOf, short } from "./words.js";
import { useZoom } from "./zoom.js";

/** @param {{section: import("../model.js").Section}} props */
export function Detail({ section }) {
  const { outline } = useModel();
  const route = useRoute();
  const wanted = panelsOf(section, route.vantage);
  const members = wanted.flatMap((panel) => panel.members);
  const ids = members.map(({ id }) => id);
  const zoom = useZoom(ids[0] ?? "");
  const gliding = useGliding();
  const ranges = zoom.range ? [{ name: named(zoom.range), range: zoom.range }]
    : (outline?.detail.ranges ?? []).map((range) => ({ name: nameOf(range), range: { seconds: range.seconds } }));
  const panels = usePanels(wanted, ranges.map(({ range }) => range), zoom.range !== null, outline?.plan ?? "");
  const known = useRounds(ids, (id, round) => panels.current.forEach((panel) => panel.add(id, round)),
    () => panels.current.forEach((panel) => panel.reload()));
  const any = members.some(({ index }) => model.series[index].section.alerts?.length);
  const { spans, standing, since, until } = useAlerts(ids, any, zoom.pending ? [] : ranges.map(({ range }) => range));
  useKeys(gliding, zoom.range);
  const missing = (section.multihost ?? []).filter((id) => !model.indices.has(id));
  const gone = missing.length > 0 && html`<p class="muted">${t("Not measured here: {names}", { names: missing.join(", ") })}</p>`;
  if (!outline || members.length === 0) return html`<${Heading} section=${section} />${gone}`;

  const heights = Math.min(Math.max(outline.detail.height, 80), 600);
  const height = Math.min(zoom.range ? Math.max(Math.round(heights * 1.6), 300) : heights, innerWidth < 500 ? 240 : 600);
  const [first] = ranges;
  const link = zoom.range ? route : { from: `-${short(outline.detail.ranges[0]?.seconds ?? 10800)}`, to: "" };
  return html`<article class=${`detail ${zoom.range ? "zoomed" : ""}`} aria-busy=${zoom.pending ? "true" : undefined}>
    ${embedded ? html`<h1 class="framed"><a href=${`./${href({ target: section.path, from: route.from, to: route.to, vantage: route.vantage })}`} target="_blank" rel="noopener">${plain(section.title, section.html)}</a></h1>`
      : html`<header><div class="title"><${Heading} section=${section} /></div>
      <div class="detail-controls"><${VantageControl} section=${section} /><${RangeControl} series=${ids[0]} error=${zoom.error} /></div></header>`}
    ${gone}
    <${Numbers} panels=${panels.current} members=${members} known=${known} standing=${standing} first=${first}
      linked=${Boolean(section.multihost?.length)} />
    ${!zoom.pending && ranges.map(({ name, range }, at) => panels.current.map((panel) => html`<${Figure} key=${`${panel.key} ${at}`}
      panel=${panel} at=${at} label=${name} range=${range} height=${height} zoomed=${zoom.range !== null} named=${panels.current.length > 1}
      gliding=${gliding} known=${known} spans=${spans} missing=${{ since, until }} />`))}
    ${members[0].color === null && html`<${Key} pings=${panels.current[0]?.feeds[0]?.[0]?.frame?.pings ?? pingsOf(members[0])} />`}
    ${!embedded && html`<${Share} target=${section.path} members=${members} from=${link.from} to=${link.to} range=${first?.name ?? ""}
      vantage=${route.vantage} height=${height + 280} />`}</article>`;
}

/**
 * The header's numbers, which follow the charts' data.
 * @param {{panels: import("./panel.js").Panel[], members: import("./panel.js").Member[], known: (id: string) => import("./rounds.js").Known | undefined,
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

/** Keys anywhere on the page, but in fields. @param {import("./zoom.js").Gliding} gliding @param {import("./feed.js").Range | null} range */
function useKeys(gliding, range) {
  const now = useRef(range);
  now.current = range;
  useEffect(() => {
    const typed = (/** @type {KeyboardEvent} */ event) => {
      const at = event.target instanceof Element ? event.target : document.body;
      // Escape closes the drawer first.
      if (document.body.classList.contains("drawer") || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || at.closest("input, textarea, select, button, nav, figure, [role=tree]")) return;
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
