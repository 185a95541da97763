// One graph of the server's, kept up to date: the old picture stays until the new one is there.

import { graphAddress } from "./api.js";
import { element } from "./dom.js";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** @type {Set<Graph>} */
const onPage = new Set();

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    for (const graph of onPage) {
      if (graph.place === entry.target) graph.appear(entry.isIntersecting);
    }
  }
}, { rootMargin: "200px" });

let widthTimer = 0;
const sized = new ResizeObserver(() => {
  window.clearTimeout(widthTimer);
  widthTimer = window.setTimeout(() => onPage.forEach((graph) => graph.refresh(false)), 150);
});

dark.addEventListener("change", () => onPage.forEach((graph) => graph.refresh(true)));

export class Graph {
  /** @param {string} series @param {number} seconds @param {string} title @param {boolean} small */
  constructor(series, seconds, title, small) {
    this.series = series;
    this.seconds = seconds;
    this.title = title;
    this.small = small;
    this.visible = false;
    this.shown = "";
    this.drawnAt = 0;
    this.turn = 0;
    /** @type {HTMLElement | null} */
    this.complaint = null;
    this.image = element("img", { class: "empty", alt: "", width: "697", height: this.height(697).toString() });
    this.place = element("div", { class: "graph" }, this.image);
    onPage.add(this);
    seen.observe(this.place);
    sized.observe(this.place);
  }

  /** Gives up the graph; it is no longer on the page. */
  remove() {
    onPage.delete(this);
    seen.unobserve(this.place);
    sized.unobserve(this.place);
  }

  /** A round has ended: draws anew when it would move the picture by a pixel. @param {number} now */
  roundEnded(now) {
    const pixel = this.seconds / Math.max(this.place.clientWidth, 100);
    if (now - this.drawnAt < pixel) return;
    this.drawnAt = now;
    this.refresh(true);
  }

  /** @param {boolean} visible */
  appear(visible) {
    this.visible = visible;
    if (visible) this.refresh(false);
  }

  /** @param {boolean} again also when the address is the same */
  async refresh(again) {
    const width = Math.round(this.place.clientWidth);
    if (!this.visible || width === 0) {
      if (again) this.shown = "";
      return;
    }
    const parameters = {
      from: `-${this.seconds}s`,
      width: Math.min(4000, Math.max(100, width)),
      height: this.height(width),
      theme: dark.matches ? "dark" : "light",
      title: this.title,
    };
    const address = graphAddress(this.series, parameters);
    if (address === this.shown && !again) return;
    this.shown = address;
    const turn = (this.turn += 1);
    this.place.classList.add("old");
    const next = new Image(width, this.height(width));
    next.alt = this.title;
    next.src = again ? `${address}&_=${Date.now()}` : address;
    try {
      await next.decode();
    } catch {
      // The old picture stays, dimmed; the next round tries again.
      if (turn === this.turn) this.complain(address);
      return;
    }
    if (turn !== this.turn) return;
    this.image.replaceWith(next);
    this.image = next;
    this.place.classList.remove("old");
    this.complaint?.remove();
    this.complaint = null;
  }

  /** Says why there is no new picture. An image does not tell, so the address is asked once more. @param {string} address */
  async complain(address) {
    let why = "The graph cannot be read now";
    try {
      const answer = await fetch(address);
      if (!answer.ok) why = (await answer.json()).error.message;
    } catch {
      // The connection is lost, which the bar on top says.
    }
    this.complaint?.remove();
    this.complaint = element("p", {}, why);
    this.place.append(this.complaint);
  }

  /** @param {number} width */
  height(width) {
    if (this.small) return 150;
    return width < 500 ? 250 : 290;
  }
}
