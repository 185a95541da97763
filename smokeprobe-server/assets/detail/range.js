// Which range and which vantage point are shown: buttons, and a field that takes what the server takes.

import { html, useEffect, useState } from "../vendor/preact.js";
import { whyOf } from "../api.js";
import { t } from "../i18n.js";
import { model } from "../model.js";
import { go, href, useRoute } from "../route.js";
import { plain, readable, resolve, secondsBack, typed, useZoom } from "./zoom.js";
import { nameOf, short } from "./words.js";

/**
 * Reads and changes the address's range.
 * @param {{ranges?: import("../api.js").Range[], usual?: number, series?: string, error?: string | null}} props `ranges`: the buttons,
 *   unless the configured ones; `usual`: seconds that are shown while the address says nothing, else all ranges are; `series`: one
 *   to ask the server with what a text means
 */
export function RangeControl({ ranges = model.outline?.detail.ranges ?? [], usual, series = model.series[0]?.id ?? "", error = null }) {
  const route = useRoute();
  const { from, to } = route;
  const zoom = useZoom(series);
  const shown = from ? readable(from, to, /\d-\d/.test(`${from} ${to}`) ? zoom.range : null) : "";
  const [text, write] = useState(shown);
  const [wrong, complain] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    write(shown);
    complain(null);
  }, [shown]);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text === shown) return complain(null);
    if (text.trim() === "") return go({ from: "", to: "" });
    const wish = typed(text);
    try {
      if (plain(wish.from, wish.to) === null) await resolve(series, wish.from, wish.to);
      complain(null);
      go(wish);
    } catch (refused) {
      complain(whyOf(refused));
    }
  };
  const problem = wrong ?? error ?? zoom.error;
  return html`<form class="range-control" onSubmit=${submit} aria-label=${t("Range")}>
    <div class="segments">
      ${usual === undefined && html`<a class="button" href=${href({ ...route, from: "", to: "" })} aria-current=${from === "" ? "true" : undefined}
        title=${t("all configured ranges")}>${t("All")}</a>`}
      ${ranges.map((range) => html`<a class="button" key=${range.seconds} title=${nameOf(range)}
        href=${href({ ...route, from: range.seconds === usual ? "" : `-${short(range.seconds)}`, to: "" })}
        aria-current=${(from ? secondsBack(from) : usual) === range.seconds && to === "" ? "true" : undefined}>${short(range.seconds)}</a>`)}
    </div>
    <input class="field" type="text" value=${text} placeholder=${t("-3h … now")} aria-label=${t("From … to")} spellcheck=${false}
      autocomplete="off" enterkeyhint="go" aria-invalid=${problem ? "true" : undefined} aria-describedby=${problem ? "range-error" : undefined}
      title=${t("-3h, -3h … -1h, 2026-11-22 10:00 … 12:00, a date, Unix seconds")}
      onInput=${(/** @type {any} */ event) => write(event.target.value)} />
    ${problem && html`<p class="wrong" id="range-error" role="alert">${problem}</p>`}</form>`;
}

/**
 * The range that the address asks for, else the last `seconds`, as texts that the server reads. Who needs its times before the
 * server has answered uses `useZoom`.
 * @param {{from: string, to: string}} route @param {number} seconds
 * @returns {{following: boolean, fromText: string, toText: string}}
 */
export function resolveRange(route, seconds) {
  const following = route.to === "" || route.to === "now";
  return { following, fromText: route.from || `-${seconds}s`, toText: route.from ? route.to : "" };
}

/** Vantage points: each in a chart of its own, all in one, or one of them. @param {{section: import("../model.js").Section}} props */
export function VantageControl({ section }) {
  const route = useRoute();
  if (section.series.length < 2) return null;
  const slaves = section.series.map((index) => model.series[index].slave);
  const choices = [
    { value: "", name: t("each") }, { value: "all", name: t("overlaid") },
    ...slaves.map((slave) => ({ value: slave ?? "local", name: model.vantageName(slave) })),
  ];
  const now = choices.some(({ value }) => value === route.vantage) ? route.vantage : "";
  if (slaves.length > 4) {
    return html`<select class="button" aria-label=${t("Vantage point")} value=${now} onChange=${(/** @type {any} */ event) => go({ vantage: event.target.value })}>
      ${choices.map(({ value, name }) => html`<option key=${value} value=${value}>${name}</option>`)}</select>`;
  }
  return html`<div class="segments" role="group" aria-label=${t("Vantage point")}>${choices.map(({ value, name }) =>
    html`<a class="button" key=${value} href=${href({ ...route, vantage: value })} aria-current=${now === value ? "true" : undefined}>${name}</a>`)}</div>`;
}
