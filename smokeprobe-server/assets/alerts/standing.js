// What is raised now.

import { html, useLayoutEffect, useRef } from "../vendor/preact.js";
import { said, t } from "../i18n.js";
import { Mark } from "../marks.js";
import { model, useSeconds } from "../model.js";
import { place } from "../route.js";
import { isAbout } from "./bars.js";
import { length, moment, nameOf, placeOf, when, why } from "./words.js";

/** @typedef {import("./shapes.js").Standing} Standing @typedef {import("./shapes.js").Silence} Silence */
/** @typedef {{order: "acknowledge" | "silence", about: {series: string, alert: string}}} Wish */

/** @param {{standing: Standing[], silences: Silence[], may: boolean, onWish: (wish: Wish) => void, filtered: boolean}} props */
export function StandingTable({ standing, silences, may, onWish, filtered }) {
  const now = useSeconds();
  if (standing.length === 0) {
    return html`<p class="empty"><${Mark} sign="fine" /> ${filtered ? t("Nothing of this is raised.") : t("Nothing is raised.")}</p>`;
  }
  return html`<div class="scroll"><table class="rows standing">
    <thead><tr><th scope="col">${t("Target")}</th><th scope="col">${t("Alert")}</th><th scope="col">${t("Since")}</th>
      <th scope="col">${t("Reason")}</th><th scope="col">${t("Told")}</th>${may && html`<td></td>`}</tr></thead>
    <tbody>${standing.map((one) => html`<${Row} key=${`${one.series} ${one.alert}`} one=${one} silences=${silences} now=${now} may=${may} onWish=${onWish} />`)}</tbody>
  </table></div>`;
}

/** @param {{one: Standing, silences: Silence[], now: number, may: boolean, onWish: (wish: Wish) => void}} props */
function Row({ one, silences, now, may, onWish }) {
  const { series, alert, since, reason, acknowledged } = one;
  const silence = silences.find((it) => holdsFor(it, one));
  const quiet = isQuiet(one, silences);
  const about = { series, alert };
  const name = `${alert} ${nameOf(series)}`;
  const [first, second] = [useRef(/** @type {HTMLElement | null} */ (null)), useRef(/** @type {HTMLElement | null} */ (null))];
  const leaves = acknowledged && first.current !== null && first.current === document.activeElement;
  useLayoutEffect(() => {
    // The button that was pressed goes; who came by keys stays in its row.
    if (leaves) second.current?.focus();
  });
  return html`<tr class=${quiet ? "quiet" : "loud"}>
    <th scope="row"><div class="who"><${Mark} sign=${quiet ? "silenced" : "raised"} /><${TargetLink} series=${series} /></div></th>
    <td data-label=${t("Alert")}><b>${alert}</b></td>
    <td data-label=${t("Since")} title=${moment(since)}>${moment(since)}<span class="muted"> · ${length(now - since)}</span></td>
    <td data-label=${t("Reason")} class="reason-text">${said(reason)}</td>
    <td data-label=${t("Told")}><${Told} one=${one} silence=${silence} /></td>
    ${may && html`<td><div class="does">
      ${!acknowledged && html`<button type="button" class="button" ref=${first} aria-label=${t("Acknowledge {name}", { name })}
        onClick=${() => onWish({ order: "acknowledge", about })}>${t("Acknowledge")}</button>`}
      <button type="button" class="button" ref=${second} aria-label=${t("Silence {name}", { name })}
        onClick=${() => onWish({ order: "silence", about })}>${t("Silence")}</button></div></td>`}
  </tr>`;
}

/** Whether a silence that holds now is about an alert. @param {Silence} silence @param {Standing} one */
const holdsFor = (silence, { series, alert }) => silence.active && (silence.alerts.length === 0 || silence.alerts.includes(alert))
  && isAbout(silence, series, model.section(series.split("~")[0])?.labels ?? {});

/** Whether nobody need look at it: somebody does already, or wanted to hear no more. @param {Standing} one @param {Silence[]} silences */
export const isQuiet = (one, silences) => one.silent !== null || one.acknowledged !== null || silences.some((silence) => holdsFor(silence, one));

/** Who knows of it, or why nobody does. @param {{one: Standing, silence?: Silence}} props */
function Told({ one: { told, silent, acknowledged }, silence }) {
  if (acknowledged) {
    const { author, time, comment } = acknowledged;
    const words = author ? t("acknowledged by {author} {time}", { author, time: moment(time) }) : t("acknowledged {time}", { time: moment(time) });
    return html`${words}${comment && html`<q class="comment">${comment}</q>`}`;
  }
  if (silence) {
    return html`${told !== null && `${moment(told)} · `}<span class="muted">${t("silenced")} ${when(silence)}</span>${silence.comment && html`<q class="comment">${silence.comment}</q>`}`;
  }
  if (silent) return html`<span class="muted">${t("nobody: {why}", { why: why(silent) })}</span>`;
  return told === null ? html`<span class="muted">${t("nobody yet")}</span>` : moment(told);
}

/** A series with its place, leading to its graphs. @param {{series: string}} props */
export function TargetLink({ series }) {
  const [target, vantage] = series.split("~");
  const above = placeOf(series);
  if (!model.section(target)) return html`<span class="target">${series}</span>`;
  return html`<a class="target" href=${place({ target, vantage: vantage ?? "" })}>${nameOf(series)}${above && html` <small>${above}</small>`}</a>`;
}
