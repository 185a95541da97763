// Any series, one over another.

import { html } from "../vendor/preact.js";


export function Compare() {
  return html`<p class="muted">…</p>`;
}
