// What an alert, or a rule that somebody tries, would have said over the range that a graph shows.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { Refused, ask, whyOf } from "../api.js";
import * as format from "../format.js";
import { said, t } from "../i18n.js";
import { model } from "../model.js";
import { go, route } from "../route.js";
import { length, moment } from "./words.js";

/** @typedef {{from: number, to: number | null, alert: string}} Span */
/** @typedef {{time: number, since: number, what: "raised" | "cleared", told: boolean, reason: string}} ReplayEvent */
/** @typedef {{series: string, alert?: string, type: string, rule: string, semantics: string, from: number, to: number, rounds: number, raised_share: number | null,
 *   figures: {firings: number, longest: number | null, flaps: number, notifications: number, notifications_a_week: number},
 *   events: ReplayEvent[], spans: {from: number, to: number | null}[], truncated: boolean}} Answer */
/** @typedef {{alert: string} | {type: string, rule: string, semantics: string}} Wish */

const TYPES = ["loss", "rtt", "matcher", "jitter", "nodata", "baseline"];

/** What a rule of each type looks like. @type {Record<string, string>} */
const EXAMPLES = {
  loss: ">0%,*12*,>0%,*12*,>0%", rtt: "<10,<10,>100,>100", matcher: "CheckLoss(l=>10,x=>3)", jitter: ">5,>5,>5", nodata: "3",
  baseline: "deviations=>4,above=>10,weeks=>4",
};

/** The range moves while it follows: so many parts of it before it is asked for again. */
const PARTS = 50;

/** Seconds below which nobody can tell what a week would be like. */
const A_DAY = 86400;

/** Events that are listed: nobody reads more. */
const LISTED = 100;

/**
 * @param {{series: string, from: number, to: number, onSpans: (spans: Span[] | null) => void}} props
 */
export function Replay({ series, from, to, onSpans }) {
  // An address that names an alert has it tried at once.
  const [open, setOpen] = useState(route().alert !== "");
  useEffect(() => () => onSpans(null), []);
  const toggle = () => {
    if (open) {
      onSpans(null);
      go({ alert: "" }, { replace: true });
    }
    setOpen(!open);
  };
  return html`<div class="replay"><button type="button" class="button" aria-expanded=${String(open)} onClick=${toggle}>${t("Try an alert or a rule over this range")}</button>
    ${open && html`<${Trial} series=${series} from=${from} to=${to} onSpans=${onSpans} />`}</div>`;
}

/** @param {{series: string, from: number, to: number, onSpans: (spans: Span[] | null) => void}} props */
function Trial({ series, from, to, onSpans }) {
  const { own, others } = alertsFor(series);
  const wanted = route().alert;
  const first = own.includes(wanted) || others.includes(wanted) ? wanted : own[0] ?? "";
  const [alert, setAlert] = useState(first);
  const [draft, setDraft] = useState({ type: "loss", rule: "", semantics: "documented" });
  const [wish, setWish] = useState(/** @type {Wish | null} */ (first ? { alert: first } : null));
  const { answer, error, busy } = useReplay(series, from, to, wish, onSpans);
  const draw = (/** @type {Partial<typeof draft>} */ change) => setDraft({ ...draft, ...change });
  const choose = (/** @type {string} */ name) => {
    setAlert(name);
    setWish(name ? { alert: name } : null);
    go({ alert: name }, { replace: true });
  };
  const edit = () => {
    if (!answer) return;
    setDraft({ type: answer.type, rule: answer.rule, semantics: answer.semantics });
    setAlert("");
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    setWish(alert ? { alert } : { ...draft, rule: draft.rule.trim() });
  };
  const options = (/** @type {string[]} */ names) => names.map((name) => html`<option value=${name}>${name}</option>`);
  const place = error instanceof Refused ? error.place : undefined;
  return html`<form onSubmit=${submit} aria-busy=${busy ? "true" : undefined}>
      <select aria-label=${t("Alert")} value=${alert} onChange=${(/** @type {any} */ event) => choose(event.target.value)}>
        ${options(own)}<option value="">${t("a rule of my own")}</option>
        ${others.length > 0 && html`<optgroup label=${t("alerts of other targets")}>${options(others)}</optgroup>`}</select>
      ${alert ? html`<button type="button" class="button" disabled=${!answer} onClick=${edit}>${t("Change this rule")}</button>` : html`
        <select aria-label=${t("What the rule looks at")} value=${draft.type} onChange=${(/** @type {any} */ event) => draw({ type: event.target.value })}>${options(TYPES)}</select>
        <div class="rule"><textarea rows="1" maxlength="2000" spellcheck=${false} autocomplete="off" aria-label=${t("Rule")} placeholder=${EXAMPLES[draft.type]} value=${draft.rule}
          aria-invalid=${place ? "true" : undefined} onInput=${(/** @type {any} */ event) => draw({ rule: event.target.value })}
          onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && !event.shiftKey && submit(event)}></textarea>
          ${place && wish && "rule" in wish && html`<${Place} rule=${wish.rule} place=${place} />`}</div>
        <select aria-label=${t("Meaning")} title=${t("whether a rule means what SmokePing's manual says, or what the program does")} value=${draft.semantics}
          onChange=${(/** @type {any} */ event) => draw({ semantics: event.target.value })}>
          <option value="documented">${t("as documented")}</option><option value="legacy">${t("as SmokePing does")}</option></select>
        <button type="submit" class="button chief" disabled=${draft.rule.trim() === ""}>${t("Try")}</button>`}
    </form>
    <div role="status">${error ? html`<p class="wrong">${whyOf(error)}${place?.help && html`<span class="muted"> · ${said(place.help)}</span>`}</p>`
      : answer && html`<${Result} answer=${answer} asked=${from} until=${to} />`}</div>`;
}

