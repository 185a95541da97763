// One stop of the tab key for many things in a row: arrows, Home and End go from one to another.

import { useState } from "../vendor/preact.js";

/**
 * @param {string[]} ids of the things, in their order; the last is where the tab key comes first
 * @returns {{of: (id: string) => object, onKeyDown: (event: KeyboardEvent) => void}} what each has, and what is around them
 */
export function useStops(ids) {
  const [chosen, choose] = useState("");
  const at = ids.includes(chosen) ? ids.indexOf(chosen) : ids.length - 1;
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    /** @type {Record<string, number>} */
    const places = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: ids.length - 1 };
    const next = ids[places[event.key]];
    const around = /** @type {HTMLElement} */ (event.currentTarget);
    const found = next && [.../** @type {NodeListOf<HTMLElement>} */ (around.querySelectorAll("[data-stop]"))].find(({ dataset }) => dataset.stop === next);
    if (!found) return;
    event.preventDefault();
    found.focus();
  };
  return { onKeyDown, of: (id) => ({ "data-stop": id, tabindex: id === ids[at] ? 0 : -1, onFocus: () => choose(id) }) };
}
