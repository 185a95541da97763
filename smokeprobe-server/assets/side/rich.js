// Text of the configuration. It is text, unless the configuration allows markup: the server has cleaned that.

import { html, useLayoutEffect, useRef } from "../vendor/preact.js";

/** @param {{text: string, markup?: boolean, class?: string, as?: string}} props */
export function Rich({ text, markup = false, class: name, as = "span" }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    if (!place.current) return;
    if (markup) place.current.innerHTML = text;
    else place.current.textContent = text;
  }, [text, markup]);
  return html`<${as} ref=${place} class=${name} />`;
}

/** Without markup, where only text can stand. @param {string} text @param {boolean} [markup] */
export function plain(text, markup = false) {
  if (!markup || !/[<&]/.test(text)) return text;
  return new DOMParser().parseFromString(text, "text/html").body.textContent ?? "";
}
