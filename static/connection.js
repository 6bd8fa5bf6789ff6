// The native protocol over one WebSocket. Every subscription is kept across connections.

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
 * @typedef {object} Socket
 * @property {(() => void) | null} onopen
 * @property {((event: { readonly data: unknown }) => void) | null} onmessage
 * @property {((event: { readonly code: number, readonly reason: string }) => void) | null} onclose
 * @property {(text: string) => void} send
 * @property {() => void} close
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
 * @property {string} sub
 * @property {string} position
 * @property {readonly string[]} columns
 * @property {readonly string[]} symbols
 * @property {readonly Record<string, unknown>[]} snapshot
 */

/**
 * `joined` is called again after each break: what came before it may have a gap.
 * @typedef {object} Listener
 * @property {(reply: Reply) => void} joined
 * @property {(symbols: readonly string[]) => void} appeared
 * @property {(rows: readonly (readonly unknown[])[]) => void} received
 * @property {(message: string) => void} failed
 */

/**
 * @typedef {object} Subscription
 * @property {SubscribeRequest} request
 * @property {Listener} listener
 * @property {"wanted" | "asked" | "joined" | "failed"} stage
 * @property {boolean} isLeft nobody listens, but the server may not know yet
 * @property {string} sub
 * @property {number} seq of the newest frame
 * @property {number} joinedAt
 */

/**
 * A frame of the server; which of the fields it has depends on `op`.
 * @typedef {Reply & {
 *   op: string, id?: number, seq: number, prev: number, rows: readonly (readonly unknown[])[],
 *   add: readonly string[], code: string, message: string, retryAfter?: number, reconnectAfter: number,
 * }} Frame
 */

export const BACKOFF_MS = 500;
export const BACKOFF_MS_MAX = 15_000;
/** Only a connection that has stayed up for so long makes the earlier failures forgotten. */
export const STABLE_MS = 5_000;
export const OPENING_MS_MAX = 10_000;
/** Two and a half heartbeats of the server. */
export const SILENCE_MS_MAX = 37_500;

/** Full jitter: clients that lost the same server come back spread over time. */
export function backoff(/** @type {number} */ attempt, /** @type {() => number} */ random) {
  return random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt);
}

/** What each close code that forbids to come back means; any other code is met with an attempt. */
const REFUSALS = new Map([
  [4400, "The server does not understand this page"],
  [4401, "The server asks for a key"],
  [4403, "The server does not allow this page"],
]);

/** One connection to the server, which comes back by itself. */
export class Connection {
  /** @type {ConnectionOptions} */
  #options;
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
  /** @type {Set<Subscription>} */
  #subscriptions = new Set();
  /** @type {Map<string, Subscription>} */
  #bySub = new Map();
  /** The one subscription whose answer is awaited. @type {Subscription | undefined} */
  #asked;
  #id = 0;
  #epoch = "";
  #seq = 0;

  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get state() {
    return this.#state;
  }

  /** The newest position heard of, `epoch:seq`, or an empty text before the first. */
  get position() {
    return this.#epoch === "" ? "" : `${this.#epoch}:${this.#seq}`;
  }

  /** Connects now; does nothing while a connection is open or on its way. */
  retry() {
    if (this.#socket !== undefined) return;
    this.#callOff();
    const { url, WebSocket, clock } = this.#options;
    const socket = this.#socket = new WebSocket(url());
    // A socket that was given up may still have something to say; nobody listens to it.
    const isCurrent = () => socket === this.#socket;
    socket.onopen = () => isCurrent() && this.#opened();
    socket.onmessage = ({ data }) => isCurrent() && this.#receive(String(data));
    socket.onclose = ({ code, reason }) => isCurrent() && this.#closed(code, reason);
    this.#callOff = clock.after(OPENING_MS_MAX, () => this.#giveUp("The server does not answer"));
    this.#enter({ kind: "connecting" });
  }

  /**
   * @param {SubscribeRequest} request
   * @param {Listener} listener
   * @returns {() => void} ends the subscription
   */
  subscribe(request, listener) {
    /** @type {Subscription} */
    const subscription = {
      request,
      listener,
      stage: "wanted",
      isLeft: false,
      sub: "",
      seq: 0,
      joinedAt: 0,
    };
    this.#subscriptions.add(subscription);
    this.#askNext();
    return () => this.#leave(subscription);
  }

  /** @param {State} state */
  #enter(state) {
    this.#state = state;
    this.#options.changed(state);
  }

  #opened() {
    this.#openedAt = this.#heardAt = this.#options.clock.now();
    this.#listenFor(SILENCE_MS_MAX);
    for (const subscription of this.#subscriptions) subscription.stage = "wanted";
    this.#enter({ kind: "live" });
    this.#askNext();
  }

