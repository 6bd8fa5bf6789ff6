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
// The client reconnects by itself, and each stream continues after the last row that it delivered: no
// row is missing, and none comes twice. When the server no longer has that place, the stream starts
// again and says so: `onReply` with `resumed: false`.

import { REFUSALS, whyRefused } from "./refusal.js";
import { Streams } from "./streams.js";

/** @import { Frame, Handlers, Stream, StreamRequest } from "./frames.js" */
/** @import { Fetch } from "./refusal.js" */

/**
 * The state of the connection. In `waiting`, the next attempt is at `until` (clock time). `refused` ends
 * only with `retry`: the server has said that reconnecting does not help. Its `code` is the close code; if
 * the server refused the upgrade, it is 4000 plus the HTTP status. `closed` is final.
 * @typedef {{ readonly kind: "connecting" }
 *   | { readonly kind: "live" }
 *   | { readonly kind: "waiting", readonly until: number, readonly reason: string }
 *   | { readonly kind: "refused", readonly code: number, readonly reason: string }
 *   | { readonly kind: "closed" }} State
 */

/**
 * The part of a WebSocket that the client uses.
 * @typedef {Pick<WebSocket, "addEventListener" | "send" | "close">} Socket
 */

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds
 * @property {(delayMs: number, action: () => void) => () => void} after returns a function that cancels it
 */

/**
 * Most users need only `onState`. `heartbeatMs` is the server's `--heartbeat`: after 2.5 times that without
 * a frame the client takes the connection for dead. The other options replace parts of the runtime.
 * @typedef {object} ClientOptions
 * @property {(state: State) => void} [onState] called on each change; a client starts as connecting
 * @property {() => string | Promise<string>} [token] asked for a new token when the current one
 *   expires soon; without it the connection ends with 4401
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
/** A connection must last this long before the client resets its count of failures. */
export const STABLE_MS = 5_000;
export const OPENING_MS_MAX = 10_000;

/** A server with too many clients gets more time, as if this many attempts had failed. */
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
 * The pause before the next attempt, in milliseconds. Full jitter spreads the clients of a lost server
 * over time.
 * @param {number} attempt counted from 0
 * @param {() => number} [random]
 */
export function backoff(attempt, random = Math.random) {
  return random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt);
}

/**
 * Connects to a server, and again after each lost connection, until `close`.
 * @param {string | (() => string)} url of `/ws`; a function is called before each attempt
 * @param {ClientOptions} [options]
 */
export function connect(url, options) {
  return new Client(url, options);
}

/** One connection, and the streams that continue on the next one. */
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
  /** Cancels the one pending timer or request. */
  #callOff = () => {};
  /** Attempts since the last stable connection. */
  #attempt = 0;
  #openedAt = Infinity;
  #heardAt = 0;
  /** The server asked for no attempt before this time. */
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
   * The newest position that any stream or heartbeat has reported; `undefined` before the first. It is for
   * display only: to resume, use the position of a stream.
   */
  get position() {
    return this.#streams.position;
  }

  /**
   * Opens a stream on this connection and all later ones. A connection takes each subscription once: the
   * server refuses an equal second one with `already_subscribed`.
   * @param {StreamRequest} request
   * @param {Handlers} handlers
   * @returns {Stream}
   */
  subscribe(request, handlers) {
    return this.#streams.open(request, handlers);
  }

  /** Connects now, also after a refusal. It does nothing while a socket is open or opening. */
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
    // A socket that the client has given up may still send events; ignore them.
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
   * Asks why the socket did not open. The state stays as it is until the answer.
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
      if (leftMs <= 0) this.#giveUp("The server has stopped sending");
      else this.#listenFor(leftMs);
    });
  }

  /** @param {unknown} data */
  #receive(data) {
    this.#heardAt = this.#options.clock.now();
    const frame = readFrame(data);
    if (frame === undefined) return this.#giveUp("The server does not speak tickwire's protocol");
    if (frame.op === "draining") this.#notBefore = this.#heardAt + frame.reconnectAfter;
    else if (frame.op === "token") void this.#authorize();
    else this.#streams.receive(frame);
  }

  /** Without a new token the connection stays until the server ends it. */
  async #authorize() {
    const socket = this.#socket;
    const token = await Promise.resolve(this.#options.token()).catch(() => "");
    if (token === "" || socket !== this.#socket) return;
    socket?.send(JSON.stringify({ op: "authorize", id: "token", token }));
  }

  /**
   * Ends the connection without waiting for a close from the other side, which may be unreachable.
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
