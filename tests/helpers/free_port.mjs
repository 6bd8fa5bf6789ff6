import { createServer } from "node:net";

/**
 * Below the ports that systems give out by themselves: while a server is away that comes back to its place,
 * the system would give its port to somebody else, even to the client that tries to reach it.
 */
const [FIRST, LAST] = [10_000, 32_000];
/** @type {Set<number>} */
const given = new Set();

/** @returns {Promise<number>} a port that nobody listens on, for a server whose port has to be known */
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
