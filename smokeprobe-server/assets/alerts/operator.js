// Whether this viewer may change something: the server knows.

import { useEffect, useState } from "../vendor/preact.js";
import { useModel } from "../model.js";
import { session } from "../session.js";
import { stored, store } from "./kept.js";

/** @typedef {{may: boolean, known: boolean, user: string | null}} Operator */

/** What was answered last, so that buttons do not come and go. @type {Operator} */
let last = { may: false, known: false, user: null };

/** Who looks. Until that is known there are no buttons. @returns {Operator} */
export function useOperator() {
  const { connected } = useModel();
  const [operator, set] = useState(last);
  useEffect(() => {
    let here = true;
    const take = (/** @type {Operator} */ next) => {
      last = next;
      if (here) set(next);
    };
    session().then(
      ({ role, user }) => take({ may: role === "operate", known: true, user }),
      // A server without users has no such address: whoever may not is told so when trying.
      (error) => error.status === 404 && take({ may: true, known: true, user: null }),
    );
    return () => void (here = false);
    // A session that ends takes the stream with it.
  }, [connected]);
  return operator;
}

/** How somebody signs what they change, as last time in this browser. @param {Operator} operator */
export const authorOf = ({ user }) => user ?? stored("author");

/** @param {string} author */
export const keepAuthor = (author) => store("author", author);