  /** @param {number} delayMs */
  #listenFor(delayMs) {
    this.#callOff();
    this.#callOff = this.#options.clock.after(delayMs, () => {
      const silence = this.#options.clock.now() - this.#heardAt;
      if (silence >= SILENCE_MS_MAX) this.#giveUp("The server has fallen silent");
      else this.#listenFor(SILENCE_MS_MAX - silence);
    });
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
    this.#asked = undefined;
    this.#bySub.clear();
    const refusal = REFUSALS.get(code);
    if (refusal !== undefined) return this.#enter({ kind: "refused", reason: reason || refusal });

    if (now - this.#openedAt >= STABLE_MS) this.#attempt = 0;
    this.#openedAt = Infinity;
    const until = Math.max(this.#notBefore, now + backoff(this.#attempt++, random));
    this.#callOff = clock.after(until - now, () => this.retry());
    this.#enter({ kind: "waiting", until, reason: reason || "The connection was lost" });
  }

  /**
   * Asks for one subscription at a time. One that is left before its answer came has no name by which
   * it could be ended; asked for again at once, it would be refused as a second one.
   */
  #askNext() {
    if (this.#state.kind !== "live" || this.#asked !== undefined) return;
    for (const subscription of this.#subscriptions) {
      if (subscription.stage !== "wanted") continue;
      this.#asked = subscription;
      subscription.stage = "asked";
      this.#send({ op: "subscribe", id: ++this.#id, ...subscription.request });
      return;
    }
  }

  /** @param {Subscription} subscription */
  #leave(subscription) {
    subscription.isLeft = true;
    if (subscription === this.#asked) return;
    this.#subscriptions.delete(subscription);
    if (subscription.stage === "joined") this.#unsubscribe(subscription);
  }

  /** @param {Subscription} subscription */
  #unsubscribe({ sub }) {
    this.#bySub.delete(sub);
    this.#send({ op: "unsubscribe", sub });
  }

  /** @param {Record<string, unknown>} frame */
  #send(frame) {
    this.#socket?.send(JSON.stringify(frame));
  }

  /** @param {string} text */
  #receive(text) {
    this.#heardAt = this.#options.clock.now();
    const frame = /** @type {Frame} */ (JSON.parse(text));
    if (typeof frame.seq === "number") this.#seq = Math.max(this.#seq, frame.seq);
    switch (frame.op) {
      case "data":
        return this.#data(frame);
      case "symbols":
        return this.#bySub.get(frame.sub)?.listener.appeared(frame.add);
      case "subscribed":
        return this.#joined(frame);
      case "error":
        return this.#refused(frame);
      case "draining":
        this.#notBefore = this.#heardAt + frame.reconnectAfter;
    }
  }

  /** @param {Frame} frame */
  #data({ sub, prev, seq, rows }) {
    const subscription = this.#bySub.get(sub);
    if (subscription === undefined) return;
    if (prev === subscription.seq) {
      subscription.seq = seq;
      return subscription.listener.received(rows);
    }
    // A loss right after joining would come again with every attempt, so that one waits its turn.
    if (this.#heardAt - subscription.joinedAt < STABLE_MS) return this.#giveUp("Data was lost");
    this.#unsubscribe(subscription);
    subscription.stage = "wanted";
    this.#askNext();
  }

  /** @param {Frame} reply */
  #joined(reply) {
    const subscription = this.#asked;
    if (subscription === undefined || reply.id !== this.#id) return;
    const [epoch = "", seq = "0"] = reply.position.split(":");
    this.#seq = epoch === this.#epoch ? Math.max(this.#seq, Number(seq)) : Number(seq);
    this.#epoch = epoch;
    this.#asked = undefined;
    Object.assign(subscription, {
      stage: "joined",
      sub: reply.sub,
      seq: Number(seq),
      joinedAt: this.#heardAt,
    });
    this.#bySub.set(reply.sub, subscription);
    if (subscription.isLeft) this.#leave(subscription);
    else subscription.listener.joined(reply);
    this.#askNext();
  }

  /** @param {Frame} error */
  #refused({ id, code, message, retryAfter }) {
    const subscription = this.#asked;
    // Only "too many commands" comes without an id: the frame was not even read.
    if (subscription === undefined || (id ?? this.#id) !== this.#id) return;
    if (code === "already_subscribed") return this.#giveUp("The server has lost count");
    if (subscription.isLeft) this.#subscriptions.delete(subscription);
    if (retryAfter !== undefined) {
      const socket = this.#socket;
      this.#options.clock.after(retryAfter, () => {
        if (socket !== this.#socket || this.#asked !== subscription) return;
        this.#asked = undefined;
        subscription.stage = "wanted";
        this.#askNext();
      });
      return;
    }
    this.#asked = undefined;
    subscription.stage = "failed";
    subscription.listener.failed(message);
    this.#askNext();
  }
}
