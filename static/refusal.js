// Finds out why a server refuses a client.

/** @typedef {(url: string, init: { signal: AbortSignal }) => Promise<Response>} Fetch */

/**
 * After a final refusal a new attempt does not help. The code is a close code: 4000 plus the HTTP status.
 * @typedef {{ readonly isFinal: boolean, readonly code: number, readonly reason: string }} Refusal
 */

/** Close codes after which a client must not reconnect. After other codes it tries again. */
export const REFUSALS = new Map([
  [1007, "The server cannot read what this client sends"],
  [1009, "The server refuses a frame of that size"],
  [4400, "The server does not understand this client"],
  [4401, "The server asks for a key"],
  [4403, "The server does not allow this client"],
  [4421, "The server does not serve that host"],
]);
const REASON_LENGTH_MAX = 500;
/** The status of a plain request to an address that does serve WebSockets. */
const UPGRADE_REQUIRED = 426;
/** @type {Refusal} */
const UNKNOWN = { isFinal: false, code: 0, reason: "" };

/**
 * Asks why a WebSocket did not open. Browsers do not tell, but a plain request to the address does.
 * @param {string} url of the WebSocket
 * @param {AbortSignal} signal
 * @param {Fetch} [fetch]
 * @returns {Promise<Refusal>}
 */
export async function whyRefused(url, signal, fetch = globalThis.fetch) {
  try {
    const response = await fetch(url.replace(/^ws/i, "http"), { signal });
    const { status } = response;
    if (status < 400 || status === UPGRADE_REQUIRED) {
      await response.body?.cancel();
      return UNKNOWN;
    }
    const { detail } = Object(await response.json().catch(() => undefined));
    const said = typeof detail === "string" ? detail.slice(0, REASON_LENGTH_MAX) : "";
    const code = 4_000 + status;
    const reason = said || REFUSALS.get(code) || `The server answers ${status}`;
    return { isFinal: REFUSALS.has(code), code, reason };
  } catch {
    return UNKNOWN;
  }
}
