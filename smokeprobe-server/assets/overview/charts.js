// Rankings: which targets lose most, take longest, vary most. All vantage points take part.

import { html, useEffect, useMemo, useState } from "../vendor/preact.js";
import { ask, whyOf } from "../api.js";
import * as format from "../format.js";
import { language, t } from "../i18n.js";
import { model, useModel } from "../model.js";
import { theme, usePrefs } from "../prefs.js";
import { place, useRoute } from "../route.js";
import { Card, Ceilings } from "./card.js";
import { rankedEntry } from "./entries.js";
import { FEW, Failure, useSmallRows } from "./overview.js";

/**
 * @typedef {{series: string, value: number, text: string}} Ranked
 * @typedef {{name: string, menu: string, title: string, entries: Ranked[], without?: number}} Ranking
 * @typedef {{now: number, title: string | null, charts: Ranking[]}} Rankings
 */

/** Ranked again this often while one looks. */
const AGAIN_MS = 30000;

export function Charts() {
  const { outline } = useModel();
  const { chart } = useRoute();
  usePrefs();
  const [answer, failure] = useRankings(chart);
  const rows = useSmallRows(outline?.overview.range ?? 36000);
  useEffect(() => {
    const ids = answer?.charts.flatMap(({ entries }) => entries.map(({ series }) => series)).filter((id) => model.indices.has(id)) ?? [];
    if (ids.length <= FEW) rows.want(ids);
  }, [answer, rows]);
  const configured = outline?.charts.length ? outline.charts : answer?.charts ?? [];
  const one = chart ? answer?.charts.find(({ name }) => name === chart) : undefined;
  const drawn = useMemo(
    () => answer?.charts.map((ranking) => html`<${RankingOf} key=${ranking.name} ranking=${ranking} alone=${one !== undefined} rows=${rows} />`),
    [answer, one, rows, language(), format.zone(), theme()],
  );
  return html`<div class="overview">
    <h1>${one?.title ?? outline?.charts_title ?? answer?.title ?? t("Charts")}</h1>
    <nav class="tabs" aria-label=${t("Charts")}>
      <a href=${place({ mode: "charts" })} aria-current=${chart ? undefined : "page"}>${t("all")}</a>
      ${configured.map(({ name, menu }) => html`<a key=${name} href=${place({ mode: "charts", chart: name })} aria-current=${name === chart ? "page" : undefined}>${menu}</a>`)}
    </nav>
    ${failure && html`<p class="notice" role="alert"><b>${t("No rankings")}</b>${failure}</p>`}
    <${Failure} rows=${rows} />
    ${drawn}</div>`;
}

/** @param {{ranking: Ranking, alone: boolean, rows: import("./rows.js").SmallRows}} props */
function RankingOf({ ranking, alone, rows }) {
  const ceilings = useMemo(() => new Ceilings(false), []);
  const entries = ranking.entries.flatMap(({ series, text }, i) => {
    // The configuration may have changed since.
    const index = model.indices.get(series);
    return index === undefined ? [] : [rankedEntry(index, `${i + 1}.`, text)];
  });
  return html`<section class="ranking">
    ${!alone && html`<header class="group"><h2><a href=${place({ mode: "charts", chart: ranking.name })}>${ranking.title}</a></h2></header>`}
    ${entries.length === 0
      ? html`<p class="muted">${t("Waiting for data: nothing has a value for this yet.")}</p>`
      : html`<div class="grid">${entries.map((entry) => html`<${Card} key=${entry.key} entry=${entry} rows=${rows} ceilings=${ceilings} />`)}</div>`}
    ${ranking.without ? html`<p class="muted">${t("{n} without a value", { n: format.count(ranking.without) })}</p>` : ""}
  </section>`;
}

/** @param {string} chart empty: all @returns {[Rankings | null, string]} the answer and why there is none */
function useRankings(chart) {
  const { outline } = useModel();
  const [answer, setAnswer] = useState(/** @type {Rankings | null} */ (null));
  const [failure, setFailure] = useState("");
  useEffect(() => {
    const abort = new AbortController();
    const look = async () => {
      if (document.visibilityState === "hidden") return;
      try {
        setAnswer(await ask("charts", { chart }, abort.signal));
        setFailure("");
      } catch (error) {
        if (!abort.signal.aborted) setFailure(whyOf(error));
      }
    };
    void look();
    const timer = setInterval(look, AGAIN_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      abort.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [chart, outline]);
  return [answer, failure];
}
