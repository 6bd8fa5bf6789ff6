// What the page has subscribed to, said in the native protocol.

/** @import { Clock } from "./connection.js" */

/**
 * @typedef {object} SubscribeRequest
 * @property {readonly string[]} symbols
 * @property {string} channel
 * @property {string} [mode]
 * @property {number} [every]
 * @property {string} [format]
 */

/**
 * The server's answer to a subscription, as far as the page uses it.
 * @typedef {object} Reply
 * @property {string} position
 * @property {readonly string[]} columns
 * @property {readonly string[]} symbols
 * @property {readonly Record<string, unknown>[]} snapshot
 */

/**
 * `joined` is called again after each break: before it there may be a gap.
 * @typedef {object} Listener
 * @property {(reply: Reply) => void} joined
 * @property {(symbols: readonly string[]) => void} appeared
 * @property {(rows: readonly (readonly unknown[])[]) => void} received
 * @property {(message: string) => void} failed
 */

/**
 * A frame of the server; which of the fields it has depends on `op`.
 * @typedef {Reply & {
 *   op: string, sub: string, id?: number, seq: number, prev: number, add: readonly string[],
 *   rows: readonly (readonly unknown[])[], message: string, retryAfter?: number, code: string,
 *   reconnectAfter: number,
 * }} Frame
 */

/**
 * Of a joined one, `seq` is that of its newest frame.
 * @typedef {{ kind: "wanted" }
 *   | { kind: "asked", id: number }
 *   | { kind: "joined", sub: string, seq: number, at: number }
 *   | { kind: "failed" }} Stage
 */

/**
 * @typedef {object} Subscription
 * @property {SubscribeRequest} request
 * @property {Listener} listener
 * @property {Stage} stage
 */

/**
 * @typedef {object} SubscriptionsOptions
 * @property {Clock} clock
 * @property {(frame: Record<string, unknown>) => void} send
 * @property {(reason: string) => void} giveUp ends the connection; another one may do better
 */

/** A loss so soon after joining is likely to come again at once. */
const JOIN_MS_MIN = 1_000;

export class Subscriptions {
  /** @type {SubscriptionsOptions} */
  #options;
  #isOpen = false;
  /** @type {Set<Subscription>} */
  #wanted = new Set();
  /** @type {Map<string, Subscription>} */
  #joined = new Map();
  /**
   * One at a time is asked for. One that is left before it is answered has no name yet by which it
   * could be ended; asked for again meanwhile, it would be refused as a second one.
   * @type {Subscription | undefined}
   */
  #asked;
  #id = 0;
  #epoch = "";
  #seq = 0;

  /** @param {SubscriptionsOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get position() {
    return this.#epoch === "" ? "" : `${this.#epoch}:${this.#seq}`;
  }

  /**
   * @param {SubscribeRequest} request
   * @param {Listener} listener
   * @returns {() => void} ends the subscription
   */
  add(request, listener) {
    /** @type {Subscription} */
    const subscription = { request, listener, stage: { kind: "wanted" } };
    this.#wanted.add(subscription);
    this.#askNext();
    return () => {
      this.#wanted.delete(subscription);
      this.#end(subscription);
    };
  }

  /** A connection is open. */
  opened() {
    this.#isOpen = true;
    this.#askNext();
  }

  /** The connection is gone, and all subscriptions with it. */
  closed() {
    this.#isOpen = false;
    this.#asked = undefined;
    this.#joined.clear();
    for (const subscription of this.#wanted) subscription.stage = { kind: "wanted" };
  }

  /** @param {Frame} frame */
  receive(frame) {
    if (typeof frame.seq === "number") this.#seq = Math.max(this.#seq, frame.seq);
    switch (frame.op) {
      case "data":
        return this.#data(frame);
      case "symbols":
        return this.#joined.get(frame.sub)?.listener.appeared(frame.add);
      case "subscribed":
        return this.#subscribed(frame);
      case "error":
        return this.#refused(frame);
    }
  }

  #askNext() {
    if (!this.#isOpen || this.#asked !== undefined) return;
    for (const subscription of this.#wanted) {
      if (subscription.stage.kind !== "wanted") continue;
      this.#asked = subscription;
      subscription.stage = { kind: "asked", id: ++this.#id };
      this.#options.send({ op: "subscribe", id: this.#id, ...subscription.request });
      return;
    }
  }

  /** @param {Subscription} subscription */
  #end({ stage }) {
    if (stage.kind !== "joined" || !this.#joined.delete(stage.sub)) return;
    this.#options.send({ op: "unsubscribe", sub: stage.sub });
  }

  /** @param {Frame} frame */
  #data({ sub, prev, seq, rows }) {
    const subscription = this.#joined.get(sub);
    if (subscription?.stage.kind !== "joined") return;
    const { stage, listener } = subscription;
    if (prev === stage.seq) {
      stage.seq = seq;
      return listener.received(rows);
    }
    if (this.#options.clock.now() - stage.at < JOIN_MS_MIN) {
      return this.#options.giveUp("Data was lost on the way");
    }
    this.#end(subscription);
    subscription.stage = { kind: "wanted" };
    this.#askNext();
  }

  /** @param {Frame} reply */
  #subscribed(reply) {
    const subscription = this.#answered(reply.id);
    if (subscription === undefined) return;
    const [epoch = "", position] = reply.position.split(":");
    const seq = Number(position);
    this.#seq = epoch === this.#epoch ? Math.max(this.#seq, seq) : seq;
    this.#epoch = epoch;
    this.#joined.set(reply.sub, subscription);
    subscription.stage = { kind: "joined", sub: reply.sub, seq, at: this.#options.clock.now() };
    if (this.#wanted.has(subscription)) subscription.listener.joined(reply);
    else this.#end(subscription);
    this.#askNext();
  }

  /** @param {Frame} error */
  #refused({ id, code, message, retryAfter }) {
    if (code === "already_subscribed") return this.#options.giveUp("The server has lost count");
    if (retryAfter !== undefined) return this.#askLater(retryAfter);
    const subscription = this.#answered(id);
    if (subscription === undefined) return;
    subscription.stage = { kind: "failed" };
    if (this.#wanted.has(subscription)) subscription.listener.failed(message);
    this.#askNext();
  }

  /**
   * Too many commands were given, and the error does not say which one was not read.
   * @param {number} delayMs
   */
  #askLater(delayMs) {
    const subscription = this.#asked;
    const stage = subscription?.stage;
    this.#options.clock.after(delayMs, () => {
      if (subscription === undefined || subscription.stage !== stage) return;
      this.#asked = undefined;
      subscription.stage = { kind: "wanted" };
      this.#askNext();
    });
  }

  /**
   * @param {number | undefined} id
   * @returns the subscription that has waited for this answer
   */
  #answered(id) {
    const subscription = this.#asked;
    if (subscription?.stage.kind !== "asked" || subscription.stage.id !== id) return undefined;
    this.#asked = undefined;
    return subscription;
  }
}
