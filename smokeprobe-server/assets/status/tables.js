// The probes and the agents, a line each.

import { html } from "../vendor/preact.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { Mark } from "../marks.js";
import { length } from "../alerts/words.js";

/** @typedef {import("./shapes.js").Probe} Probe @typedef {import("./shapes.js").Agent} Agent */

/** Unknown rounds that are worth a mark: one in twenty. @param {{measured: number, unknown: number}} counts */
const manyUnknown = ({ measured, unknown }) => unknown > 0 && unknown * 20 > measured + unknown;

/** @param {{measured: number, unknown: number, suspect: number}} props */
function Counts({ measured, unknown, suspect }) {
  const share = measured + unknown > 0 ? ` · ${format.percent(unknown / (measured + unknown))}` : "";
  return html`<td class="number">${format.count(measured)}</td>
    <td class=${`number ${manyUnknown({ measured, unknown }) ? "trouble" : ""}`}>${format.count(unknown)}${unknown > 0 && share}</td>
    <td class=${`number ${suspect > 0 ? "trouble" : ""}`}>${format.count(suspect)}</td>`;
}

/** @param {{probes: Probe[]}} props */
export function Probes({ probes }) {
  if (probes.length === 0) return html`<p class="empty muted">${t("No target is measured. Add one to the section Targets of the configuration.")}</p>`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t("Probes")}><table class="rows">
    <thead><tr><th scope="col">${t("Probe")}</th><th scope="col">${t("Module")}</th><th scope="col" class="number">${t("Targets")}</th><th scope="col" class="number">${t("Series")}</th>
      <th scope="col" class="number">${t("Measured")}</th><th scope="col" class="number">${t("Unknown")}</th><th scope="col" class="number">${t("Suspect")}</th></tr></thead>
    <tbody>${probes.map((probe) => html`<tr key=${probe.name}>
      <th scope="row">${probe.name}${!probe.supported && html` <span class="trouble">${t("not supported: its targets are not measured")}</span>`}</th>
      <td>${probe.module}</td><td class="number">${format.count(probe.targets)}</td><td class="number">${format.count(probe.series)}</td>
      <${Counts} ...${probe} /></tr>`)}</tbody></table></div>`;
}

/** @param {{agents: Agent[], now: number}} props */
export function Agents({ agents, now }) {
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t("Agents")}><table class="rows">
    <thead><tr><th scope="col">${t("Agent")}</th><th scope="col">${t("Location")}</th><th scope="col">${t("Last round")}</th><th scope="col" class="number">${t("Series")}</th>
      <th scope="col" class="number">${t("Measured")}</th><th scope="col" class="number">${t("Unknown")}</th><th scope="col" class="number">${t("Suspect")}</th></tr></thead>
    <tbody>${agents.map((agent) => html`<tr key=${agent.name}>
      <th scope="row"><${Mark} sign=${agent.series === 0 ? "not_measured" : agent.silent ? "lost" : "fine"} /> ${agent.display_name}
        ${agent.display_name !== agent.name && html` <span class="muted">${agent.name}</span>`}</th>
      <td>${agent.location ?? ""}</td><td class=${agent.silent ? "trouble" : ""}>${lastWords(agent, now)}</td>
      <td class="number">${format.count(agent.series)}</td><${Counts} ...${agent} /></tr>`)}</tbody></table></div>`;
}

/** @param {Agent} agent @param {number} now */
function lastWords({ last, silent, series }, now) {
  if (series === 0) return t("measures nothing");
  if (last === null) return t("none since the server's start");
  const ago = length(Math.max(now - last, 0));
  return silent ? t("silent since {time}, for {length}", { time: format.time(last), length: ago }) : t("{length} ago", { length: ago });
}
