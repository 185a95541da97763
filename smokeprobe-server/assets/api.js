// What the server is asked, and the shapes of its answers. Times are Unix seconds, RTTs seconds; unknown is null.

import { said } from "./i18n.js";

/**
 * @typedef {{label: string, seconds: number}} Range
 * @typedef {{name: string, module: string, measures: string, step: number, pings: number, supported: boolean,
 *   reason?: string}} Probe
 * @typedef {{name: string, menu?: string, title?: string, remark?: string, menuextra?: string, html?: boolean, hide?: boolean,
 *   host?: string, probe?: number, slaves?: string[], nomaster?: boolean, alerts?: string[],
 *   labels?: Record<string, string>, multihost?: string[], children?: OutlineSection[]}} OutlineSection
 * @typedef {{name: string, target?: string, children?: Branch[]}} Branch
 * @typedef {{version: string, plan: string, owner: string | null, contact: string | null, zone: string,
 *   overview: {range: number, width: number, height: number, max_rtt: number | null, median_color: string | null},
 *   detail: {ranges: Range[], width: number, height: number, logarithmic: boolean, loss_background: boolean,
 *     unison_tolerance: number | null, max_rtt: number | null, nodata_color: string | null,
 *     loss_colors: {up_to: number, color: string, label: string}[], palette: "default" | "classic"},
 *   multihost_colors: string[], charts_title: string | null, charts: {name: string, menu: string, title: string}[],
 *   hierarchies: {name: string, title: string, root: Branch}[],
 *   vantages: {local: {name: string | null}, slaves: Record<string, {name: string, color: string, location?: string}>},
 *   probes: Probe[], literalsearch: boolean, root: OutlineSection}} Outline
 * @typedef {{kind: string, message: string}} Notice
 * @typedef {{now: number, plan: string, mark: string, notices: Notice[], state: string, loss: (number | null)[],
 *   median: (number | null)[], time: (number | null)[], raised: [number, string[], boolean?][]}} States
 * @typedef {{kernel_stamps: number, user_stamps: number, late_answers: number, duplicates: number,
 *   receive_overflows: number, timer_lateness: number, suspect: boolean}} Quality
 * @typedef {{time: number, end: number, pings: number, loss?: number, median?: number, rtts: number[], address?: string,
 *   stale_address?: boolean, note?: string, reason?: string, quality?: Quality,
 *   phases?: Record<"resolve" | "connect" | "tls" | "first_byte" | "transfer", number | null>,
 *   certificate_expires?: number}} Round
 * @typedef {{series: string, slave?: string, vantage?: string, state: string, reason?: string, waiting_until?: number,
 *   last?: {time: number, pings: number, loss?: number, median?: number, min?: number, max?: number, deviation?: number,
 *     address?: string, stale_address?: boolean, note?: string, certificate_expires?: number, quality?: Quality,
 *     phases?: Round["phases"]}}} SeriesState
 * @typedef {{series: string, state: SeriesState, kept_since: number, rounds: Round[]}} Rounds
 * @typedef {{series: string, from: number, to: number, step: number, consolidation: string, pings: number, suspect?: number[],
 *   columns: {time: number[], loss: (number | null)[], median: (number | null)[], pings: (number | null)[][]}}} Rows
 * @typedef {{series: string, start: number, step: number, pings: number, loss: (number | null)[], median: (number | null)[],
 *   min: (number | null)[], max: (number | null)[], deviation: (number | null)[], error?: string}} OverviewSeries
 * @typedef {{from: number, to: number, total: number, series: OverviewSeries[]}} OverviewAnswer
 */

/** What early.js has asked for; each answer serves once. @type {Record<string, Promise<Response>>} */
const early = /** @type {any} */ (globalThis).early ?? {};

/** Longer than the server lets a request wait. */
const PATIENCE_MS = 15000;

/** The server refused, or cannot: its sentence, in the viewer's language where that is known. */
export class Refused extends Error {
  /**
   * @param {number} status @param {string} message @param {string} [parameter]
   * @param {{column: number, length: number, help?: string}} [place] where in the parameter's text, in characters from 1
   */
  constructor(status, message, parameter, place) {
    super(message);
    this.status = status;
    this.parameter = parameter;
    this.place = place;
  }
}

/**
 * Why something failed, in the viewer's language where that is known: nobody may have answered. The server's sentences about a
 * parameter begin after its name, unless they repeat what was wrong in it, or where it is wrong is shown. @param {unknown} error
 */
export function whyOf(error) {
  const why = said(error instanceof Error ? error.message : String(error));
  return error instanceof Refused && error.parameter && !error.place && !why.startsWith('"') ? `${error.parameter} ${why}` : why;
}

/** @type {Set<() => void>} */
const atTheDoor = new Set();

/** Calls back when the server wants to know who asks. @param {() => void} listener */
export function onSignInWanted(listener) {
  atTheDoor.add(listener);
}

/** Shows the form to sign in. */
export function wantSignIn() {
  atTheDoor.forEach((listener) => listener());
}

/**
 * Asks the server. Values that are undefined or empty are left out.
 * @param {string} path below `api/v1/` @param {Record<string, string | number | undefined>} [parameters]
 * @param {AbortSignal} [signal] @returns {Promise<any>}
 */
export async function ask(path, parameters = {}, signal) {
  return send("GET", address(path, parameters), undefined, signal);
}

/** Changes something. @param {"POST" | "DELETE"} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
export async function change(method, path, body) {
  return send(method, `api/v1/${path}`, body);
}

/** The address of an answer. @param {string} path @param {Record<string, string | number | undefined>} [parameters] */
export function address(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `api/v1/${path}${query && "?"}${query}`;
}

/** The address of a picture. @param {string} name @param {"svg" | "png"} kind @param {Record<string, string | number | undefined>} parameters */
export function picture(name, kind, parameters = {}) {
  const query = address("", parameters).slice("api/v1/".length);
  return `graph/${encodeURIComponent(name)}.${kind}${query}`;
}

/** @param {string} method @param {string} at @param {unknown} [body] @param {AbortSignal} [signal] */
async function send(method, at, body, signal) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  /** @type {Record<string, string>} */
  const headers = { "X-Requested-With": "smokeprobe" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const before = early[at];
  delete early[at];
  const answer = await (before ?? fetch(at, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
  }));
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  if (answer.status === 401) wantSignIn();
  const error = await answer.json().then(({ error }) => error, () => null);
  throw new Refused(answer.status, said(error?.message ?? `the server answered ${answer.status}`), error?.parameter, error?.column ? error : undefined);
}
