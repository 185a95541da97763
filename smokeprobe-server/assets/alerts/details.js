// One bar of the timeline: what happened, who was told, and what came of it.

import { html, useEffect, useState } from "../vendor/preact.js";
import { whyOf } from "../api.js";
import { said, t } from "../i18n.js";
import { model } from "../model.js";
import { place } from "../route.js";
import { readDeliveries } from "./data.js";
import { DeadLetters, DeliveryTable } from "./deliveries.js";
import { Dialog } from "./dialog.js";
import { length, moment, nameOf, placeOf, why } from "./words.js";

/** @typedef {import("./shapes.js").Bar} Bar @typedef {import("./shapes.js").Delivery} Delivery @typedef {import("./shapes.js").Message} Message */

/**
 * @param {{bar: Bar, next: Bar | null, dead: Message[], may: boolean, onChange: () => void, onClose: () => void}} props
 * next: the bar after it of the same alert, whose deliveries are not this one's
 */
export function Details({ bar, next, dead, may, onChange, onClose }) {
  const [deliveries, set] = useState(/** @type {Delivery[] | string | null} */ (null));
  const [target, vantage] = bar.series.split("~");
  const probe = model.section(target)?.probe;
  const step = (probe === undefined ? null : model.outline?.probes[probe]?.step) ?? 300;
  const now = model.now();
  const end = Math.min(bar.to ?? now, now);
  useEffect(() => {
    // A slot's end may lie after the end of its round.
    const until = next ? next.from - step : now;
    readDeliveries({ target, alert: bar.alert }, bar.from - step, Math.max(until, end)).then(
      (all) => set(all.filter(({ told }) => told.some((one) => one.startsWith(`${bar.series} ${bar.alert} `)))),
      (error) => set(whyOf(error)),
    );
  }, [bar.id, bar.to, dead.length]);
  const event = bar.raised ?? bar.cleared;
  const { recipients = [], comment = "" } = event ?? {};
  const margin = Math.max((end - bar.from) / 2, 20 * step);
  const several = (model.section(target)?.series.length ?? 0) > 1;
  const graph = {
    target, vantage: vantage ?? (several ? "local" : ""), from: String(Math.floor(bar.from - margin)), to: end + margin >= now ? "" : String(Math.ceil(end + margin)),
  };
  const own = dead.filter(({ tells }) => tells.some(({ series, alert, since }) => series === bar.series && alert === bar.alert && since === bar.from));
  const fact = (/** @type {string} */ name, /** @type {import("../vendor/preact.js").Child} */ value) => value && html`<dt>${name}</dt><dd>${value}</dd>`;
  const acknowledged = bar.standing?.acknowledged;
  return html`<${Dialog} title=${`${bar.alert} · ${nameOf(bar.series)}`} onClose=${onClose} wide=${true}>
    <dl class="facts-list">
      ${fact(t("Target"), [placeOf(bar.series), nameOf(bar.series)].filter(Boolean).join(" › "))}
      ${fact(t("Meaning"), comment)}
      ${fact(t("Raised"), moment(bar.from))}
      ${fact(t("Cleared"), bar.to === null ? t("still raised") : bar.to === Infinity ? t("its end is not known") : `${moment(bar.to)} · ${t("after {length}", { length: length(bar.to - bar.from) })}`)}
      ${fact(t("Reason"), said(bar.reason))}
      ${bar.raised && fact(t("Rounds until then"), html`<span class="figures">${said(bar.raised.loss)}<br />${said(bar.raised.rtt)}</span>`)}
      ${fact(t("Told"), bar.silent ? t("nobody: {why}", { why: why(bar.silent) }) : recipients.join(", "))}
      ${fact(t("Acknowledged"), acknowledged && [acknowledged.author, moment(acknowledged.time), acknowledged.comment].filter(Boolean).join(" · "))}
    </dl>
    <p class="ways"><a href=${place(graph)}>${t("Graph of this time")}</a> <a href=${place({ ...graph, alert: bar.alert })}>${t("Try this alert over it")}</a></p>
    <h3>${t("Deliveries")}</h3>
    ${deliveries === null ? html`<p class="muted">…</p>` : typeof deliveries === "string" ? html`<p class="wrong" role="alert">${deliveries}</p>`
      : html`<${DeliveryTable} deliveries=${deliveries} short=${true} />`}
    ${own.length > 0 && html`<${DeadLetters} letters=${own} may=${may} onChange=${onChange} />`}
  </${Dialog}>`;
}
