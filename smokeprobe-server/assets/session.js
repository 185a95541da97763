// Who looks: asked once, and again when that may have changed.

import { ask, change, wantSignIn } from "./api.js";

/** @typedef {{user: string | null, role: "none" | "view" | "operate", can_sign_in: boolean, can_sign_out: boolean}} Session */

/** @type {Promise<Session> | null} */
let known = null;

/** Who one is here. @returns {Promise<Session>} */
export function session() {
  if (!known) {
    const asked = ask("session");
    known = asked;
    // What failed is asked again.
    asked.catch(() => known === asked && (known = null));
  }
  return known;
}

/** @param {string} user @param {string} password @returns {Promise<void>} */
export async function signIn(user, password) {
  known = Promise.resolve(await change("POST", "session", { user, password }));
}

/** Signs out, and begins anew: nothing stays on the screen of what only those who are signed in may see. @returns {Promise<void>} */
export async function signOut() {
  await change("DELETE", "session");
  location.reload();
}

/** Asks again: who is not signed in any more, and must be, gets the form. @returns {Promise<void>} */
export async function lookAgain() {
  known = null;
  const asked = session();
  const { role, can_sign_in } = await asked;
  // Somebody may have signed in meanwhile.
  if (known === asked && role === "none" && can_sign_in) wantSignIn();
}
