// Heat maps.

import { html } from "../vendor/preact.js";

/** @param {{section: import("../model.js").Section}} props */
export function Heat({ section }) {
  return html`<p class="muted">…</p>`;
}
