import { createServer } from "node:net";

/**
 * Below the ephemeral ports of systems. While a server is down, the system could give an ephemeral
 * port to another process, even to the client that tries to reconnect.
 */
const [FIRST, LAST] = [10_000, 32_000];
/** @type {Set<number>} */
const given = new Set();

/** @returns {Promise<number>} a free port, for a server whose port must be known in advance */
export async function freePort() {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (given.has(port) || !await isFree(port)) continue;
    given.add(port);
    return port;
  }
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
