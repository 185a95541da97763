// What paper shows below the graphs: where they come from, and when.

import { html, useEffect, useRef } from "../vendor/preact.js";
import * as format from "../format.js";

export function PrintedFoot() {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const write = () => {
      if (place.current) place.current.textContent = `${location.href} · ${format.dateTime(Date.now() / 1000)} ${format.zone()}`;
    };
    write();
    const paper = matchMedia("print");
    addEventListener("beforeprint", write);
    paper.addEventListener("change", write);
    return () => {
      removeEventListener("beforeprint", write);
      paper.removeEventListener("change", write);
    };
  }, []);
  return html`<p class="printed" ref=${place} />`;
}
