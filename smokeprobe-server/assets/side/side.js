// The tree at the left.

import { html } from "../vendor/preact.js";
import { t } from "../i18n.js";
import { Mark, brief, signOf } from "../marks.js";
import { model, useModel } from "../model.js";
import { place, useRoute } from "../route.js";

export function Side() {
  useModel();
  useRoute();
  return html`<nav id="side" aria-label=${t("Targets")}><ul id="tree">${model.root?.children.map((child) => html`<${Row} section=${child} />`)}</ul></nav>`;
}

/** @param {{section: import("../model.js").Section}} props */
function Row({ section }) {
  const worst = model.worst(section);
  return html`<li><div class="row"><a href=${place({ target: section.path })}><${Mark} sign=${signOf(worst)} /><span class="name">${section.menu}</span>
    <span class="value">${worst && brief(model.state(worst.index))}</span></a></div>
    <ul>${section.children.map((child) => html`<${Row} section=${child} />`)}</ul></li>`;
}
