// Who looks.

import { html } from "./vendor/preact.js";

/** @param {{onDone: () => void}} props */
export function SignIn({ onDone }) {
  return html`<p class="muted">…</p>`;
}
