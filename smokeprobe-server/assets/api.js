// What the server tells. The types are those of /api/v1/tree.

/**
 * @typedef {{time: number, pings: number, loss?: number, median?: number, min?: number, max?: number,
 *   deviation?: number, address?: string, stale_address?: boolean, note?: string,
 *   certificate_expires?: number, quality?: {suspect: boolean},
 *   phases?: Record<"resolve" | "connect" | "tls" | "first_byte" | "transfer", number | null>}} LastRound
 * @typedef {"measured" | "lost" | "unknown" | "waiting" | "not_measured"} SeriesStateName
 * @typedef {{series: string, slave?: string, vantage?: string, state: SeriesStateName, reason?: string,
 *   waiting_until?: number, last?: LastRound}} Series
 * @typedef {{probe: string, module?: string, measures: string, step: number, pings: number, alerts: string[],
 *   slaves: string[], series: Series[]}} Target
 * @typedef {{name: string, path: string | null, menu: string, title: string, remark?: string, hide?: boolean,
 *   host?: string, target?: Target, multihost?: string[], children?: Section[]}} Section
 * @typedef {{now: number, version: string, owner: string | null, notices: {kind: string, message: string}[],
 *   overview_range: number, ranges: {label: string, seconds: number}[], root: Section}} Tree
 */

/** Longer than the server lets a request wait. */
const PATIENCE_MS = 15000;

/** @returns {Promise<Tree>} */
export async function loadTree() {
  const answer = await fetch("api/v1/tree", { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

/** The address of a graph. @param {string} series @param {Record<string, string | number>} parameters */
export function graphAddress(series, parameters) {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  return `graph/${encodeURIComponent(series)}.svg?${query}`;
}

/** The sections from the top down to `path`; empty when there is no such one. @param {Section} root @param {string} path */
export function trail(root, path) {
  const sections = [root];
  if (path === "") return sections;
  for (const name of path.split(".")) {
    const next = sections[sections.length - 1].children?.find((child) => child.name === name);
    if (!next) return [];
    sections.push(next);
  }
  return sections;
}

/** @param {Section} section */
export function shownChildren(section) {
  return (section.children ?? []).filter((child) => !child.hide);
}
