// A dialog: modal, closed by Escape, and the focus goes back to where it came from.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { whyOf } from "../api.js";
import { t } from "../i18n.js";

/** @typedef {import("../vendor/preact.js").Child} Child */

/** @param {{title: string, onClose: () => void, wide?: boolean, children?: Child}} props */
export function Dialog({ title, onClose, wide = false, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const gone = useRef(false);
  useEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    // Where there is something to fill in, one begins with it.
    /** @type {HTMLElement | null | undefined} */ (element?.querySelector("form :is(select, textarea, input)"))?.focus();
    return () => {
      // As long as it is open, nothing else takes the focus.
      gone.current = true;
      element?.close();
      // What was pressed may have been drawn anew since.
      const back = before instanceof HTMLElement && before.isConnected ? before : document.getElementById("main");
      back?.focus();
    };
  }, []);
  const outside = (/** @type {MouseEvent} */ event) => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} class=${`dialog ${wide ? "wide" : ""}`} aria-labelledby="dialog-title" onClose=${() => gone.current || onClose()} onMouseDown=${outside}>
    <div class="sheet">
      <div class="top"><h2 id="dialog-title" tabindex="-1">${title}</h2>
        <button type="button" class="close" aria-label=${t("Close")} onClick=${onClose}>✕</button></div>
      ${children}
    </div>
  </dialog>`;
}

/** Where the focus goes when what was pressed is there no more. @param {EventTarget | null} pressed @returns {HTMLElement | null} */
export function headingOf(pressed) {
  return pressed instanceof Element ? pressed.closest("section, .sheet")?.querySelector("h2") ?? null : null;
}

/**
 * A form in a dialog. Whatever the server says against it stands above the buttons.
 * @param {{title: string, action: string, send: () => Promise<{warning?: string} | null>, onClose: (done: boolean) => void, children?: Child}} props
 */
export function FormDialog({ title, action, send, onClose, children }) {
  const [state, set] = useState(/** @type {{busy: boolean, wrong: string, warning: string}} */ ({ busy: false, wrong: "", warning: "" }));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (state.busy) return;
    set({ busy: true, wrong: "", warning: "" });
    try {
      const answer = await send();
      if (!answer?.warning) return onClose(true);
      set({ busy: false, wrong: "", warning: answer.warning });
    } catch (error) {
      set({ busy: false, wrong: whyOf(error), warning: "" });
    }
  };
  const done = state.warning !== "";
  return html`<${Dialog} title=${title} onClose=${() => onClose(done)}>
    <form onSubmit=${submit} aria-busy=${state.busy ? "true" : undefined}>
      ${!done && children}
      ${state.wrong && html`<p class="wrong" role="alert">${state.wrong}</p>`}
      ${done && html`<p class="notice" role="alert"><b>${t("It is in force, and cannot be written")}</b>${state.warning}</p>`}
      <div class="buttons">
        ${!done && html`<button type="submit" class="button chief" disabled=${state.busy}>${action}</button>`}
        <button type="button" class="button" onClick=${() => onClose(done)}>${done ? t("Close") : t("Cancel")}</button>
      </div>
    </form>
  </${Dialog}>`;
}
