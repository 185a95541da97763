// Alerts: what stands, what was, who was told.

import { html } from "../vendor/preact.js";


export function Alerts() {
  return html`<p class="muted">…</p>`;
}
