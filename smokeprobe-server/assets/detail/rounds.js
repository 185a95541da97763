// The last rounds of the shown series with all that is known of them, and how the series are.

import { useEffect, useState } from "../vendor/preact.js";
import { ask } from "../api.js";
import { model } from "../model.js";

/** @typedef {import("../api.js").Round} Round @typedef {import("../api.js").SeriesState} SeriesState */
/** `since`: rounds from then on are kept. @typedef {{state: SeriesState | null, rounds: Map<number, Round>, since: number}} Known */

/** Rounds of a series kept here at most. */
const MOST = 4000;

/** Series watched by the live stream at most; the server says so. */
export const MOST_WATCHED = 32;

/** Charts of one series in several ranges ask at the same moment: once will do. */
const TOGETHER_MS = 2000;

/** A stream that comes up later than this after the rows were asked for may lack more than the last rounds. */
const LONG_MS = 5000;

/** @type {Map<string, {at: number, hello: unknown, answer: Promise<import("../api.js").Rounds>}>} */
const asked = new Map();

/** @param {string} id @param {unknown} hello the stream's first word, after which it is asked; null: just now @returns {Promise<import("../api.js").Rounds>} */
function recent(id, hello) {
  const before = asked.get(id);
  if (before && performance.now() - before.at < TOGETHER_MS && (hello === null || before.hello === hello)) return before.answer;
  const answer = ask(`rounds/${encodeURIComponent(id)}`);
  asked.set(id, { at: performance.now(), hello, answer });
  setTimeout(() => asked.get(id)?.answer === answer && asked.delete(id), TOGETHER_MS);
  return answer;
}

/**
 * Follows some series. `onRound` is called with each new round.
 * @param {string[]} series @param {(id: string, round: Round) => void} onRound @param {() => void} onMissed after a gap in the stream @returns {(id: string) => Known | undefined}
 */
export function useRounds(series, onRound, onMissed) {
  const [known] = useState(() => /** @type {Map<string, Known>} */ (new Map()));
  const [, again] = useState(0);
  const key = series.join();
  useEffect(() => {
    let over = false;
    const read = (/** @type {unknown} */ hello) => {
      for (const id of series.slice(0, MOST_WATCHED)) {
        recent(id, hello).then((answer) => {
          if (over) return;
          // One that was told while the answer was on its way may not be in it.
          const rounds = new Map([...answer.rounds.map((round) => /** @type {const} */ ([round.end, round])), ...(known.get(id)?.rounds ?? [])]);
          known.set(id, { state: answer.state, rounds, since: answer.kept_since });
          // One may have ended between the answer with the rows and the stream's first word.
          answer.rounds.slice(-2).forEach((round) => onRound(id, round));
          again((n) => n + 1);
        }, () => undefined);
      }
    };
    read(null);
    const unwatch = model.watch(series.slice(0, MOST_WATCHED));
    const start = performance.now();
    let heard = false;
    const forget = model.onEvent((name, data) => {
      if (name === "hello") {
        if (!data.told) read(data);
        // A stream that took over from another one, because other series are watched, has missed nothing.
        if (data.missed && (heard || performance.now() - start > LONG_MS)) onMissed();
        heard = true;
      }
      if (name !== "round" || !series.includes(data.series) || !data.round) return;
      const mine = known.get(data.series) ?? { state: null, rounds: new Map(), since: data.round.time };
      mine.state = data.state ?? mine.state;
      mine.rounds.set(data.round.end, data.round);
      if (mine.rounds.size > MOST) mine.rounds.delete(Math.min(...mine.rounds.keys()));
      known.set(data.series, mine);
      onRound(data.series, data.round);
      again((n) => n + 1);
    });
    return () => {
      over = true;
      unwatch();
      forget();
    };
  }, [key]);
  return (id) => known.get(id);
}
