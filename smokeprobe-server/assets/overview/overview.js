// A section: a small graph for each child.

import { html } from "../vendor/preact.js";
import { place } from "../route.js";
import { useModel } from "../model.js";

/** @param {{section: import("../model.js").Section, own: boolean}} props own: its own graphs are above */
export function Overview({ section, own }) {
  useModel();
  const children = section.children.filter((child) => !child.hidden);
  return html`${!own && html`<h1>${section.title}</h1>`}
    <ul>${children.map((child) => html`<li><a href=${place({ target: child.path })}>${child.title}</a></li>`)}</ul>`;
}
