// What was measured at the time that the cross-hair points at.

import { html } from "../vendor/preact.js";
import { answers, endOf, rowAt } from "../chart/frame.js";
import * as format from "../format.js";
import { said, t } from "../i18n.js";
import { Swatch } from "./statistics.js";

/** @typedef {import("../chart/frame.js").Frame} Frame @typedef {import("../api.js").Round} Round */
/**
 * A row of a chart with what is known of its round.
 * @typedef {{from: number, to: number, median: number | null, rtts: number[], loss: number | null, pings: number, suspect: boolean, measured: boolean,
 *   round: Round | null}} Sample
 */

/** @param {Frame} frame @param {number} time @param {import("./rounds.js").Known | undefined} known @returns {Sample | null} */
export function sampleAt(frame, time, known) {
  const row = rowAt(frame, time);
  if (row === null) return null;
  const to = endOf(frame, row);
  const [median, loss] = [frame.median[row], frame.loss[row]];
  const round = known?.rounds.get(to);
  // Rows of an archive cover several rounds: none of them is this row.
  const fits = round && round.pings === frame.pings && (round.end - round.time < frame.step * 1.5 || frame.step <= 300);
  const rtts = answers(frame, row);
  return {
    from: to - frame.step, to, median: Number.isFinite(median) ? median : null, loss: Number.isFinite(loss) ? loss : null, rtts,
    pings: frame.pings, suspect: frame.suspect.includes(row), measured: Number.isFinite(median) || Number.isFinite(loss),
    round: fits && Math.abs(known ? nearestStep(known, to) - frame.step : 1) < 1 ? round : null,
  };
}

/** Seconds between a round and the one before it; of the first, nothing is known. @param {import("./rounds.js").Known} known @param {number} end */
function nearestStep(known, end) {
  let before = -Infinity;
  let after = Infinity;
  for (const other of known.rounds.keys()) {
    if (other < end && other > before) before = other;
    if (other > end && other < after) after = other;
  }
  return Math.min(end - before, after - end);
}

/** Time, median, spread, loss: in a word. @param {Sample} sample */
export function brief(sample) {
  const parts = [];
  if (sample.median !== null) parts.push(format.rtt(sample.median));
  if (sample.loss !== null && (sample.loss > 0 || sample.median === null)) parts.push(t("loss {n}", { n: lossText(sample) }));
  if (!sample.measured) parts.push(t("unknown"));
  return parts.join(" · ");
}

/** @param {Sample} sample */
function lossText({ loss, pings }) {
  if (loss === null) return "–";
  const lost = Math.abs(loss - Math.round(loss)) < 0.005 ? String(Math.round(loss)) : loss.toFixed(2);
  return `${lost}/${pings}`;
}

/** The whole of it, for a voice. @param {Sample} sample @param {string} vantage */
export function spoken(sample, vantage) {
  const spread = sample.rtts.length ? t("from {min} to {max}", { min: format.rtt(sample.rtts[0]), max: format.rtt(sample.rtts[sample.rtts.length - 1]) }) : "";
  return [format.time(sample.to), vantage, brief(sample), spread, sample.suspect ? t("suspect") : ""].filter(Boolean).join(", ");
}

/** @param {{sample: Sample, vantage: string}} props */
export function Readout({ sample, vantage }) {
  const { rtts, round, median } = sample;
  return html`<div class="reading">
    <span class="when">${format.dateTime(sample.to, sample.to % 60 !== 0)}</span>
    ${median !== null && html`<span><b>${format.rtt(median)}</b> ${t("median")}</span>`}
    ${rtts.length > 0 && html`<span class="spread">${format.rtt(rtts[0])}<${Strip} rtts=${rtts} median=${median} />${format.rtt(rtts[rtts.length - 1])}</span>`}
    ${sample.loss !== null && html`<span class=${sample.loss > 0 ? "lossy" : ""}><b>${lossText(sample)}</b> ${t("lost")}</span>`}
    ${!sample.measured && html`<span class="muted">${t("unknown")}${round?.reason ? `: ${said(round.reason)}` : ""}</span>`}
    ${sample.suspect && html`<span class="suspect">${t("suspect: our own machine was late")}</span>`}
    <span class="muted">${vantage}</span>
    <span class="muted">${about(round)}</span></div>`;
}

/** How it was measured. @param {Round | null} round */
function about(round) {
  if (!round) return t("details of this round are not kept");
  const parts = [];
  if (round.address) parts.push(round.stale_address ? t("{address} (the name did not resolve)", { address: round.address }) : round.address);
  const { quality } = round;
  if (quality) {
    const { kernel_stamps: kernel, user_stamps: user } = quality;
    if (kernel && user) parts.push(t("{kernel} stamped by the kernel, {user} by the program", { kernel, user }));
    else if (kernel) parts.push(t("stamped by the kernel"));
    else if (user) parts.push(t("stamped by the program"));
    if (quality.late_answers) parts.push(t("{n} late", { n: quality.late_answers }));
    if (quality.duplicates) parts.push(t("{n} twice", { n: quality.duplicates }));
    if (quality.receive_overflows) parts.push(t("{n} receive overflows", { n: quality.receive_overflows }));
  }
  if (round.note) parts.push(round.note);
  return parts.join(" · ");
}

/** Every answer as a dot, from the lowest to the highest. @param {{rtts: number[], median: number | null}} props */
function Strip({ rtts, median }) {
  const [low, high] = [rtts[0], rtts[rtts.length - 1]];
  const at = (/** @type {number} */ rtt) => (high > low ? 5 + 110 * (rtt - low) / (high - low) : 60);
  return html`<svg class="answers" viewBox="0 0 120 14" width="120" height="14" aria-hidden="true">
    <line x1="5" x2="115" y1="7" y2="7" />
    ${rtts.map((rtt, i) => html`<circle key=${i} cx=${at(rtt).toFixed(1)} cy="7" r="3" />`)}
    ${median !== null && median >= low && median <= high && html`<line class="middle" x1=${at(median).toFixed(1)} x2=${at(median).toFixed(1)} y1="1" y2="13" />`}</svg>`;
}

/** Several series at a time. @param {{samples: {name: string, color: string, sample: Sample | null}[], time: number}} props */
export function Readouts({ samples, time }) {
  return html`<div class="reading of-many"><span class="when">${format.dateTime(time, false)}</span>
    ${samples.map(({ name, color, sample }) => html`<span key=${name}><${Swatch} color=${color} />${name} <b>${sample ? brief(sample) : "–"}</b></span>`)}</div>`;
}
