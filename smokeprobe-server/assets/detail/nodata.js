// Over a chart that has nothing to draw: why, and where there is something.

import { html } from "../vendor/preact.js";
import * as format from "../format.js";
import { said, t } from "../i18n.js";
import { model, useSeconds } from "../model.js";
import { go } from "../route.js";
import { around, useNearest } from "./nearest.js";

/**
 * @param {{feeds: import("./feed.js").Feed[], members: import("./panel.js").Member[], from: number, to: number, zoomed: boolean,
 *   known: (id: string) => import("./rounds.js").Known | undefined}} props
 */
export function NoData({ feeds, members, from, to, known, zoomed }) {
  const error = feeds.find((feed) => feed.error)?.error;
  const nearest = useNearest(members.map(({ id }) => id), from, to, !error);
  if (error) return html`<div class="chart-message"><p>${error}</p></div>`;
  const { condition } = model.state(members[0].index);
  const state = known(members[0].id)?.state;
  // What a range of the past lacks is not for what is so now.
  const reaches = to >= model.now() - Math.max((to - from) / 200, 60);
  const silent = nearest?.before && reaches && condition !== "not_measured" && condition !== "unknown";
  const waits = condition === "waiting" && reaches && !zoomed;
  const reason = reaches && (condition === "unknown" || condition === "not_measured") ? bare(state?.reason) : "";
  const what = silent ? t("nothing has come since {time}", { time: format.dateTime(nearest.time, false) })
    : reaches && condition === "not_measured" ? t("not measured") : t("no data in this range");
  // Until it is known whether there was ever anything, nothing is said that might be wrong.
  if (waits && nearest === undefined) return null;
  return html`<div class="chart-message">
    ${!(waits && nearest === null) && html`<p>${reason ? t("{what}: {reason}", { what, reason }) : what}</p>`}
    ${waits && (nearest === null || state?.waiting_until) && html`<p><${Waiting} until=${state?.waiting_until ?? null} /></p>`}
    ${nearest && html`<button type="button" class="button" onClick=${() => go(around(nearest, to - from))}>
      ${t("nearest data: {time}", { time: format.dateTime(nearest.time, false) })}</button>`}</div>`;
}

/** A reason without what stands before it, as it is said here. @param {string | undefined} reason */
export const bare = (reason) => said((reason ?? "").replace(/^not measured: /, ""));

/** A count-down to the first round. @param {{until: number | null}} props */
export function Waiting({ until }) {
  const now = useSeconds();
  if (until === null) return t("waiting for the first round");
  return until > now ? t("waiting for the first round, {time} to go", { time: format.duration(until - now) }) : t("waiting for the first round, due now");
}
