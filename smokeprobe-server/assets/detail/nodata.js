// Over a chart that has nothing to draw: why, and where there is something.

import { html, useEffect, useState } from "../vendor/preact.js";
import { ask } from "../api.js";
import { endOf, frameOf } from "../chart/frame.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { model, useSeconds } from "../model.js";
import { go } from "../route.js";
import { written } from "./zoom.js";

/** How far back data is looked for. */
const FAR = 3 * 365 * 86400;

/**
 * @param {{feeds: import("./feed.js").Feed[], members: import("./panel.js").Member[], from: number, to: number, zoomed: boolean,
 *   known: (id: string) => import("./rounds.js").Known | undefined}} props
 */
export function NoData({ feeds, members, from, to, known, zoomed }) {
  const error = feeds.find((feed) => feed.error)?.error;
  const condition = model.state(members[0].index).condition;
  const state = known(members[0].id)?.state;
  const nearest = useNearest(members[0].id, from, to, !error && (zoomed || condition !== "waiting"));
  if (error) return html`<div class="chart-message"><p>${error}</p></div>`;
  if (condition === "not_measured" && !nearest) {
    return html`<div class="chart-message"><p>${t("not measured")}${state?.reason ? `: ${state.reason}` : ""}</p></div>`;
  }
  if (condition === "waiting" && !zoomed) return html`<div class="chart-message"><p><${Waiting} until=${state?.waiting_until ?? null} /></p></div>`;
  const reason = condition === "unknown" && !zoomed ? state?.reason : null;
  return html`<div class="chart-message"><p>${t("no data in this range")}${reason ? `: ${reason}` : ""}</p>
    ${nearest !== null && html`<button type="button" class="button" onClick=${() => showAround(nearest, to - from, nearest < from)}>
      ${t("nearest data: {time}", { time: format.dateTime(nearest, false) })}</button>`}</div>`;
}

/** A count-down to the first round. @param {{until: number | null}} props */
export function Waiting({ until }) {
  const now = useSeconds();
  if (until === null) return t("waiting for the first round");
  return until > now ? t("waiting for the first round, {time} to go", { time: format.duration(until - now) }) : t("waiting for the first round, due now");
}

/** As long a range, with the found data at its near end. @param {number} at @param {number} span @param {boolean} before */
function showAround(at, span, before) {
  const [from, to] = before ? [at - span * 0.9, at + span * 0.1] : [at - span * 0.1, at + span * 0.9];
  go(written(from, Math.min(to, model.now())));
}

/**
 * The end of the measured row nearest to a range; null while not known, and when there is none.
 * @param {string} id @param {number} from @param {number} to @param {boolean} wanted @returns {number | null}
 */
function useNearest(id, from, to, wanted) {
  const [nearest, set] = useState(/** @type {number | null} */ (null));
  const key = `${id} ${Math.round(from / 3600)} ${Math.round(to / 3600)} ${wanted}`;
  useEffect(() => {
    set(null);
    if (!wanted) return undefined;
    const request = new AbortController();
    const now = model.now();
    const start = Math.max(Math.floor(Math.min(from, now) - FAR), 1);
    ask(`series/${encodeURIComponent(id)}`, { from: start, to: Math.ceil(now), points: 2000 }, request.signal).then((rows) => {
      const frame = frameOf(rows);
      let best = null;
      for (let row = 0; row < frame.median.length; row += 1) {
        if (Number.isNaN(frame.loss[row]) && Number.isNaN(frame.median[row])) continue;
        const end = endOf(frame, row);
        const distance = end <= from ? from - end : Math.max(end - frame.step - to, 0);
        if (best === null || distance < best.distance) best = { distance, end: end <= from ? end : Math.max(end - frame.step, to) };
      }
      set(best === null ? null : Math.min(best.end, now));
    }, () => undefined);
    return () => request.abort();
  }, [key]);
  return nearest;
}