/** The alerts of a target, and all others of the configuration. @param {string} series */
function alertsFor(series) {
  const own = model.section(series.split("~")[0])?.alerts ?? [];
  const others = new Set([...model.sections.values()].flatMap(({ alerts }) => alerts ?? []).filter((name) => !own.includes(name)));
  return { own, others: [...others].sort() };
}

/** Where in a rule it is wrong. @param {{rule: string, place: {column: number, length: number}}} props */
function Place({ rule, place }) {
  // The server counts characters, and some take two of JavaScript's.
  const characters = [...rule];
  const [start, end] = [place.column - 1, place.column - 1 + place.length];
  return html`<p class="place" aria-hidden="true">${characters.slice(0, start).join("")}<mark>${characters.slice(start, end).join("") || " "}</mark>${characters.slice(end).join("")}</p>`;
}

/** Asks for a wish, and again when the range has moved on. @param {string} series @param {number} from @param {number} to @param {Wish | null} wish @param {(spans: Span[] | null) => void} onSpans */
function useReplay(series, from, to, wish, onSpans) {
  const [state, set] = useState(/** @type {{answer: Answer | null, error: unknown, busy: boolean}} */ ({ answer: null, error: null, busy: false }));
  const grain = Math.max((to - from) / PARTS, 1);
  const tell = useRef(onSpans);
  tell.current = onSpans;
  useEffect(() => {
    if (!wish) {
      tell.current(null);
      return set({ answer: null, error: null, busy: false });
    }
    const request = new AbortController();
    set((before) => ({ ...before, busy: true }));
    ask("alerts/replay", { series, ...wish, from: Math.floor(from), to: Math.ceil(to) }, request.signal).then(
      (/** @type {Answer} */ answer) => {
        set({ answer, error: null, busy: false });
        tell.current(answer.spans.map((span) => ({ ...span, alert: answer.alert ?? answer.rule })));
      },
      (error) => {
        if (request.signal.aborted) return;
        set({ answer: null, error, busy: false });
        tell.current(null);
      },
    );
    return () => request.abort();
  }, [series, wish, Math.round(from / grain), Math.round(to / grain), Math.round(grain)]);
  return state;
}

/** @param {{answer: Answer, asked: number, until: number}} props asked, until: from when and until when it was asked */
function Result({ answer, asked, until }) {
  const { rounds, from, to, figures, raised_share: share, events, truncated } = answer;
  if (rounds === 0) return html`<p class="muted">${t("Nothing is stored of this time in single rounds.")}</p>`;
  const raised = figures.firings === 0 ? t("never raised") : figures.firings === 1 ? t("raised once") : t("raised {n} times", { n: format.count(figures.firings) });
  const step = (to - from) / rounds;
  return html`<p class="result"><b>${raised}</b>
      ${share !== null && html`<span>${t("{share} of the time", { share: format.percent(share) })}</span>`}
      ${figures.longest !== null && html`<span>${t("longest {length}", { length: length(figures.longest) })}</span>`}
      ${figures.flaps > 0 && html`<span>${t("{n} times within 6 rounds of being cleared", { n: format.count(figures.flaps) })}</span>`}
      <span>${to - from < A_DAY ? t("{n} messages", { n: format.count(figures.notifications) })
        : t("{n} messages, {week} a week", { n: format.count(figures.notifications), week: figures.notifications_a_week.toFixed(1) })}</span>
      <span class="muted">${t("over {n} rounds", { n: format.count(rounds) })}</span></p>
    ${from > asked + 2 * step && html`<p class="muted">${t("Single rounds are judged from {time} on: none are stored before, or they are too many.", { time: moment(from) })}</p>`}
    ${truncated && to < until - 2 * step && html`<p class="muted">${t("It took too long: judged until {time} only.", { time: moment(to) })}</p>`}
    ${truncated && html`<p class="muted">${t("Not everything is listed: shorten the range to see all.")}</p>`}
    ${events.length > 0 && html`<details><summary>${t("What would have been said")}</summary><ul class="plain">${[...events].reverse().slice(0, LISTED).map((event) =>
      html`<li><${Said} event=${event} /></li>`)}</ul></details>`}`;
}

/** What a message would have said. @param {{event: ReplayEvent}} props */
function Said({ event: { time, since, what, told, reason } }) {
  const words = what === "raised" ? t("raised") : `${t("cleared")} ${t("after {length}", { length: length(time - since) })}`;
  return html`${moment(time)} · ${words}${what === "raised" && reason && html` · <span class="muted">${said(reason)}</span>`}${!told && html` · ${t("nobody told")}`}`;
}
