// Which time the page is about: a week, unless the address says otherwise.

import { html, useEffect, useState } from "../vendor/preact.js";
import { t } from "../i18n.js";
import { model } from "../model.js";
import { go, href, useRoute } from "../route.js";
import { readable, resolve, typed } from "../detail/zoom.js";
import { sentence } from "./words.js";

/** Seconds that are shown unless the address says otherwise. */
export const DEFAULT_SECONDS = 7 * 86400;

const CHOICES = [86400, DEFAULT_SECONDS, 30 * 86400, 360 * 86400];

/** The range in the address, as buttons and a field. */
export function TimeChoice() {
  const now = useRoute();
  const shown = now.from ? readable(now.from, now.to) : "";
  const [text, write] = useState(shown);
  const [wrong, complain] = useState("");
  useEffect(() => {
    write(shown);
    complain("");
  }, [shown]);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text.trim() === "") return go({ from: "", to: "" });
    const wish = typed(text);
    try {
      // The server knows what people write, and says what is wrong with it.
      const found = await resolve(model.series[0]?.id ?? "", wish.from, wish.to);
      complain("");
      if ("seconds" in found) return go({ from: `-${found.seconds}s`, to: "" });
      go("since" in found ? { from: String(found.since), to: "" } : { from: String(found.from), to: String(found.to) });
    } catch (refused) {
      complain(sentence(refused));
    }
  };
  const from = (/** @type {number} */ seconds) => (seconds === DEFAULT_SECONDS ? "" : `-${seconds / 86400}d`);
  const chosen = (/** @type {number} */ seconds) => now.to === "" && (now.from === from(seconds) || now.from === `-${seconds}s`);
  return html`<form class="time-choice" onSubmit=${submit} aria-label=${t("Range")}>
    <div class="spans">${CHOICES.map((seconds) => html`<a class="button" key=${seconds} aria-current=${chosen(seconds) ? "true" : undefined}
      href=${href({ ...now, from: from(seconds), to: "" })}>${t("{n} d", { n: seconds / 86400 })}</a>`)}</div>
    <input class="field" type="text" value=${text} placeholder=${t("-3h … now")} aria-label=${t("From … to")} spellcheck=${false}
      autocomplete="off" enterkeyhint="go" aria-invalid=${wrong ? "true" : undefined} onInput=${(/** @type {any} */ event) => write(event.target.value)} />
    ${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}</form>`;
}
