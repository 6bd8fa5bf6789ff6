// The client of tickwire for browsers, Deno, Bun and Node: this file, with streams.js, frames.js and
// refusal.js beside it.
//
//   import { connect } from "http://localhost:5050/static/client.js";
//
//   const client = connect("ws://localhost:5050/ws", { onState: ({ kind }) => console.log(kind) });
//   const stream = client.subscribe({ symbols: ["AAPL", "BTC/*"] }, {
//     onRows: (rows) => rows.forEach(({ symbol, price }) => console.log(symbol, price)),
//   });
//
// A connection that breaks comes back by itself, and each stream goes on after the last row that it has
// delivered: none is missing, and none comes twice. When the server can no longer serve that place, the
// stream begins anew and says so: `onReply` with `resumed: false`.

import { REFUSALS, whyRefused } from "./refusal.js";
import { Streams } from "./streams.js";

/** @import { Frame, Handlers, Stream, StreamRequest } from "./frames.js" */
/** @import { Fetch } from "./refusal.js" */

/**
 * The connection. Waiting ends at `until` (by the clock) with the next attempt. Refused ends only by
 * `retry`: the server has said that to come back is of no use. Its code is the close code; of a connection
 * that was refused before it opened, 4000 and the status of HTTP. Closed is the end.
 * @typedef {{ readonly kind: "connecting" }
 *   | { readonly kind: "live" }
 *   | { readonly kind: "waiting", readonly until: number, readonly reason: string }
 *   | { readonly kind: "refused", readonly code: number, readonly reason: string }
 *   | { readonly kind: "closed" }} State
 */

/**
 * What the client uses of a WebSocket.
 * @typedef {Pick<WebSocket, "addEventListener" | "send" | "close">} Socket
 */

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds
 * @property {(delayMs: number, action: () => void) => () => void} after returns what calls it off
 */

/**
 * Only `onState` is for everyday use. `heartbeatMs` is the server's `--heartbeat`: after 2.5 times that
 * without a frame the connection is taken for dead. The others stand in for what the runtime has.
 * @typedef {object} ClientOptions
 * @property {(state: State) => void} [onState] told of every change; a client begins with connecting
 * @property {() => string | Promise<string>} [token] asked for a new token when the one that the
 *   connection was opened with expires soon; without it the connection ends with 4401
 * @property {number} [heartbeatMs] 15,000
 * @property {new (url: string) => Socket} [WebSocket]
 * @property {Fetch} [fetch]
 * @property {Clock} [clock]
 * @property {() => number} [random] at least 0 and less than 1
 */

const HEARTBEAT_MS = 15_000;
const HEARTBEATS_MISSED_MAX = 2.5;
const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 15_000;
/** Only a connection that has stayed up for so long makes the earlier failures forgotten. */
export const STABLE_MS = 5_000;
export const OPENING_MS_MAX = 10_000;

/** A server that has too many clients is given time, as if some attempts had failed. */
const TOO_MANY = 4429;
const TOO_MANY_ATTEMPTS = 4;

/** @type {Clock} */
const CLOCK = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * How long to wait before the next attempt. Full jitter: the clients of a server that was lost come
 * back spread over time.
 * @param {number} attempt counted from 0
 * @param {() => number} [random]
 */
export function backoff(attempt, random = Math.random) {
  return random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt);
}

/**
 * Connects to a server, and again whenever the connection breaks, until `close`.
 * @param {string | (() => string)} url of `/ws`; a function is asked before each attempt
 * @param {ClientOptions} [options]
 */
export function connect(url, options) {
  return new Client(url, options);
}

/** One connection, with the streams that live on it and outlive it. */
export class Client {
  /** @type {() => string} */
  #url;
  /** @type {Required<ClientOptions>} */
  #options;
  #silenceMsMax;
  #streams;
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

