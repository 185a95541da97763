// Answers of the server that follow the address and the live stream.

import { useEffect, useRef, useState } from "../vendor/preact.js";
import { Refused, ask, whyOf } from "../api.js";
import { model } from "../model.js";

/** Asked again this long after the server could not answer. */
const RETRY_MS = 10000;

/**
 * What the server answers; the old answer stays while the next is on its way.
 * @template T
 * @param {string | null} path null: nothing is asked @param {Record<string, string | number | undefined>} parameters
 * @param {{follow?: boolean, every?: number}} [how] follow: asks again when rounds have ended, every so many seconds at most
 * @returns {{data: T | null, error: string | null, old: boolean}}
 */
export function useAnswer(path, parameters, { follow = false, every = 10 } = {}) {
  const [answer, setAnswer] = useState({ data: /** @type {T | null} */ (null), error: /** @type {string | null} */ (null), key: "" });
  const [turn, setTurn] = useState(0);
  const askedAt = useRef(0);
  const key = `${path} ${JSON.stringify(parameters)}`;
  useEffect(() => {
    if (path === null) return undefined;
    const gone = new AbortController();
    let timer = 0;
    askedAt.current = performance.now();
    ask(path, parameters, gone.signal).then(
      (data) => setAnswer({ data, error: null, key }),
      (error) => {
        if (gone.signal.aborted) return;
        setAnswer((before) => ({ ...before, error: whyOf(error), key }));
        // What it will not answer, it will not answer later either.
        if (!(error instanceof Refused) || error.status >= 500) timer = window.setTimeout(() => setTurn((n) => n + 1), RETRY_MS);
      },
    );
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [key, turn]);
  useEffect(() => {
    if (!follow) return undefined;
    let timer = 0;
    const stop = model.onEvent((name) => {
      if ((name !== "states" && name !== "round") || timer) return;
      const wait = Math.max(0, every * 1000 - (performance.now() - askedAt.current));
      timer = window.setTimeout(() => {
        timer = 0;
        setTurn((n) => n + 1);
      }, wait);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [follow, every]);
  return { data: answer.data, error: answer.error, old: answer.key !== key };
}
