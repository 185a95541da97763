// Which sections of the tree are open. Kept while the browser's tab is, over reloads.

const KEY = "open";

export class Open {
  constructor() {
    /** @type {Set<string>} */
    this.keys = new Set();
    /** Counts the changes. */
    this.version = 0;
    /** Whether it is the first visit of this tab. */
    this.fresh = true;
    try {
      const stored = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
      if (Array.isArray(stored)) {
        this.keys = new Set(stored.map(String));
        this.fresh = false;
      }
    } catch {
      // Nothing was kept, or nothing that can be read.
    }
  }

  /** @param {string} key */
  has(key) {
    return this.keys.has(key);
  }

  /** @param {string[]} keys @param {boolean} open */
  set(keys, open) {
    const before = this.keys.size;
    for (const key of keys) {
      if (open) this.keys.add(key);
      else this.keys.delete(key);
    }
    if (this.keys.size === before) return;
    this.version += 1;
    try {
      sessionStorage.setItem(KEY, JSON.stringify([...this.keys]));
    } catch {
      // It holds until the next reload.
    }
  }
}
