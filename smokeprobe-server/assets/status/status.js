// The server itself: what it measures, how well, and what is in its way.

import { html } from "../vendor/preact.js";
import { ask } from "../api.js";
import * as format from "../format.js";
import { said, t } from "../i18n.js";
import { Mark } from "../marks.js";
import { useModel, useSeconds } from "../model.js";
import { place } from "../route.js";
import { useFresh } from "../alerts/data.js";
import { length } from "../alerts/words.js";
import { Agents, Probes } from "./tables.js";

/** @typedef {import("./shapes.js").Status} Status @typedef {import("../vendor/preact.js").Child} Child */

export function Status() {
  const { outline } = useModel();
  const { answer, failure } = useFresh(() => /** @type {Promise<Status>} */ (ask("status")), [outline?.plan]);
  return html`<article class="status-page">
    <h1>${t("Status")}</h1>
    ${failure && html`<p class="notice" role="alert"><b>${t("The status cannot be read; these are the last figures")}</b>${failure}</p>`}
    ${answer && html`<${Parts} status=${answer} />`}
  </article>`;
}

/** @param {{status: Status}} props */
function Parts({ status }) {
  const now = useSeconds();
  const { config, writer, alerting, rounds, answers, lateness } = status;
  const stamps = answers.kernel_stamps + answers.user_stamps;
  const all = rounds.measured + rounds.unknown;
  return html`
    <${Facts} title=${t("Server")} rows=${[
      [t("State"), status.ready ? t("measuring") : t("not measuring yet"), !status.ready],
      [t("Version"), status.version],
      [t("Running for"), `${length(Math.max(now - status.started, 0))} · ${t("since {time}", { time: format.dateTime(status.started) })}`],
      [t("Measures"), t("{targets} targets, {series} series", { targets: format.count(status.targets), series: format.count(status.series) })],
    ]} />
    <section><h2>${t("Probes")}</h2><${Probes} probes=${status.probes} /></section>
    ${status.agents.length > 0 && html`<section><h2>${t("Agents")}</h2><${Agents} agents=${status.agents} now=${now} /></section>`}
    <div class="columns">
      <${Facts} title=${t("Rounds since the start")} rows=${[
        [t("Measured"), format.count(rounds.measured)],
        [t("Unknown"), counted(rounds.unknown, all), rounds.unknown > 0 && rounds.unknown * 20 > all],
        [t("Suspect, of our own lateness"), counted(rounds.suspect, rounds.measured), rounds.suspect > 0],
        [t("Stored"), format.count(rounds.stored)],
        [t("Dropped"), format.count(rounds.dropped), rounds.dropped > 0],
      ]} />
      <${Facts} title=${t("Lateness of our own timers")} rows=${[
        [t("Half of the rounds at most"), seconds(lateness.p50)],
        [t("90 % at most"), seconds(lateness.p90)],
        [t("99 % at most"), seconds(lateness.p99), (lateness.p99 ?? 0) > 0.02],
        [t("Worst"), lateness.rounds > 0 ? seconds(lateness.max) : "–"],
      ]} />
      <${Facts} title=${t("Answers")} rows=${[
        [t("Stamped by the kernel"), stamps > 0 ? html`<${Meter} share=${answers.kernel_stamps / stamps} />` : "–"],
        [t("Stamped by us"), counted(answers.user_stamps, stamps)],
        [t("Too late, counted as lost"), format.count(answers.late)],
        [t("Duplicates"), format.count(answers.duplicates)],
        [t("Lost in our own receive buffer"), format.count(answers.receive_overflows), answers.receive_overflows > 0],
      ]} />
      <${Facts} title=${t("Disk")} rows=${[
        [t("Free"), writer.free === null ? t("unknown") : bytes(writer.free), writer.nearly_full !== null],
        [t("Nearly full"), writer.nearly_full === null ? t("no") : t("yes: soon rounds cannot be written"), writer.nearly_full !== null],
        [t("Rounds that wait to be written"), format.count(writer.queued), writer.blocked !== null],
        [t("Blocked"), said(writer.blocked ?? "") || t("no"), writer.blocked !== null],
        [t("Damaged files set aside"), writer.set_aside.length === 0 ? t("none")
          : html`<ul class="plain">${writer.set_aside.map((file) => html`<li>${file}</li>`)}</ul>`, writer.set_aside.length > 0],
      ]} />
      <${Facts} title=${html`<a href=${place({ mode: "alerts" })}>${t("Alerts")}</a>`} rows=${[
        [t("Series watched"), format.count(alerting.watched)],
        [t("Raised"), format.count(alerting.raised), alerting.raised > 0],
        [t("Messages that wait"), format.count(alerting.waiting)],
        [t("Messages given up"), format.count(alerting.dead), alerting.dead > 0],
        alerting.catching_up > 0 && [t("Series still being judged after the start"), format.count(alerting.catching_up)],
        [t("Rounds not judged"), format.count(alerting.rounds_dropped), alerting.rounds_dropped > 0],
        [t("State on disk"), said(alerting.blocked ?? "") || t("written"), alerting.blocked !== null],
        alerting.set_aside && [t("Damaged state"), said(alerting.set_aside), true],
      ]} />
    </div>
    <section><h2>${t("Configuration")}</h2>
      <dl class="facts-list">
        <dt>${t("Last read")}</dt><dd>${format.dateTime(config.read)} <span class="muted">· ${t("{length} ago", { length: length(Math.max(now - config.read, 0)) })}</span></dd>
        <dt>${t("Result")}</dt><dd class=${config.error ? "trouble" : ""}>${config.error ? html`<${Mark} sign="lost" /> ${t("has errors: the one before goes on running")}`
          : html`<${Mark} sign="fine" /> ${config.warnings ? t("runs, with warnings") : t("runs")}`}</dd>
        <dt>${t("Files")}</dt><dd><ul class="plain">${config.files.map((file) => html`<li><code>${file}</code></li>`)}</ul></dd>
      </dl>
      ${config.error && html`<h3>${t("Errors")}</h3><${Diagnostics} text=${config.error} name=${t("Errors")} />`}
      ${config.warnings && html`<h3>${t("Warnings")}</h3><${Diagnostics} text=${config.warnings} name=${t("Warnings")} />`}
    </section>`;
}

