// Hosts to measure: name servers on loopback addresses, each as slow and as lossy as a test wants it.

import dgram from "node:dgram";

import { chance } from "./history.js";

/**
 * How a host answers: after `delay` ms, up to `jitter` more, and of each twenty queries these many not at all.
 * @typedef {{ delay: number, jitter?: number, lose?: number }} Manner
 */

export class Hosts {
  /** @type {Map<string, Manner>} */
  #manners = new Map();
  /** @type {Map<string, dgram.Socket>} */
  #sockets = new Map();

  /** The port of all of them. */
  port = 0;

  /** Starts to answer at these addresses, all on one port: a number that is free at one may be taken at another. */
  static async start(/** @type {Record<string, Manner>} */ manners) {
    for (;;) {
      const hosts = new Hosts();
      try {
        for (const [address, manner] of Object.entries(manners)) {
          await hosts.#listen(address, manner);
        }
        return hosts;
      } catch (error) {
        hosts.stop();
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EADDRINUSE") {
          throw error;
        }
      }
    }
  }

  async #listen(/** @type {string} */ address, /** @type {Manner} */ manner) {
    this.#manners.set(address, manner);
    const socket = dgram.createSocket("udp4");
    // A site that cannot be set up is not stopped either: open sockets would keep the tests from ending.
    socket.unref();
    this.#sockets.set(address, socket);
    await new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(this.port, address, () => resolve(undefined));
    });
    this.port = socket.address().port;
    let asked = 0;
    socket.on("message", (query, peer) => this.#answer(address, socket, query, peer, asked++));
  }

  /** From now on this host answers so. */
  change(/** @type {string} */ address, /** @type {Manner} */ manner) {
    if (!this.#manners.has(address)) {
      throw new Error(`there is no host ${address}`);
    }
    this.#manners.set(address, manner);
  }

  stop() {
    for (const socket of this.#sockets.values()) {
      socket.close();
    }
    this.#sockets.clear();
  }

  #answer(
    /** @type {string} */ address,
    /** @type {dgram.Socket} */ socket,
    /** @type {Buffer} */ query,
    /** @type {dgram.RemoteInfo} */ peer,
    /** @type {number} */ count,
  ) {
    const manner = this.#manners.get(address);
    if (!manner || count % 20 < (manner.lose ?? 0) || query.length < 12) {
      return;
    }
    const reply = Buffer.from(query);
    reply[2] |= 0x80; // It is an answer, and no error; without records it is one all the same.
    const delay = manner.delay + (manner.jitter ?? 0) * chance(count, 5) ** 2;
    setTimeout(() => {
      if (this.#sockets.has(address)) {
        socket.send(reply, peer.port, peer.address);
      }
    }, delay);
  }
}
