// The left side: the filter, the hierarchies, the tree, and the pages that are about everything.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { Preferences } from "../bar.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { useModel } from "../model.js";
import { go, place, useRoute } from "../route.js";
import { Open } from "./open.js";
import { count, find, hierarchyNodes, holding, rowsOf, sectionNodes, testOf, wayTo } from "./rows.js";
import { Tree } from "./tree.js";

/** @typedef {import("./rows.js").Row} Row */

/** A tree of so many is shown whole at first. */
const SMALL = 60;

/** Browsers count how often an address changes. */
const WRITE_MS = 150;

const open = new Open();

export function Side() {
  const { outline, root, sections } = useModel();
  const route = useRoute();
  const [, again] = useState(0);
  const [filter, setFilter] = useFilter(route.filter);
  const hierarchy = outline?.hierarchies.find(({ name }) => name === route.hierarchy);

  const top = useMemo(() => {
    if (!root) return [];
    const nodes = hierarchy ? hierarchyNodes(hierarchy, (path) => sections.get(path)) : sectionNodes(root);
    if (open.fresh && count(nodes, SMALL + 1) <= SMALL) open.set(holding(nodes), true);
    return nodes;
  }, [root, hierarchy]);
  useMemo(() => open.set(wayTo(top, route.target), true), [top, route.target]);
  const test = useMemo(() => testOf(filter, outline?.literalsearch === true), [filter, outline]);
  const found = useMemo(() => test && find(top, test), [top, test]);
  // What one folds while a filter is on is about its answer only.
  const folds = useMemo(() => ({ keys: /** @type {Map<string, boolean>} */ (new Map()), version: 0 }), [found]);
  const rows = useMemo(
    () => rowsOf(top, found, (node) => (found ? folds.keys.get(node.key) ?? found.ways.has(node) : open.has(node.key))),
    [top, found, folds, folds.version, open.version],
  );
  const twist = (/** @type {Row} */ { node }, /** @type {boolean} */ to) => {
    if (found) {
      folds.keys.set(node.key, to);
      folds.version += 1;
    } else {
      open.set([node.key], to);
    }
    again((n) => n + 1);
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && filter) {
      setFilter("");
      event.stopPropagation();
    }
    if (event.key === "ArrowDown") {
      event.preventDefault();
      document.getElementById("tree")?.focus();
    }
    if (event.key === "Enter" && !event.isComposing) {
      const first = rows.find(({ node }) => node.section && test?.(node.words));
      if (first) go({ target: first.node.section?.path, mode: "", filter });
    }
  };

  return html`<nav id="side" aria-label=${t("Targets")}>
      <div class="find">
        <input id="filter" type="search" autocomplete="off" spellcheck=${false} aria-label=${t("Filter the targets")} placeholder=${t("Filter")}
          title=${t("by menu, title, host or path")} value=${filter} onKeyDown=${key}
          onInput=${(/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => !event.isComposing && setFilter(event.currentTarget.value)}
          onCompositionEnd=${(/** @type {CompositionEvent & {currentTarget: HTMLInputElement}} */ event) => setFilter(event.currentTarget.value)} />
        ${outline && outline.hierarchies.length > 0 && html`
          <select id="hierarchy" aria-label=${t("Hierarchy")} value=${hierarchy?.name ?? ""}
            onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => go({ hierarchy: event.currentTarget.value })}>
            <option value="">${t("as configured")}</option>
            ${outline.hierarchies.map(({ name, title }) => html`<option value=${name}>${title}</option>`)}
          </select>`}
        <p id="found" role="status">${found && (found.matches === 0 ? t("nothing matches") : t("{n} found", { n: format.count(found.matches) }))}</p>
      </div>
      <${Tree} rows=${rows} target=${route.target} twist=${twist} />
      <${Foot} mode=${route.mode} />
    </nav>`;
}

/** The filter's text: on the screen at once, in the address when one pauses. @param {string} given @returns {[string, (text: string) => void]} */
function useFilter(given) {
  const [text, setText] = useState(given);
  const writing = useRef({ timer: 0, last: given });
  useEffect(() => {
    // Another place, or back.
    if (given === writing.current.last) return;
    writing.current.last = given;
    clearTimeout(writing.current.timer);
    setText(given);
  }, [given]);
  useEffect(() => () => clearTimeout(writing.current.timer), []);
  const change = (/** @type {string} */ next) => {
    setText(next);
    clearTimeout(writing.current.timer);
    writing.current.timer = window.setTimeout(() => {
      writing.current.last = next;
      go({ filter: next }, { replace: true });
    }, WRITE_MS);
  };
  return [text, change];
}

/** @param {{mode: import("../route.js").Mode}} props */
function Foot({ mode }) {
  const { outline, raised } = useModel();
  const standing = [...raised.values()].reduce((sum, { silenced, names }) => sum + (silenced ? 0 : names.length), 0);
  /** @param {import("../route.js").Mode} to @param {string} name @param {unknown} [more] */
  const link = (to, name, more) => html`<a href=${place({ mode: to })} aria-current=${mode === to ? "page" : undefined}>${name}${more}</a>`;
  return html`<div class="foot">
    <div class="pages">
      ${link("charts", t("Charts"))}
      ${link("alerts", t("Alerts"), standing > 0 && html`<span class="raised" title=${t("alerts raised: {n}", { n: standing })}>▲ ${format.count(standing)}</span>`)}
      ${link("status", t("Status"))}
    </div>
    <${Preferences} />
    <p id="owner">${outline?.owner && html`<span class="owner" title=${outline.contact ?? undefined}>${outline.owner}</span>`}
      <span class="version">smokeprobe ${outline?.version}</span></p>
  </div>`;
}
