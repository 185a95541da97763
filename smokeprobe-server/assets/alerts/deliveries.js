// Who was told what, and what came of it.

import { html, useState } from "../vendor/preact.js";
import { change, whyOf } from "../api.js";
import { said, t } from "../i18n.js";
import { headingOf } from "./dialog.js";
import { moment, nameOf } from "./words.js";

/** @typedef {import("./shapes.js").Delivery} Delivery @typedef {import("./shapes.js").Message} Message */

/** So many are shown at first. */
const FIRST = 20;

/** `A.B someloss raised` in words. The name of an alert may have blanks. @param {string} told */
function toldWords(told) {
  const [, series, alert, what] = /^(\S+) (.*) (\S+)$/.exec(told) ?? [];
  if (!series) return told;
  const words = { raised: t("raised"), active: t("active"), cleared: t("cleared") };
  return `${nameOf(series)}: ${alert} ${words[/** @type {keyof typeof words} */ (what)] ?? what}`;
}

/** How a try ended. @param {{delivery: Delivery}} props */
function Outcome({ delivery: { outcome, number } }) {
  const [sign, shape, words] = {
    delivered: ["fine", "●", t("delivered")],
    retried: ["loss", "◆", t("failed, is tried again")],
    given_up: ["lost", "■", t("given up")],
  }[outcome] ?? ["unknown", "◌", outcome];
  return html`<span class=${sign} aria-hidden="true">${shape}</span> ${words}${number > 1 && html`<span class="muted"> · ${t("try {n}", { n: number })}</span>`}`;
}

/** @param {{deliveries: Delivery[], short?: boolean}} props short: what was told is known */
export function DeliveryTable({ deliveries, short = false }) {
  const [all, showAll] = useState(false);
  if (deliveries.length === 0) return html`<p class="empty muted">${t("Nobody was told.")}</p>`;
  const shown = all ? deliveries : deliveries.slice(0, FIRST);
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t("Deliveries")}><table class="rows deliveries">
    <thead><tr><th scope="col">${t("Time")}</th><th scope="col">${t("To")}</th><th scope="col">${t("What")}</th>
      <th scope="col">${t("Outcome")}</th><th scope="col">${t("Answer")}</th></tr></thead>
    <tbody>${shown.map((delivery) => html`<tr key=${delivery.id}>
      <td data-label=${t("Time")} class="time">${moment(delivery.time)}</td>
      <td data-label=${t("To")} class="long">${delivery.recipient}</td>
      <td data-label=${t("What")}>${(short ? delivery.told.slice(0, 1) : delivery.told.slice(0, 3)).map((told) => html`<div>${toldWords(told)}</div>`)}
        ${delivery.told.length > 3 && html`<div class="muted">${t("and {n} more", { n: delivery.told.length - 3 })}</div>`}</td>
      <td data-label=${t("Outcome")}><${Outcome} delivery=${delivery} /></td>
      <td data-label=${t("Answer")} class="long">${said(delivery.note)}</td></tr>`)}</tbody>
  </table></div>
  ${deliveries.length > shown.length && html`<p><button type="button" class="button" onClick=${() => showAll(true)}>${t("Show {n} more", { n: deliveries.length - shown.length })}</button></p>`}`;
}

/** Messages that were given up. @param {{letters: Message[], may: boolean, onChange: () => void}} props */
export function DeadLetters({ letters, may, onChange }) {
  const [state, set] = useState(/** @type {{busy: number | null, wrong: string}} */ ({ busy: null, wrong: "" }));
  const order = async (/** @type {number} */ id, /** @type {"retry" | "dismiss"} */ what, /** @type {Event} */ { currentTarget }) => {
    const heading = headingOf(currentTarget);
    set({ busy: id, wrong: "" });
    try {
      const answer = await change("POST", `alerts/messages/${id}/${what}`, {});
      set({ busy: null, wrong: answer?.warning ?? "" });
      heading?.focus({ preventScroll: true });
      onChange();
    } catch (error) {
      set({ busy: null, wrong: whyOf(error) });
    }
  };
  return html`<h3>${t("Given up")}</h3>
    ${state.wrong && html`<p class="wrong" role="alert">${state.wrong}</p>`}
    <ul class="letters">${letters.map(({ id, recipient, created, dead, attempts, tells, events }) => html`<li key=${id}>
      <div class="letter"><b>${recipient}</b> <span class="muted">${moment(created)} · ${attempts === 1 ? t("tried once") : t("{n} tries", { n: attempts })}</span>
        <div>${tells.slice(0, 3).map((event) => html`<div>${toldWords(`${event.series} ${event.alert} ${event.what}`)}</div>`)}
          ${events > 3 && html`<div class="muted">${t("and {n} more", { n: events - 3 })}</div>`}</div>
        <div class="why">${said(dead ?? "")}</div></div>
      ${may && html`<div class="does">
        <button type="button" class="button" disabled=${state.busy === id} onClick=${(/** @type {Event} */ event) => order(id, "retry", event)}>${t("Try again")}</button>
        <button type="button" class="button" disabled=${state.busy === id} onClick=${(/** @type {Event} */ event) => order(id, "dismiss", event)}>${t("Dismiss")}</button></div>`}</li>`)}
    </ul>`;
}
