// What a place shows of all that is below it.

import { WORSE, model } from "../model.js";

/** @typedef {import("../model.js").Worst} Worst */

/** The worst of a section, of a multihost one that of its members. @param {import("../model.js").Section} section @returns {Worst | null} */
export function worstOfSection(section) {
  if (!section.multihost?.length) return model.worst(section);
  return section.multihost.reduce((/** @type {Worst | null} */ worst, id) => {
    const index = model.indices.get(id);
    if (index === undefined) return worst;
    const alerts = model.raised.get(index);
    return worse(worst, {
      condition: model.condition(index), index,
      raised: alerts && !alerts.silenced ? 1 : 0, silenced: alerts?.silenced ? 1 : 0,
    });
  }, model.worst(section));
}

/** @param {import("./rows.js").Node} node @returns {Worst | null} */
export function worstOf(node) {
  if (node.section) return worstOfSection(node.section);
  return node.children.reduce((/** @type {Worst | null} */ worst, child) => worse(worst, worstOf(child)), null);
}

/** The worse one, with the alerts of both. @param {Worst | null} one @param {Worst | null} other @returns {Worst | null} */
function worse(one, other) {
  if (!one || !other) return one ?? other;
  const { condition, index } = WORSE.indexOf(other.condition) > WORSE.indexOf(one.condition) ? other : one;
  return { condition, index, raised: one.raised + other.raised, silenced: one.silenced + other.silenced };
}
