// Why a server does not want a client back.

/** @typedef {(url: string, init: { signal: AbortSignal }) => Promise<Response>} Fetch */

/**
 * What is final is no better when one comes back. The code is a close code: 4000 and the status of HTTP.
 * @typedef {{ readonly isFinal: boolean, readonly code: number, readonly reason: string }} Refusal
 */

/** What each close code that forbids to come back means; any other is met with an attempt. */
export const REFUSALS = new Map([
  [1007, "The server cannot read what this client sends"],
  [1009, "The server takes no frame of that size"],
  [4400, "The server does not understand this client"],
  [4401, "The server asks for a key"],
  [4403, "The server does not allow this client"],
  [4421, "The server does not serve that host"],
]);
const REASON_LENGTH_MAX = 500;
/** Where a WebSocket would have been served. */
const UPGRADE_REQUIRED = 426;
/** @type {Refusal} */
const UNKNOWN = { isFinal: false, code: 0, reason: "" };

/**
 * Why a WebSocket did not open: it does not tell, but a plain request for its address does.
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
