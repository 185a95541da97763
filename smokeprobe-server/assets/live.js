// The stream of what happens. It is open while the page is seen: browsers allow few connections to a server, and tabs
// in the background would use them up.

/**
 * @typedef {{onEvent: (name: string, data: any) => void, onUp: () => void, onDown: () => void}} Listener the event `hello` says
 *   whether something was `missed`, and whether what happened since the page read the states is `told` by the next events
 */

const EVENTS = ["hello", "alive", "states", "round", "alert", "plan", "notices"];

/** The server says something every 5 s. After so long without a word nobody is at the other end, even if no one hung up. */
const SILENT_MS = 15000;

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
    this.silence = 0;
    /** The state of the server that the page has read: the first stream goes on from there. */
    this.mark = "";
    document.addEventListener("visibilitychange", () => this.connect());
    addEventListener("online", () => this.connect());
    addEventListener("offline", () => this.source && this.lost(this.source));
    addEventListener("pagehide", () => this.close());
  }

  /** Goes on from the states that have been read, and keeps the stream open. @param {string} mark what they are called @param {string[]} first series that the page is about to watch: one stream will do */
  start(mark, first) {
    if (!this.wanted && this.series.length === 0) this.series = first;
    this.wanted = true;
    this.mark = mark;
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
    const after = this.mark && `&after=${encodeURIComponent(this.mark)}`;
    const source = new EventSource(`api/v1/live?states=1${series}${after}`);
    this.source = source;
    this.heard(source);
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (source !== this.source && source !== this.older) return;
        this.heard(source);
        const data = JSON.parse(event.data);
        if (name === "hello" && source === this.source) {
          this.tries = 0;
          this.mark = "";
          const missed = data.missed ?? this.older?.readyState !== EventSource.OPEN;
          this.older?.close();
          this.older = null;
          this.listener.onUp();
          // What the page knew before is completed by the events that follow.
          this.listener.onEvent(name, { ...data, missed, told: data.missed === false });
          return;
        }
        this.listener.onEvent(name, data);
      });
    }
    source.addEventListener("lagged", () => this.again(source, 0));
    source.addEventListener("closed", () => this.lost(source));
    source.addEventListener("error", () => this.lost(source));
  }

  /** A stream of which nothing is heard any more is lost, though no one hung up. @param {EventSource} source */
  heard(source) {
    if (source !== this.source) return;
    clearTimeout(this.silence);
    this.silence = window.setTimeout(() => this.lost(source), SILENT_MS);
  }

  /** @param {EventSource} source */
  lost(source) {
    if (source !== this.source) return;
    // What was read is old by the time of the next try.
    this.mark = "";
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
    clearTimeout(this.silence);
    this.source?.close();
    this.older?.close();
    this.source = null;
    this.older = null;
  }
}
