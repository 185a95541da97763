// What a target is, and how it is now.

import { html } from "../vendor/preact.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { Mark } from "../marks.js";
import { model } from "../model.js";
import { href, place, route } from "../route.js";
import { around, useLast } from "./nearest.js";
import { Waiting, bare } from "./nodata.js";
import { Swatch } from "./statistics.js";

/** @typedef {import("./panel.js").Member} Member @typedef {import("../api.js").SeriesState} SeriesState */

/** What is shown of a series that fell silent: so much of the time around its last round. */
const SILENT_SECONDS = 10800;

/**
 * How each shown series is.
 * @param {{members: Member[], known: (id: string) => import("./rounds.js").Known | undefined, standing: import("./alerts.js").Standing[],
 *   summaries: Map<string, import("../chart/stats.js").Summary>, range: string, linked: boolean}} props
 * linked: the members are other targets
 */
export function Facts({ members, known, standing, summaries, range, linked }) {
  const many = members.length > 1;
  return html`<div class=${`shown-state ${many ? "many" : ""}`}>${members.map((member) => {
    const state = known(member.id)?.state ?? null;
    const mine = standing.filter(({ series }) => series === member.id);
    const loss = summaries.get(member.id)?.loss;
    return html`<div class="facts" key=${member.id} data-series=${member.id}>
      ${many && html`<span class="who">${member.color && html`<${Swatch} color=${member.color} />`}${linked
        ? html`<a href=${place({ target: member.id.split("~")[0] })}>${member.name}</a>` : member.name}</span>`}
      <${Now} member=${member} state=${state} />
      ${loss && html`<span title=${range}><b>${format.percent(1 - loss.avg)}</b> <span class="muted">${t("answered in range")}</span></span>`}
      ${mine.map(({ alert, since }) => html`<a class="raised" key=${alert} href=${place({ mode: "alerts", target: member.id.split("~")[0], alert })}>▲ ${t("{alert} since {time}", { alert, time: format.time(since) })}</a>`)}
      <${Reasons} member=${member} state=${state} />
      ${!many && html`<${About} member=${member} state=${state} />`}</div>`;
  })}
  ${many && !linked && html`<div class="facts"><${About} member=${members[0]} state=${null} /></div>`}</div>`;
}

/** Median, loss and jitter of the last round. @param {{member: Member, state: SeriesState | null}} props */
function Now({ member, state }) {
  const { condition, loss, median: rounded, time, raised, silenced } = model.state(member.index);
  // The states of all series come with four digits; of those shown here the whole number is known.
  const median = rounded !== null && state?.last?.median && Math.abs(state.last.time - (time ?? 0)) < 2 ? state.last.median : rounded;
  const sign = raised.length ? (silenced ? "silenced" : "raised") : condition;
  const jitter = state?.last?.deviation;
  const { last, silent } = useSilence(member.id, condition, state);
  return html`<span class="sign"><${Mark} sign=${sign} /></span>
    ${condition === "waiting" && !silent && last !== undefined && html`<span class="muted"><${Waiting} until=${state?.waiting_until ?? null} /></span>`}
    ${condition === "unknown" && html`<span><b>${t("unknown")}</b></span>`}
    ${condition === "not_measured" && html`<span><b>${t("not measured")}</b></span>`}
    ${condition === "lost" && html`<span class="lost"><b>${t("all lost")}</b></span>`}
    ${median !== null && condition !== "lost" && html`<span><b>${format.rtt(median)}</b> <span class="muted">${t("now")}</span></span>`}
    ${loss !== null && condition !== "lost" && html`<span class=${loss > 0 ? "loss" : ""}><span class="muted">${t("loss")}</span> <b>${format.percent(loss)}</b></span>`}
    ${typeof jitter === "number" && (condition === "fine" || condition === "loss") && html`<span title=${t("standard deviation of the answers of the last round")}>
      <span class="muted">${t("jitter")}</span> <b>${format.rtt(jitter)}</b></span>`}`;
}

/** Why it is not as it should be. @param {{member: Member, state: SeriesState | null}} props */
function Reasons({ member, state }) {
  const { condition, time } = model.state(member.index);
  // Another plan may have fewer series, and this be drawn once more before the page of it is.
  const section = model.series[member.index]?.section;
  const probe = model.outline?.probes[section?.probe ?? -1];
  const reasons = [];
  if (condition === "unknown" || condition === "not_measured") reasons.push(bare(state?.reason ?? (condition === "not_measured" ? probe?.reason : undefined)));
  if (state?.last?.stale_address) reasons.push(t("the name did not resolve; the last good address is measured"));
  if (state?.last?.quality?.suspect) reasons.push(t("the last round is suspect: our own machine was late"));
  // Two rounds and a bit without a word.
  const late = probe && time !== null && model.now() - time > 3 * probe.step + 60 && condition !== "waiting" && model.connected;
  const { last } = useSilence(member.id, condition, state);
  const since = late ? time : last?.time;
  const given = reasons.filter(Boolean);
  if (!given.length && !since) return null;
  return html`<span class="reason">${given.join(" · ")}${since && html`${given.length > 0 && " · "}<a href=${href({ ...route(), ...around({ time: since, before: true }, SILENT_SECONDS) })}>
    ${t("nothing has come since {time}", { time: format.dateTime(since, false) })}</a>`}</span>`;
}

/**
 * Of a series that waits for its first round: when it had its last one, in the time before; undefined while that is not known.
 * `silent`: it had one, and when the next is due is not known.
 * @param {string} id @param {string} condition @param {SeriesState | null} state
 */
function useSilence(id, condition, state) {
  const last = useLast(id, condition === "waiting");
  return { last, silent: Boolean(last) && !state?.waiting_until };
}

/** What is measured, and how. @param {{member: Member, state: SeriesState | null}} props */
function About({ member, state }) {
  const section = model.series[member.index]?.section;
  if (!section) return null;
  const probe = model.outline?.probes[section.probe ?? -1];
  const parts = [];
  const address = state?.last?.address;
  if (section.host && address && address !== section.host) parts.push(`${section.host} (${address})`);
  else if (section.host) parts.push(section.host);
  if (probe) parts.push(probe.supported ? measures(probe) : probe.name);
  if (state?.last?.note) parts.push(state.last.note);
  const expires = state?.last?.certificate_expires;
  if (expires) parts.push(t("certificate expires {time}", { time: format.dateTime(expires, false) }));
  return html`<span class="about muted">${parts.join(" · ")}</span>`;
}

/** `20 ICMP Echo Pings (56 Bytes) every 300 s`, in the viewer's language. @param {import("../api.js").Probe} probe */
function measures({ measures, pings, step }) {
  const what = measures.replace(/^\d+ /, "").replace(/ every \d+ s$/, "");
  return t("{pings} {what} every {step} s", { pings, what, step });
}
