// Parts of the page that are loaded when they are first shown.

import { html, useEffect, useState } from "./vendor/preact.js";
import { t } from "./i18n.js";

/** uPlot, once somebody wanted it. @type {Promise<unknown> | null} */
let plotter = null;

/** The same for a component that draws with uPlot, a classic script, which the page loads after what it needs at once. @template {(props: any) => unknown} C @param {() => Promise<C>} load @returns {C} */
export function plotted(load) {
  return later(() => {
    // When the page's own has not come yet, or not at all.
    plotter ??= "uPlot" in globalThis ? Promise.resolve() : new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL("./vendor/uplot.js", import.meta.url).href;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return plotter.then(load);
  });
}

/**
 * A component that is loaded when it is first shown.
 * @template {(props: any) => unknown} C
 * @param {() => Promise<C>} load @returns {C}
 */
export function later(load) {
  /** @type {C | null} */
  let loaded = null;
  const component = (/** @type {object} */ props) => {
    const [, again] = useState(0);
    const [failed, fail] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then((part) => {
        loaded = part;
        again((n) => n + 1);
      }, () => fail(true));
    }, []);
    if (loaded) return html`<${loaded} ...${props} />`;
    return failed && html`<p class="notice" role="alert"><b>${t("This part of the page could not be loaded")}</b>
      <button type="button" class="button" onClick=${() => location.reload()}>${t("load the page again")}</button></p>`;
  };
  return /** @type {C} */ (/** @type {unknown} */ (component));
}
