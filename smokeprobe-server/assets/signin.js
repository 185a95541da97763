// The form to sign in, which the page shows by itself when the server wants to know who looks.

import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { whyOf } from "./api.js";
import { t } from "./i18n.js";
import { embedded, place, useRoute } from "./route.js";
import { session, signIn } from "./session.js";

/** Calls `onDone` once somebody is signed in, or goes on without. @param {{onDone: () => void}} props */
export function SignIn({ onDone }) {
  const route = useRoute();
  const [who, setWho] = useState(/** @type {import("./session.js").Session | null} */ (null));
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const name = useRef(/** @type {HTMLInputElement | null} */ (null));
  const password = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    name.current?.focus();
    // Only for the way back; the form serves without it.
    session().then(setWho, () => {});
  }, []);

  // The server takes no password from a frame: whoever types one must see whose page it is.
  if (embedded) {
    return html`<div class="signin">
      <p>${t("Who may see this must sign in.")}</p>
      <p><a href=${place({ target: route.target }).replace(/^[^?]*/, "./")} target="_blank" rel="noopener">${t("Open the page to sign in")}</a></p>
    </div>`;
  }

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy || !name.current || !password.current) return;
    setBusy(true);
    setFailure("");
    try {
      await signIn(name.current.value.trim(), password.current.value);
      onDone();
    } catch (error) {
      setBusy(false);
      setFailure(whyOf(error));
      password.current.select();
      password.current.focus();
    }
  };

  return html`<form class="signin" onSubmit=${submit} aria-labelledby="signin-title" aria-busy=${String(busy)}>
    <p class="brand">smokeprobe</p>
    <h1 id="signin-title">${t("Sign in")}</h1>
    <label>
      <span>${t("Name")}</span>
      <input ref=${name} name="username" type="text" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck=${false} required maxlength="64" />
    </label>
    <label>
      <span>${t("Password")}</span>
      <input ref=${password} name="password" type="password" autocomplete="current-password" required maxlength="1024"
        aria-invalid=${failure ? "true" : undefined} aria-describedby="signin-failure" />
    </label>
    <p id="signin-failure" class="failure" role="alert">${failure}</p>
    <div class="actions">
      <button type="submit" disabled=${busy}>${busy ? t("Signing in …") : t("Sign in")}</button>
      ${who && who.role !== "none" && html`<button type="button" class="quiet" onClick=${onDone}>${t("Look without signing in")}</button>`}
    </div>
  </form>`;
}
