// What stands between a browser and a server, and may keep what passes: as a network that has gone silent.

import net from "node:net";

export class Proxy {
  /** @type {Set<net.Socket>} */
  #sockets = new Set();
  #held = false;
  /** @type {net.Server} */
  #server;
  url = "";

  /** @param {string} onward */
  constructor(onward) {
    const { hostname, port } = new URL(onward);
    this.#server = net.createServer((near) => {
      const far = net.connect(Number(port), hostname);
      for (const [from, to] of [[near, far], [far, near]]) {
        this.#sockets.add(from);
        from.on("data", (bytes) => to.write(bytes));
        from.on("end", () => to.end());
        from.on("error", () => to.destroy());
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        if (this.#held) {
          from.pause();
        }
      }
    });
  }

  /** Starts one before the server at this address. */
  static async start(/** @type {string} */ onward) {
    const proxy = new Proxy(onward);
    await new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    proxy.url = `http://127.0.0.1:${/** @type {net.AddressInfo} */ (proxy.#server.address()).port}`;
    return proxy;
  }

  /** From now on nothing passes, and nobody is hung up on. */
  hold() {
    this.#held = true;
    for (const socket of this.#sockets) {
      socket.pause();
    }
  }

  /** What was kept goes on its way. */
  release() {
    this.#held = false;
    for (const socket of this.#sockets) {
      socket.resume();
    }
  }

  stop() {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }
}
