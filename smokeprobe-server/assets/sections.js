// The tree that the outline describes, with what the page asks of it all the time: paths, parents, places of series.

/** @typedef {import("./api.js").OutlineSection} OutlineSection */
/**
 * A section with its place. `series` are indices of its own series, `first` and `end` bound those of itself and all below.
 * @typedef {Omit<OutlineSection, "children" | "menu" | "title"> & {path: string, menu: string, title: string, depth: number,
 *   parent: Section | null, children: Section[], series: number[], first: number, end: number, hidden: boolean}} Section
 * @typedef {{id: string, section: Section, slave: string | null}} Series
 */

/** @param {OutlineSection} top @returns {{root: Section, sections: Map<string, Section>, series: Series[]}} sections by their paths, but for the top */
export function sectionsOf(top) {
  /** @type {Map<string, Section>} */
  const sections = new Map();
  /** @type {Series[]} */
  const all = [];
  /** @param {OutlineSection} given @param {Section | null} parent @param {string} path @param {boolean} hidden @returns {Section} */
  const place = (given, parent, path, hidden) => {
    const menu = given.menu ?? given.name;
    /** @type {Section} */
    const section = {
      ...given, path, menu, title: given.title ?? menu, parent, depth: parent ? parent.depth + 1 : 0,
      children: [], series: [], first: all.length, end: 0, hidden: hidden || given.hide === true,
    };
    if (path) sections.set(path, section);
    if (given.probe !== undefined) {
      for (const slave of [...(given.nomaster ? [] : [null]), ...(given.slaves ?? [])]) {
        section.series.push(all.length);
        all.push({ id: slave === null ? path : `${path}~${slave}`, section, slave });
      }
    }
    section.children = (given.children ?? []).map((child) => place(child, section, path ? `${path}.${child.name}` : child.name, section.hidden));
    section.end = all.length;
    return section;
  };
  return { root: place(top, null, "", false), sections, series: all };
}

/** Whether a section has graphs of its own: it is a target, or shows others together. @param {Section} section */
export const isMeasured = ({ series, multihost }) => series.length > 0 || Boolean(multihost?.length);
