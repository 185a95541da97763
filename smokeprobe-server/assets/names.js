// What series are called, the same everywhere on the page.

import { model } from "./model.js";

/** A series as people know it: the menu's words, and the vantage point unless it is this machine. @param {string} id */
export function seriesName(id) {
  const [path, slave] = id.split("~");
  const name = model.section(path)?.menu ?? path;
  return slave === undefined ? name : `${name} · ${model.vantageName(slave)}`;
}

/** What an address says where a series is shown alone. @param {number} index */
export function alone(index) {
  const { section, slave } = model.series[index];
  return { target: section.path, vantage: section.series.length > 1 ? slave ?? "local" : "" };
}
