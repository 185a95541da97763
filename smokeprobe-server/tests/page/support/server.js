// The program itself, run as a person would run it.

import { spawn } from "node:child_process";

const program = process.env.SMOKEPROBE_SERVER ?? "";

export class Server {
  /** @type {import("node:child_process").ChildProcess} */
  #child;
  /** What it logged. */
  log = "";
  /** Where it serves, without a slash at the end. */
  url = "";
  /** @type {Promise<number | null>} */
  #ended;

  /** @param {string} config @param {string} listen @param {string[]} more */
  constructor(config, listen, more) {
    if (program === "") {
      throw new Error("SMOKEPROBE_SERVER does not say where the program is: run these tests by scripts/page-test");
    }
    this.#child = spawn(program, ["--config", config, "--listen", listen, ...more], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, RUST_LOG: undefined, NO_COLOR: "1", TZ: "Asia/Shanghai" },
    });
    // Should a test end without an end of its own.
    process.once("exit", () => this.#child.kill("SIGKILL"));
    this.#ended = new Promise((resolve) => this.#child.once("close", resolve));
  }

  /** Starts it, and waits until it serves, the page too. */
  static async start(/** @type {string} */ config, listen = "127.0.0.1:0", /** @type {string[]} */ more = []) {
    const server = new Server(config, listen, more);
    await new Promise((resolve, reject) => {
      server.#child.once("error", (error) => reject(new Error(`cannot run ${program}: ${error.message}`)));
      server.#child.once("close", () => reject(new Error(`the server ended; it said\n${server.log}`)));
      server.#child.stderr?.setEncoding("utf8").on("data", (text) => {
        server.log += text;
        const serving = /serving (http:\/\/[^\s/]+)/.exec(server.log);
        if (serving && server.url === "") {
          server.url = serving[1];
          resolve(undefined);
        }
      });
    });
    await server.#pack();
    return server;
  }

  /**
   * Has it pack the page's files, one after another: it does so when they are first asked for, which takes a debug build its
   * time. On a busy machine, who asks for all of them at once is turned away.
   */
  async #pack() {
    const page = await (await fetch(this.url)).text();
    for (const [, file] of page.matchAll(/"(assets\/[^"]+)"/g)) {
      await (await fetch(`${this.url}/${file}`)).arrayBuffer();
    }
  }

  /** What the API answers. */
  async json(/** @type {string} */ path) {
    const answer = await fetch(`${this.url}${path}`);
    if (!answer.ok) {
      throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    }
    return answer.json();
  }

  /** As a person of the machine changes something. */
  async post(/** @type {string} */ path, /** @type {object} */ body) {
    const answer = await fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) {
      throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    }
    return answer.json();
  }

  /** Ends it at once, as a crash does. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Ends it as a service manager does. */
  async stop() {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }

  /** Has it read its configuration anew. */
  reload() {
    this.#child.kill("SIGHUP");
  }
}

/** Looks every tenth of a second until `condition` gives something. For what no event tells. */
export async function until(/** @type {string} */ what, /** @type {() => Promise<unknown>} */ condition, looks = 1200) {
  /** @type {unknown} */
  let trouble = "";
  for (let look = 0; look < looks; look++) {
    try {
      const found = await condition();
      if (found) {
        return found;
      }
    } catch (error) {
      trouble = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain until ${what}; ${trouble}`);
}
