// Alerts: what stands, what was, who was told.

import { html, useMemo, useState } from "../vendor/preact.js";
import { t } from "../i18n.js";
import { model, useModel } from "../model.js";
import { go, useRoute } from "../route.js";
import { timesOf } from "../detail/feed.js";
import { RangeControl } from "../detail/range.js";
import { useZoom } from "../detail/zoom.js";
import { barsOf } from "./bars.js";
import { readAlerts, readDeliveries, readEvents, useFresh } from "./data.js";
import { DeadLetters, DeliveryTable } from "./deliveries.js";
import { Details } from "./details.js";
import { Missing } from "./missing.js";
import { useOperator } from "./operator.js";
import { Acknowledge, SilenceDialog } from "./orders.js";
import { Silences } from "./silences.js";
import { StandingTable, isQuiet } from "./standing.js";
import { Timeline } from "./timeline.js";
import { sectionName } from "./words.js";

/** @typedef {import("./standing.js").Wish} Wish */

/** Seconds of history that are shown unless the address says otherwise. */
const DEFAULT_SECONDS = 7 * 86400;

/** What the buttons of the history choose. */
const RANGES = [86400, DEFAULT_SECONDS, 30 * 86400, 360 * 86400].map((seconds) => ({ label: "", seconds }));

export function Alerts() {
  useModel();
  const route = useRoute();
  const operator = useOperator();
  const [wish, setWish] = useState(/** @type {Wish | null} */ (null));
  const { target, alert, event } = route;
  // A look at an event is no step for the back button.
  const open = (/** @type {string} */ id) => go({ event: id }, { replace: true });
  const filter = { target, alert };
  // A range that only the server can read is asked for first; instead of one that makes no sense there is the usual one.
  const zoom = useZoom(model.series[0]?.id ?? "");
  const shown = zoom.range ?? { seconds: DEFAULT_SECONDS };
  const keys = [target, alert, JSON.stringify(shown)];
  // An event that has an address is found wherever it began.
  const since = Number(event.split(" ").pop()) || Infinity;
  const now = useFresh(readAlerts, []);
  const past = useFresh(async () => {
    const { from, to } = timesOf(shown);
    return { ...(await readEvents(filter, Math.min(since, from), to, !("from" in shown))), from, to };
  }, [...keys, since < timesOf(shown).from ? since : 0], zoom.pending);
  const told = useFresh(() => {
    const { from, to } = timesOf(shown);
    return readDeliveries(filter, from, to);
  }, keys, zoom.pending);
  const again = () => [now, past, told].forEach((part) => part.again());
  const about = (/** @type {string} */ series) => isBelow(series, target);
  const alerts = now.answer;
  const quiet = (/** @type {import("./shapes.js").Standing} */ one) => isQuiet(one, alerts?.silences ?? []);
  const standing = (alerts?.standing ?? []).filter((one) => about(one.series) && (!alert || one.alert === alert))
    .sort((a, b) => Number(quiet(a)) - Number(quiet(b)) || b.since - a.since);
  const found = useMemo(() => (past.answer && alerts ? barsOf(past.answer.events, standing, past.answer.until === null) : []), [past.answer, alerts]);
  const { from = 0, to = 0 } = past.answer ?? {};
  const bars = found.filter((bar) => bar.from <= to && (bar.to ?? Infinity) >= from);
  const bar = found.find(({ id }) => id === event) ?? null;
  const dead = (alerts?.outbox.dead_letters ?? []).filter(({ tells }) => tells.some((one) => about(one.series) && (!alert || one.alert === alert)));
  const wished = (/** @type {boolean} */ done) => {
    setWish(null);
    if (done) again();
  };
  const failure = now.failure || past.failure || told.failure;
  return html`<article class="alerts-page">
    <header><h1>${t("Alerts")}</h1><${Filters} />
      ${operator.may && html`<button type="button" class="button" onClick=${() => setWish({ order: "silence", about: { series: target, alert } })}>${t("Silence…")}</button>`}</header>
    ${operator.known && !operator.may && html`<p class="muted">${t("You may look. Acknowledging and silencing is for operators.")}</p>`}
    ${failure && html`<p class="notice" role="alert"><b>${t("Not everything could be read")}</b>${failure}</p>`}
    ${alerts && alerts.catching_up > 0 && html`<p class="muted">${t("The rounds of {n} series from before the start are still being judged.", { n: alerts.catching_up })}</p>`}
    <section aria-labelledby="a-now"><h2 tabindex="-1" id="a-now">${t("Raised now")}${standing.length > 0 && html` <span class=${`count ${standing.every(quiet) ? "quiet" : ""}`}>${standing.length}</span>`}</h2>
      ${alerts && html`<${StandingTable} standing=${standing} silences=${alerts.silences} may=${operator.may} filtered=${Boolean(target || alert)} onWish=${setWish} />`}</section>
    <section aria-labelledby="a-past"><div class="with-range"><h2 tabindex="-1" id="a-past">${t("History")}</h2><${RangeControl} ranges=${RANGES} usual=${DEFAULT_SECONDS} /></div>
      ${past.answer && alerts && html`<${Timeline} bars=${bars} silences=${alerts.silences} from=${past.answer.from} to=${past.answer.to} onOpen=${(/** @type {{id: string}} */ { id }) => open(id)} />
        ${event && !bar && html`<p class="notice" role="status">${t("The event of this address is not in the history.")}</p>`}
        ${bars.length > 0 && html`<p class="muted lane-words"><span class="stretch sample"></span>${t("told")} <span class="stretch silent sample"></span>${t("nobody told")}
          <span class="hatch sample"></span>${t("silence")}<span class="hint"> · ${t("drag to zoom, double click to go back")}</span></p>`}`}
      ${past.answer && html`<${Missing} history=${past.answer} />`}</section>
    <section aria-labelledby="a-quiet"><h2 tabindex="-1" id="a-quiet">${t("Silences and maintenance")}</h2>
      ${alerts && html`<${Silences} silences=${alerts.silences.filter(({ targets }) => targets.length === 0 || targets.some((one) => isBelow(one, target) || isBelow(target, one)))} may=${operator.may} onChange=${again} />`}</section>
    <section aria-labelledby="a-told"><h2 tabindex="-1" id="a-told">${t("Deliveries")}</h2>
      ${alerts && alerts.outbox.waiting > 0 && html`<p>${t("{n} messages wait to be delivered.", { n: alerts.outbox.waiting })}</p>`}
      ${dead.length > 0 && html`<${DeadLetters} letters=${dead} may=${operator.may} onChange=${again} />`}
      ${told.answer && html`<${DeliveryTable} deliveries=${told.answer} />`}</section>
    ${wish?.order === "acknowledge" && html`<${Acknowledge} about=${wish.about} operator=${operator} onClose=${wished} />`}
    ${wish?.order === "silence" && html`<${SilenceDialog} about=${wish.about} operator=${operator} onClose=${wished} />`}
    ${bar && html`<${Details} bar=${bar} next=${found.find((one) => one.series === bar.series && one.alert === bar.alert && one.from > bar.from) ?? null}
      dead=${dead} may=${operator.may} onChange=${again} onClose=${() => open("")} />`}
  </article>`;
}

/** Whether a series is of a target, or of what is below it. @param {string} series @param {string} target */
function isBelow(series, target) {
  const path = series.split("~")[0];
  return target === "" || path === target || path.startsWith(`${target}.`);
}

/** Which targets and which alert the page is about. */
function Filters() {
  const { target, alert } = useRoute();
  const names = new Set(alert ? [alert] : []);
  for (const section of model.sections.values()) section.alerts?.forEach((name) => names.add(name));
  return html`<div class="filters">
    ${target && html`<span class="chip">${sectionName(target)}
      <button type="button" aria-label=${t("Show all targets")} onClick=${() => go({ target: "", event: "" })}>✕</button></span>`}
    <label><span class="unseen">${t("Alert")}</span><select value=${alert} onChange=${(/** @type {any} */ event) => go({ alert: event.target.value, event: "" })}>
      <option value="">${t("all alerts")}</option>${[...names].sort().map((name) => html`<option value=${name}>${name}</option>`)}</select></label></div>`;
}
