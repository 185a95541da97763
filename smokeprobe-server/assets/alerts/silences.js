// When nobody is told: silences that people set, and maintenance windows of the configuration.

import { html, useState } from "../vendor/preact.js";
import { change, whyOf } from "../api.js";
import { t } from "../i18n.js";
import { headingOf } from "./dialog.js";
import { scope, when } from "./words.js";

/** @typedef {import("./shapes.js").Silence} Silence */

/** @param {{silences: Silence[], may: boolean, onChange: () => void}} props */
export function Silences({ silences, may, onChange }) {
  const [state, set] = useState(/** @type {{busy: string, wrong: string}} */ ({ busy: "", wrong: "" }));
  const undo = async (/** @type {string} */ id, /** @type {Event} */ { currentTarget }) => {
    const heading = headingOf(currentTarget);
    set({ busy: id, wrong: "" });
    try {
      const answer = await change("DELETE", `alerts/silences/${encodeURIComponent(id)}`);
      set({ busy: "", wrong: answer?.warning ?? "" });
      // The button goes.
      heading?.focus({ preventScroll: true });
      onChange();
    } catch (error) {
      set({ busy: "", wrong: whyOf(error) });
    }
  };
  if (silences.length === 0) return html`<p class="empty muted">${t("Nothing is silenced.")}</p>`;
  return html`${state.wrong && html`<p class="wrong" role="alert">${state.wrong}</p>`}
    <ul class="silences">${silences.map((silence) => html`<li key=${silence.id} class=${silence.active ? "active" : ""}>
      <span class=${`mark ${silence.active ? "silenced" : "waiting"}`} role="img" aria-label=${silence.active ? t("holds now") : t("does not hold now")}>${silence.active ? "⏸" : "◌"}</span>
      <div class="what"><b>${scope(silence)}</b> <span>${when(silence)}</span>${" "}
        ${silence.comment && html`<q class="comment">${silence.comment}</q>`}
        <span class="muted">${silence.maintenance ? t("maintenance window {name} of the configuration", { name: silence.id }) : silence.author}</span></div>
      ${may && !silence.maintenance && html`<button type="button" class="button" disabled=${state.busy === silence.id}
        aria-label=${t("Take back the silence of {scope}", { scope: scope(silence) })} onClick=${(/** @type {Event} */ event) => undo(silence.id, event)}>${t("Take back")}</button>`}</li>`)}
    </ul>`;
}
