// The name of a group of cards, and how all in it are.

import { html, useEffect, useState } from "../vendor/preact.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { Mark, words } from "../marks.js";
import { model } from "../model.js";
import { place } from "../route.js";
import { worstOfSection } from "../side/worst.js";

/** Said with their number, worst first. */
const TOLD = /** @type {const} */ (["lost", "loss", "unknown"]);

/** @param {{group: import("./entries.js").Group}} props */
export function GroupHead({ group }) {
  const { section, name, total, entries } = group;
  const tell = () => JSON.stringify(counts(section));
  const [, set] = useState(tell);
  // A section of the plan before does not count any more; the page of the new one is about to be drawn.
  useEffect(() => model.subscribe(() => model.section(section.path) === section && set(tell())), [section]);
  const { condition, raised, silenced, many } = counts(section);
  return html`<header class="group">
    <${Mark} sign=${condition} />
    <h2><a href=${place({ target: section.path })} title=${name}>${name}</a></h2>
    <span class="tally">
      ${raised > 0 && html`<span class="raised" title=${words("raised")}>▲ ${format.count(raised)}</span>`}
      ${raised === 0 && silenced > 0 && html`<span class="silenced alerts" title=${words("silenced")}>⏸</span>`}
      ${TOLD.map((one) => many[one] > 0 && html`<span class="many" title=${words(one)}><${Mark} sign=${one} />${format.count(many[one])}</span>`)}
    </span>
    <span class="rest muted">${entries.length < total
      ? html`<a href=${place({ target: section.path })}>${t("the worst {n} of {total}", { n: entries.length, total: format.count(total) })} ›</a>`
      : total === 0 ? t("no targets") : ""}</span>
  </header>`;
}

/** @param {import("../model.js").Section} section */
function counts(section) {
  const worst = worstOfSection(section);
  const many = { lost: 0, loss: 0, unknown: 0 };
  for (let i = section.first; i < section.end; i += 1) {
    const condition = model.condition(i);
    if ((condition === "lost" || condition === "loss" || condition === "unknown") && !model.series[i].section.hidden) many[condition] += 1;
  }
  return { condition: worst?.condition ?? null, raised: worst?.raised ?? 0, silenced: worst?.silenced ?? 0, many };
}
