// The stream of what happens. It is open while the page is seen: browsers allow few connections to a server, and tabs
// in the background would use them up.

/**
 * @typedef {{onEvent: (name: string, data: any) => void, onUp: (missed: boolean) => void, onDown: () => void}} Listener missed:
 *   something may have happened since the stream before, or since the page asked; the event `hello` has it too
 */

const EVENTS = ["hello", "states", "round", "alert", "plan", "notices"];

/** Waits between tries, in milliseconds; the last one goes on. */
const WAITS = [500, 1000, 2000, 5000];

export class LiveStream {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {EventSource | null} */
    this.source = null;
    /** The one before, which goes on until the new one runs: nothing is missed between them. @type {EventSource | null} */
    this.older = null;
    /** @type {string[]} */
    this.series = [];
    this.wanted = false;
    this.tries = 0;
    this.timer = 0;
    document.addEventListener("visibilitychange", () => this.connect());
    addEventListener("online", () => this.connect());
    addEventListener("pagehide", () => this.close());
  }

  /** Opens the stream, and keeps it open. @param {string[]} [first] series that the page is about to watch: one stream will do */
  start(first = []) {
    if (this.wanted && this.source) return;
    if (!this.wanted && this.series.length === 0) this.series = first;
    this.wanted = true;
    this.connect();
  }

  /** Whether it is open now. */
  runs() {
    return this.source?.readyState === EventSource.OPEN;
  }

  /** Whole rounds of these series, besides the states of all. @param {string[]} series */
  watch(series) {
    if (series.join() === this.series.join()) return;
    this.series = series;
    if (!this.wanted) return;
    // A page may change its mind several times while it is put together.
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.connect(), 50);
  }

  connect() {
    clearTimeout(this.timer);
    if (!this.wanted || document.visibilityState === "hidden") return this.close();
    this.older?.close();
    this.older = this.source;
    const series = this.series.length ? `&series=${this.series.map(encodeURIComponent).join(",")}` : "";
    const source = new EventSource(`api/v1/live?states=1${series}`);
    this.source = source;
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (source !== this.source && source !== this.older) return;
        if (name === "hello" && source === this.source) {
          this.tries = 0;
          const missed = this.older?.readyState !== EventSource.OPEN;
          this.older?.close();
          this.older = null;
          this.listener.onUp(missed);
          this.listener.onEvent(name, { ...JSON.parse(event.data), missed });
          return;
        }
        this.listener.onEvent(name, JSON.parse(event.data));
      });
    }
    source.addEventListener("lagged", () => this.again(source, 0));
    source.addEventListener("closed", () => this.lost(source));
    source.addEventListener("error", () => this.lost(source));
  }

  /** @param {EventSource} source */
  lost(source) {
    if (source !== this.source) return;
    this.listener.onDown();
    this.again(source, WAITS[Math.min(this.tries, WAITS.length - 1)]);
    this.tries += 1;
  }

  /** @param {EventSource} source @param {number} wait */
  again(source, wait) {
    if (source !== this.source) return;
    this.close();
    this.timer = window.setTimeout(() => this.connect(), wait);
  }

  close() {
    this.source?.close();
    this.older?.close();
    this.source = null;
    this.older = null;
  }
}
