// One WebSocket to the server, which comes back by itself.

import { Subscriptions } from "./subscriptions.js";

/** @import { Frame, Listener, SubscribeRequest } from "./subscriptions.js" */

/**
 * Waiting ends at `until` with the next attempt. Refused ends only by `retry`: the server has said that
 * coming back is of no use.
 * @typedef {{ readonly kind: "connecting" }
 *   | { readonly kind: "live" }
 *   | { readonly kind: "waiting", readonly until: number, readonly reason: string }
 *   | { readonly kind: "refused", readonly reason: string }} State
 */

/**
 * What the connection uses of a WebSocket.
 * @typedef {Pick<WebSocket, "addEventListener" | "send" | "close">} Socket
 */

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds
 * @property {(delayMs: number, action: () => void) => () => void} after returns what calls it off
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {() => string} url asked for each attempt
 * @property {new (url: string) => Socket} WebSocket
 * @property {Clock} clock
 * @property {() => number} random at least 0 and less than 1
 * @property {(state: State) => void} changed
 */

const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 15_000;
/** Only a connection that has stayed up for so long makes the earlier failures forgotten. */
export const STABLE_MS = 5_000;
export const OPENING_MS_MAX = 10_000;
/** Two and a half heartbeats of the server. */
export const SILENCE_MS_MAX = 37_500;

/** What each close code that forbids to come back means; any other code is met with an attempt. */
const REFUSALS = new Map([
  [4400, "The server does not understand this page"],
  [4401, "The server asks for a key"],
  [4403, "The server does not allow this page"],
]);

/**
 * How long to wait before the next attempt. Full jitter: the clients of a server that was lost come
 * back spread over time.
 * @param {number} attempt counted from 0
 * @param {() => number} random
 */
export function backoff(attempt, random) {
  return random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt);
}

export class Connection {
  /** @type {ConnectionOptions} */
  #options;
  #subscriptions;
  /** @type {State} */
  #state = { kind: "connecting" };
  /** @type {Socket | undefined} */
  #socket;
  /** Calls off the one thing that is to happen later. */
  #callOff = () => {};
  /** Attempts since a connection was last stable. */
  #attempt = 0;
  #openedAt = Infinity;
  #heardAt = 0;
  /** The server has asked not to be called before this time. */
  #notBefore = 0;

  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.#options = options;
    this.#subscriptions = new Subscriptions({
      clock: options.clock,
      send: (frame) => this.#socket?.send(JSON.stringify(frame)),
      giveUp: (reason) => this.#giveUp(reason),
    });
  }

  get state() {
    return this.#state;
  }

  /** The newest position heard of, `epoch:seq`, or an empty text before the first. */
  get position() {
    return this.#subscriptions.position;
  }

  /**
   * Keeps a subscription across all connections to come.
   * @param {SubscribeRequest} request
   * @param {Listener} listener
   * @returns {() => void} ends the subscription
   */
  subscribe(request, listener) {
    return this.#subscriptions.add(request, listener);
  }

  /** Connects now; does nothing while a connection is open or on its way. */
  retry() {
    if (this.#socket !== undefined) return;
    this.#callOff();
    const { url, WebSocket, clock } = this.#options;
    const socket = this.#socket = new WebSocket(url());
    // A socket that was given up may still have something to say; nobody listens to it.
    const isCurrent = () => socket === this.#socket;
    socket.addEventListener("open", () => isCurrent() && this.#opened());
    socket.addEventListener("message", ({ data }) => isCurrent() && this.#receive(String(data)));
    socket.addEventListener("close", ({ code, reason }) => {
      if (isCurrent()) this.#closed(code, reason);
    });
    this.#callOff = clock.after(OPENING_MS_MAX, () => this.#giveUp("The server does not answer"));
    this.#enter({ kind: "connecting" });
  }

  /** @param {State} state */
  #enter(state) {
    this.#state = state;
    this.#options.changed(state);
  }

  #opened() {
    this.#openedAt = this.#heardAt = this.#options.clock.now();
    this.#listenFor(SILENCE_MS_MAX);
    this.#enter({ kind: "live" });
    this.#subscriptions.opened();
  }

  /** @param {number} delayMs */
  #listenFor(delayMs) {
    this.#callOff();
    this.#callOff = this.#options.clock.after(delayMs, () => {
      const silenceMs = this.#options.clock.now() - this.#heardAt;
      if (silenceMs >= SILENCE_MS_MAX) this.#giveUp("The server has fallen silent");
      else this.#listenFor(SILENCE_MS_MAX - silenceMs);
    });
  }

  /** @param {string} text */
  #receive(text) {
    this.#heardAt = this.#options.clock.now();
    const frame = /** @type {Frame} */ (JSON.parse(text));
    if (frame.op === "draining") this.#notBefore = this.#heardAt + frame.reconnectAfter;
    else this.#subscriptions.receive(frame);
  }

  /**
   * Ends the connection without waiting for the other side, which may be out of reach.
   * @param {string} reason
   */
  #giveUp(reason) {
    const socket = this.#socket;
    this.#closed(0, reason);
    socket?.close();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    const { clock, random } = this.#options;
    const now = clock.now();
    this.#callOff();
    this.#socket = undefined;
    this.#subscriptions.closed();
    if (now - this.#openedAt >= STABLE_MS) this.#attempt = 0;
    this.#openedAt = Infinity;
    const refusal = REFUSALS.get(code);
    if (refusal !== undefined) return this.#enter({ kind: "refused", reason: reason || refusal });

    const until = Math.max(this.#notBefore, now + backoff(this.#attempt++, random));
    this.#callOff = clock.after(until - now, () => this.retry());
    this.#enter({ kind: "waiting", until, reason: reason || "The connection was lost" });
  }
}
