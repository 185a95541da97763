// A row of the tree.

import { html } from "../vendor/preact.js";
import * as format from "../format.js";
import { said, t } from "../i18n.js";
import { Mark, words } from "../marks.js";
import { model } from "../model.js";
import { place } from "../route.js";
import { isMeasured } from "../sections.js";
import { Rich } from "./rich.js";
import { worstOf } from "./worst.js";

/**
 * @param {{row: import("./rows.js").Row, top: number, id: string, chosen: boolean, active: boolean,
 *   onTwist: (row: import("./rows.js").Row) => void, onPress: (row: import("./rows.js").Row) => void}} props
 */
export function Row({ row, top, id, chosen, active, onTwist, onPress }) {
  const { node, open } = row;
  const { section } = node;
  const worst = worstOf(node);
  const name = html`<span class="name">${node.label}</span>`;
  const twist = (/** @type {MouseEvent} */ event) => {
    event.preventDefault();
    event.stopPropagation();
    onTwist(row);
  };
  return html`<div id=${id} role="treeitem" class=${`row${chosen ? " here" : ""}${active ? " active" : ""}${open === null ? "" : " holds"}`}
    aria-level=${node.level} aria-expanded=${open === null ? undefined : String(open)} aria-selected=${String(chosen)}
    aria-setsize=${row.size} aria-posinset=${row.position} title=${tip(node)}
    style=${{ transform: `translateY(${top}px)`, paddingLeft: `${node.level * 14 - 12}px` }} onClick=${() => onPress(row)}>
    <span class="twist" aria-hidden="true" onClick=${open === null ? undefined : twist}>${open === null ? "" : open ? "▾" : "▸"}</span>
    ${section ? html`<a href=${place({ target: section.path })} tabindex="-1">${name}</a>` : name}
    ${section?.menuextra && html`<${Rich} class="extra" text=${section.menuextra} markup=${section.html} />`}
    <${Figures} node=${node} worst=${worst} />
  </div>`;
}

/** @param {{node: import("./rows.js").Node, worst: import("../model.js").Worst | null}} props */
function Figures({ node, worst }) {
  if (!worst) return null;
  const state = model.state(worst.index);
  const median = state.loss === 1 ? null : state.median ?? anyMedian(node.section);
  return html`
    ${worst.raised > 0 && html`<span class="raised alerts" role="img" aria-label=${t("alerts raised: {n}", { n: worst.raised })} title=${words("raised")}>▲${worst.raised > 1 ? format.count(worst.raised) : ""}</span>`}
    ${worst.raised === 0 && worst.silenced > 0 && html`<span class="silenced alerts" role="img" aria-label=${words("silenced")} title=${words("silenced")}>⏸</span>`}
    ${state.loss !== null && state.loss > 0 && html`<span class=${`value ${worst.condition}`}>${share(state.loss)}</span> `}
    ${median !== null && node.section && isMeasured(node.section) && html`<span class="value">${format.rtt(median)}</span> `}
    <${Mark} sign=${worst.condition} />`;
}

/** A vantage point that is not heard of does not hide what the others see. @param {import("../model.js").Section | null} section */
function anyMedian(section) {
  const known = section?.series.find((index) => model.median[index] !== null);
  return known === undefined ? null : model.median[known];
}

/** Without a decimal that tells nothing. @param {number} share */
const share = (share) => (share >= 0.0995 ? `${Math.round(share * 100)} %` : format.percent(share));

/** @param {import("./rows.js").Node} node */
function tip({ title, section }) {
  if (!section) return title;
  const reason = section.probe === undefined ? undefined : model.outline?.probes[section.probe].reason;
  return [title, section.host, said(reason ?? "")].filter(Boolean).join("\n");
}
