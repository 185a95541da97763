// Ways to take what is shown elsewhere: a link, numbers, a picture, a frame.

import { html, useState } from "../vendor/preact.js";
import { address, picture } from "../api.js";
import { t } from "../i18n.js";
import { theme } from "../prefs.js";
import { href, place, route } from "../route.js";

/**
 * @param {{target: string, members: {id: string, name: string}[], from: string, to: string, vantage: string, range?: string, height?: number}} props
 * `from` and `to` as the address has them, `range` what they are called; the members are the shown series
 */
export function Share({ target, members, from, to, vantage, range: name = "", height = 600 }) {
  const [told, tell] = useState("");
  const [framed, frame] = useState(false);
  const range = { from, to: to || undefined };
  // One series has a picture of its own; several are drawn into one by the section's name.
  const single = members.length === 1 ? members[0].id : null;
  const image = (/** @type {"svg" | "png"} */ kind) => picture(single ?? target, kind, {
    ...range, vantage: single ? undefined : vantage || "all", theme: theme() === "dark" ? "dark" : undefined, scale: kind === "png" ? 2 : undefined,
  });
  const rows = (/** @type {string} */ id, /** @type {string} */ format) => address(`series/${encodeURIComponent(id)}`, { ...range, format, download: 1 });
  const embed = new URL(`embed${href({ target, from, to, vantage }).replace(/^\.\//, "")}`, document.baseURI).href;
  const copy = async (/** @type {string} */ text, /** @type {string} */ done) => {
    tell(await toClipboard(text) ? done : text);
  };
  const code = `<iframe src="${embed.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}" width="100%" height="${height}" loading="lazy"></iframe>`;
  return html`<div class="take">${name && html`<span class="muted">${name}</span>`}
    <button type="button" class="plain" onClick=${() => copy(location.href, t("link copied"))}>${t("copy link")}</button>
    <a href=${place({ mode: "compare", compare: members.map(({ id }) => id), from: route().from, to: route().to })}>${t("compare")}</a>
    <a href=${href({ ...route(), mode: "heat" })}>${t("heat map")}</a>
    <a href=${place({ mode: "alerts", target })}>${t("alerts")}</a>
    ${members.map(({ id, name }) => html`<span key=${id}>${members.length > 1 && html`<span class="muted">${name}</span> `}
      <a href=${rows(id, "csv")} download>CSV</a> <a href=${rows(id, "json")} download>JSON</a></span>`)}
    <a href=${image("png")} target="_blank" rel="noopener">PNG</a>
    <a href=${image("svg")} target="_blank" rel="noopener">SVG</a>
    <button type="button" class="plain" aria-expanded=${String(framed)} onClick=${() => frame(!framed)}>${t("embed")}</button>
    <span class="take-told" role="status">${told}</span>
    ${framed && html`<label class="take-embed"><span class="muted">${t("HTML for a page of your own")}</span>
      <textarea readonly rows="2" spellcheck=${false} onFocus=${(/** @type {any} */ event) => event.target.select()}>${code}</textarea>
      <button type="button" class="button" onClick=${() => copy(code, t("copied"))}>${t("copy")}</button></label>`}</div>`;
}

/** @param {string} text @returns {Promise<boolean>} whether it is there */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS browsers have no such thing, but for the old way.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