  /**
   * @param {string | (() => string)} url
   * @param {ClientOptions} [options]
   */
  constructor(url, options = {}) {
    this.#url = typeof url === "string" ? () => url : url;
    this.#options = {
      onState: () => {},
      token: () => "",
      heartbeatMs: HEARTBEAT_MS,
      WebSocket: globalThis.WebSocket,
      fetch: (url, init) => globalThis.fetch(url, init),
      clock: CLOCK,
      random: Math.random,
      ...options,
    };
    this.#silenceMsMax = HEARTBEATS_MISSED_MAX * this.#options.heartbeatMs;
    this.#streams = new Streams({
      clock: this.#options.clock,
      send: (text) => this.#socket?.send(text),
      giveUp: (reason) => this.#giveUp(reason),
    });
    this.#open();
  }

  get state() {
    return this.#state;
  }

  /**
   * The newest position that the server has told of, on any stream or by a heartbeat; `undefined` before
   * the first. It is there to be shown: what to resume from is the position of a stream.
   */
  get position() {
    return this.#streams.position;
  }

  /**
   * Opens a stream, on this connection and all to come. A connection takes each subscription once: an
   * equal second one is refused with `already_subscribed`.
   * @param {StreamRequest} request
   * @param {Handlers} handlers
   * @returns {Stream}
   */
  subscribe(request, handlers) {
    return this.#streams.open(request, handlers);
  }

  /** Connects now instead of later, also when refused; does nothing while a connection is there. */
  retry() {
    if (this.#socket !== undefined || this.#state.kind === "closed") return;
    this.#open();
    this.#enter({ kind: "connecting" });
  }

  /** Ends the connection and all streams for good. */
  close() {
    if (this.#state.kind === "closed") return;
    const socket = this.#leave();
    this.#enter({ kind: "closed" });
    socket?.close();
  }

  #open() {
    this.#callOff();
    const { WebSocket, clock } = this.#options;
    const url = this.#url();
    const socket = this.#socket = new WebSocket(url);
    // A socket that was given up may still have something to say; nobody listens to it.
    const isCurrent = () => socket === this.#socket;
    socket.addEventListener("open", () => isCurrent() && this.#opened());
    socket.addEventListener("message", ({ data }) => isCurrent() && this.#receive(data));
    socket.addEventListener("close", ({ code, reason }) => {
      if (!isCurrent()) return;
      if (this.#openedAt === Infinity && !REFUSALS.has(code)) void this.#ask(url);
      else this.#closed(code, reason);
    });
    this.#callOff = clock.after(OPENING_MS_MAX, () => this.#giveUp("The server does not answer"));
  }

  /**
   * Finds out why the socket has not opened; till then it is still connecting.
   * @param {string} url
   */
  async #ask(url) {
    this.#leave();
    const { clock, fetch } = this.#options;
    const ended = new AbortController();
    let isCurrent = true;
    const stop = clock.after(OPENING_MS_MAX, () => ended.abort());
    this.#callOff = () => {
      isCurrent = false;
      stop();
      ended.abort();
    };
    const { isFinal, code, reason } = await whyRefused(url, ended.signal, fetch);
    if (isCurrent) this.#closed(isFinal ? code : 0, reason);
  }

  /** @param {State} state */
  #enter(state) {
    this.#state = state;
    this.#options.onState(state);
  }

  #opened() {
    this.#openedAt = this.#heardAt = this.#options.clock.now();
    this.#listenFor(this.#silenceMsMax);
    this.#streams.opened();
    this.#enter({ kind: "live" });
  }

  /** @param {number} delayMs */
  #listenFor(delayMs) {
    this.#callOff();
    this.#callOff = this.#options.clock.after(delayMs, () => {
      const leftMs = this.#silenceMsMax - (this.#options.clock.now() - this.#heardAt);
      if (leftMs <= 0) this.#giveUp("The server has fallen silent");
      else this.#listenFor(leftMs);
    });
  }

  /** @param {unknown} data */
  #receive(data) {
    this.#heardAt = this.#options.clock.now();
    const frame = readFrame(data);
    if (frame === undefined) return this.#giveUp("What was received is not tickwire's protocol");
    if (frame.op === "draining") this.#notBefore = this.#heardAt + frame.reconnectAfter;
    else if (frame.op === "token") void this.#authorize();
    else this.#streams.receive(frame);
  }

  /** A token that cannot be had now is not missed before the connection ends. */
  async #authorize() {
    const socket = this.#socket;
    const token = await Promise.resolve(this.#options.token()).catch(() => "");
    if (token === "" || socket !== this.#socket) return;
    socket?.send(JSON.stringify({ op: "authorize", id: "token", token }));
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

  /** @returns the socket that is no longer the current one */
  #leave() {
    const socket = this.#socket;
    this.#callOff();
    this.#socket = undefined;
    this.#streams.closed();
    return socket;
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    const { clock, random } = this.#options;
    const now = clock.now();
    this.#leave();
    if (now - this.#openedAt >= STABLE_MS) this.#attempt = 0;
    this.#openedAt = Infinity;
    const refusal = REFUSALS.get(code);
    if (refusal !== undefined) {
      return this.#enter({ kind: "refused", code, reason: reason || refusal });
    }
    if (code === TOO_MANY) this.#attempt = Math.max(this.#attempt, TOO_MANY_ATTEMPTS);
    const until = Math.max(this.#notBefore, now + backoff(this.#attempt++, random));
    this.#callOff = clock.after(until - now, () => this.retry());
    this.#enter({ kind: "waiting", until, reason: reason || "The connection was lost" });
  }
}

/**
 * @param {unknown} data
 * @returns {Frame | undefined}
 */
function readFrame(data) {
  try {
    const frame = JSON.parse(String(data));
    return typeof frame?.op === "string" ? frame : undefined;
  } catch {
    return undefined;
  }
}
