// Rankings.

import { html } from "../vendor/preact.js";


export function Charts() {
  return html`<p class="muted">…</p>`;
}
