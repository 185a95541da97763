// Any series, one over another, as the viewer ticks them.

import { html, useMemo, useState } from "../vendor/preact.js";
import { RangeControl } from "../detail/range.js";
import { Swatch } from "../detail/statistics.js";
import { t } from "../i18n.js";
import { Mark, brief } from "../marks.js";
import { model, useModel } from "../model.js";
import { go, useRoute } from "../route.js";
import { plain } from "../side/rich.js";
import { Overlays, linesOf } from "./lines.js";

/** Lines at most: more cannot be told apart. */
const MOST = 12;

/** Series that the picker offers at once. */
const OFFERED = 40;

export function Compare() {
  const { outline } = useModel();
  const route = useRoute();
  const chosen = route.compare.slice(0, MOST);
  const lines = linesOf(chosen);
  const gone = chosen.filter((id) => !model.indices.has(id));
  const ranges = outline?.detail.ranges ?? [];
  const toggle = (/** @type {string} */ id) =>
    go({ compare: chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id] });
  return html`<div class="pictures">
    <div class="page-head">
      <h1>${t("Compare")}</h1>
      ${lines.length > 0 && html`<${RangeControl} ranges=${ranges} />`}
    </div>
    <ul class="compared" aria-label=${t("Compared")}>
      ${lines.map(({ id, name, color }) => html`<li key=${id}>
        <${Swatch} color=${color} />${name}
        <span class="muted">${brief(model.state(model.indices.get(id) ?? -1))}</span>
        <button type="button" class="button" aria-label=${t("Remove {name}", { name })} onClick=${() => toggle(id)}>×</button></li>`)}
      ${gone.map((id) => html`<li key=${id} class="muted">${t("There is no target {path}", { path: id })}
        <button type="button" class="button" aria-label=${t("Remove {name}", { name: id })} onClick=${() => toggle(id)}>×</button></li>`)}
    </ul>
    <${Picker} chosen=${chosen} onToggle=${toggle} open=${lines.length < 2} />
    <${Overlays} lines=${lines} route=${route} ranges=${ranges} /></div>`;
}

/** @param {{chosen: string[], onToggle: (id: string) => void, open: boolean}} props */
function Picker({ chosen, onToggle, open }) {
  const { series } = useModel();
  const [text, setText] = useState("");
  // Decided once: it must not shut while one ticks.
  const [shown, show] = useState(open);
  const found = useMemo(() => matching(series, text), [series, text]);
  const full = chosen.length >= MOST;
  return html`<details class="compare-picker" open=${shown} onToggle=${(/** @type {Event} */ { target }) => target instanceof HTMLDetailsElement && show(target.open)}>
    <summary>${t("Add targets and vantage points")}</summary>
    <input type="search" value=${text} placeholder=${t("Menu, title or host")} aria-label=${t("Find a target")}
      onInput=${(/** @type {InputEvent} */ { target }) => target instanceof HTMLInputElement && setText(target.value)} />
    ${full && html`<p class="muted">${t("{n} lines at most: more cannot be told apart.", { n: MOST })}</p>`}
    <ul>${found.slice(0, OFFERED).map(({ id, section, slave }) => html`<li key=${id}><label>
      <input type="checkbox" checked=${chosen.includes(id)} disabled=${full && !chosen.includes(id)} onChange=${() => onToggle(id)} />
      <${Mark} sign=${model.condition(model.indices.get(id) ?? -1)} />
      <span class="name">${plain(section.title, section.html)}</span>
      <span class="muted">${section.series.length > 1 ? model.vantageName(slave) : (section.host ?? "")}</span></label></li>`)}</ul>
    ${found.length > OFFERED && html`<p class="muted">${t("{n} more; write more of the name", { n: found.length - OFFERED })}</p>`}
    ${found.length === 0 && html`<p class="muted">${t("Nothing has this in its name.")}</p>`}
  </details>`;
}

/** @param {import("../model.js").Series[]} series @param {string} text */
function matching(series, text) {
  const wanted = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return series.filter(({ id, section, slave }) => {
    if (section.hidden) return false;
    const words = [id, section.menu, plain(section.title, section.html), section.host ?? "", model.vantageName(slave)].join("\n").toLowerCase();
    return wanted.every((word) => words.includes(word));
  });
}
