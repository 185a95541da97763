// The server itself.

import { html } from "../vendor/preact.js";


export function Status() {
  return html`<p class="muted">…</p>`;
}
