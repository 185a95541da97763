// What an operator orders: acknowledging and silencing.

import { html, useState } from "../vendor/preact.js";
import { change } from "../api.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { model } from "../model.js";
import { FormDialog } from "./dialog.js";
import { authorOf, keepAuthor } from "./operator.js";
import { nameOf, sectionName } from "./words.js";

/** @typedef {import("./operator.js").Operator} Operator @typedef {{series: string, alert: string}} About */

/** Who and why, at the end of each form. @param {{author: string, onAuthor: (text: string) => void, comment: string, onComment: (text: string) => void, user: string | null}} props */
function Signature({ author, onAuthor, comment, onComment, user }) {
  const text = (/** @type {(text: string) => void} */ use) => (/** @type {any} */ event) => use(event.target.value);
  return html`<label>${t("Comment")}<textarea rows="2" maxlength="2000" value=${comment} onInput=${text(onComment)}></textarea></label>
    ${user === null && html`<label>${t("Your name")}<input type="text" maxlength="200" autocomplete="name" value=${author} onInput=${text(onAuthor)} /></label>`}`;
}

/** @param {{about: About, operator: Operator, onClose: (done: boolean) => void}} props */
export function Acknowledge({ about, operator, onClose }) {
  const [author, setAuthor] = useState(authorOf(operator));
  const [comment, setComment] = useState("");
  const send = () => {
    keepAuthor(author);
    return change("POST", "alerts/acknowledge", { target: about.series, alert: about.alert, author, comment });
  };
  return html`<${FormDialog} title=${t("Acknowledge {alert} of {target}", { alert: about.alert, target: nameOf(about.series) })}
    action=${t("Acknowledge")} send=${send} onClose=${onClose}>
    <p class="muted">${t("It tells nobody any more before it is cleared. That it is cleared is told.")}</p>
    <${Signature} author=${author} onAuthor=${setAuthor} comment=${comment} onComment=${setComment} user=${operator.user} />
  </${FormDialog}>`;
}

/** Seconds to choose from. */
const LENGTHS = [3600, 4 * 3600, 86400, 7 * 86400];

/** The sections that a series lies in, itself first. @param {string} series */
function placesOf(series) {
  const path = series.split("~")[0];
  /** @type {string[]} */
  const places = [];
  for (let at = model.section(path); at?.path; at = at.parent ?? undefined) places.push(at.path);
  return places.length > 0 ? places : path ? [path] : [];
}

/** @param {{about: About, operator: Operator, onClose: (done: boolean) => void}} props about: where it was pressed; may be empty */
export function SilenceDialog({ about, operator, onClose }) {
  const places = placesOf(about.series);
  const [target, setTarget] = useState(places[0] ?? "");
  const [only, setOnly] = useState(about.alert !== "");
  const [seconds, setSeconds] = useState(String(LENGTHS[0]));
  const [until, setUntil] = useState("");
  const [author, setAuthor] = useState(authorOf(operator));
  const [comment, setComment] = useState("");
  const send = () => {
    keepAuthor(author);
    return change("POST", "alerts/silences", {
      targets: target === "" ? [] : [target],
      alerts: only ? [about.alert] : [],
      ...(seconds === "" ? {} : { until: seconds === "at" ? unixOf(until) : `+${seconds}s` }),
      comment, author,
    });
  };
  const choose = (/** @type {(text: string) => void} */ use) => (/** @type {any} */ event) => use(event.target.value);
  return html`<${FormDialog} title=${t("Silence alerts")} action=${t("Silence")} send=${send} onClose=${onClose}>
    <p class="muted">${t("Alerts are raised and cleared as always, and nobody is told.")}</p>
    <label>${t("Of")}<select value=${target} onChange=${choose(setTarget)}>
      ${places.map((path, at) => html`<option value=${path}>${at === 0 ? sectionName(path) : t("{section} and all below", { section: sectionName(path) })}</option>`)}
      <option value="">${t("all targets")}</option></select></label>
    ${about.alert !== "" && html`<label class="check"><input type="checkbox" checked=${only}
      onChange=${(/** @type {any} */ event) => setOnly(event.target.checked)} />${t("only alert {alert}", { alert: about.alert })}</label>`}
    <label>${t("For")}<select value=${seconds} onChange=${choose(setSeconds)}>
      ${LENGTHS.map((length) => html`<option value=${String(length)}>${format.duration(length)}</option>`)}
      <option value="at">${t("until …")}</option><option value="">${t("until it is taken back")}</option></select></label>
    ${seconds === "at" && html`<label>${t("Until ({zone})", { zone: format.zone() })}
      <input type="datetime-local" required value=${until} onInput=${choose(setUntil)} /></label>`}
    <${Signature} author=${author} onAuthor=${setAuthor} comment=${comment} onComment=${setComment} user=${operator.user} />
  </${FormDialog}>`;
}

/** A time of the field, which is in the zone on the screen. @param {string} text */
function unixOf(text) {
  const utc = Date.parse(`${text}Z`) / 1000;
  if (!Number.isFinite(utc)) throw new Error(t("Say until when."));
  return utc - format.utcOffset(utc - format.utcOffset(utc));
}
