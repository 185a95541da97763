// Text of the configuration. It is text, unless the configuration allows markup: the server has cleaned that.

import { html, useLayoutEffect, useRef } from "../vendor/preact.js";

/** @param {{text: string, markup?: boolean, class?: string, as?: string}} props */
export function Rich({ text, markup = false, class: name, as = "span" }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    if (markup && place.current) place.current.innerHTML = text;
  }, [text, markup]);
  // Another element for the other kind: what one has put into it, the other would not take away.
  return html`<${as} key=${String(markup)} ref=${place} class=${name}>${markup ? null : text}</${as}>`;
}

/** What a section is called, and what is remarked of it; where it is, is said in the bar. @param {{section: import("../model.js").Section}} props */
export function Heading({ section }) {
  return html`<${Rich} as="h1" text=${section.title} markup=${section.html} />
    ${section.remark && html`<${Rich} as="p" class="remark" text=${section.remark} markup=${section.html} />`}`;
}

/** Without markup, where only text can stand. @param {string} text @param {boolean} [markup] */
export function plain(text, markup = false) {
  if (!markup || !/[<&]/.test(text)) return text;
  return new DOMParser().parseFromString(text, "text/html").body.textContent ?? "";
}