/** What is said of the configuration, with its places, as `check` prints it. @param {{text: string, name: string}} props */
function Diagnostics({ text, name }) {
  return html`<pre tabindex="0" role="region" aria-label=${name}>${text.trimEnd()}</pre>`;
}

/** Names and values; those in trouble are marked. @param {{title: Child, rows: (false | null | "" | [string, Child, boolean?])[]}} props */
function Facts({ title, rows }) {
  return html`<section><h2>${title}</h2><dl class="facts-list">${rows.map((row) => row && html`<dt>${row[0]}</dt>
    <dd class=${row[2] ? "trouble" : ""}>${row[2] && html`<span class="mark" role="img" aria-label=${t("trouble")}>▲</span> `}${row[1]}</dd>`)}</dl></section>`;
}

/** @param {{share: number}} props */
function Meter({ share }) {
  return html`<span style=${{ whiteSpace: "nowrap" }}><span class="meter" aria-hidden="true"><span style=${{ width: `${share * 100}%` }}></span></span>${format.percent(share)}</span>`;
}

/** @param {number} count @param {number} of */
const counted = (count, of) => (of > 0 ? `${format.count(count)} · ${format.percent(count / of)}` : format.count(count));

/** @param {number | null | undefined} value */
const seconds = (value) => (value === null || value === undefined ? "–" : format.rtt(value));

/** @param {number} count */
function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), units.length - 1);
  const value = count / 1000 ** at;
  return `${value < 10 && at > 0 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}
