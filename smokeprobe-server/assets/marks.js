// Marks and words of states: a colour and a shape of its own for each.

import { html } from "./vendor/preact.js";
import * as format from "./format.js";
import { t } from "./i18n.js";

/** @typedef {import("./model.js").Condition | "raised" | "silenced"} Sign */

/** @type {Record<Sign, string>} */
const SHAPES = {
  not_measured: "–", fine: "●", waiting: "◌", unknown: "◌", loss: "◆", lost: "■", raised: "▲", silenced: "⏸",
};

/** @type {Record<Sign, string>} */
const WORDS = {
  not_measured: "not measured", fine: "fine", waiting: "waiting for the first round", unknown: "unknown",
  loss: "some loss", lost: "all lost", raised: "alert raised", silenced: "alert silenced",
};

/** A sign in words. @param {Sign} sign */
export const words = (sign) => t(WORDS[sign]);

/** A state's mark, with its words for those who do not see it. @param {{sign: Sign | null}} props */
export function Mark({ sign }) {
  if (!sign) return html`<span class="mark"></span>`;
  return html`<span class=${`mark ${sign}`} role="img" aria-label=${words(sign)} title=${words(sign)}>${SHAPES[sign]}</span>`;
}

/** Median, and loss when there is any. @param {import("./model.js").State} state */
export function brief(state) {
  if (state.condition === "waiting") return t("waiting");
  if (state.condition === "unknown") return t("unknown");
  if (state.condition === "not_measured") return "";
  const loss = state.loss ? format.percent(state.loss) : "";
  if (state.median === null) return loss;
  return loss ? `${format.rtt(state.median)} · ${loss}` : format.rtt(state.median);
}
