// What happened in a range, and how what was raised in it ended, of a server that lists the newest events only. Pure.

/** @typedef {import("./shapes.js").AlertEvent} AlertEvent */

/** Events that are asked for at once: as many as the server gives. */
export const MOST = 1000;

/** Looks for what ended after a range, beside that at the newest. */
const LOOKS = 5;

/** A step is so many times as long as the one before. */
const LONGER = 8;

/**
 * Of events there may be too many to read them all. `since`: none before is known; `until`: of alerts that ended after it, not all
 * are. Null: nothing is missing.
 * @typedef {{events: AlertEvent[], since: number | null, until: number | null}} History
 */

/**
 * What was raised and cleared in a range, and what was raised in it or before and cleared after it.
 * @param {(from: number, to: number | undefined) => Promise<AlertEvent[]>} ask gives the newest from a time on and before another
 * @param {number} from @param {number | undefined} to undefined: now @returns {Promise<History>}
 */
export async function historyOf(ask, from, to) {
  const read = async (/** @type {number} */ from, /** @type {number | undefined} */ to) => {
    const events = await ask(from, to);
    // Of the second of the oldest there may be others.
    return { events, since: events.length < MOST ? from : events[events.length - 1].time + 1 };
  };
  const within = await read(from, to);
  const since = within.since > from ? within.since : null;
  if (to === undefined) return { events: within.events, since, until: null };
  const newest = await read(to, undefined);
  const after = [...newest.events];
  // Most ends come soon after a range. From there it goes on in ever longer steps, until the newest are reached.
  let [known, length, looks] = [to, to - from, LOOKS];
  while (known < newest.since && looks > 0) {
    const next = Math.min(known + length, newest.since);
    let begin = next;
    for (; begin > known && looks > 0; looks -= 1) {
      const some = await read(known, begin);
      after.push(...some.events);
      begin = some.since;
    }
    if (begin > known) break;
    known = next;
    length *= LONGER;
  }
  const ends = after.filter((event) => event.what === "cleared" && event.since < to);
  return { events: [...within.events, ...ends], since, until: known < newest.since ? known : null };
}
