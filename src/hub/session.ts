import { isNestedTooDeeply } from "../core/nesting.ts";
import { TapeError } from "../store/tape_error.ts";
import { RequestQueue, RETRY_MS, tooManyCommands } from "./request_queue.ts";
import { ClientError } from "./client_error.ts";
import type { SubscriptionHost } from "./subscription_host.ts";
import { type ClientConnection, Subscriptions } from "./subscriptions.ts";
import { Progress } from "./progress.ts";
import type { QueueMember } from "./fair_queue.ts";
import { CloseCode, type Socket } from "./socket.ts";
import type { ConnectionGrant, GrantHolder } from "./connection_grant.ts";
import type { Command, Message, RequestId, Subscription, Wire } from "./wire.ts";

/** Chooses the protocol of a client by its first frame, if its URL does not tell. */
export type ChooseWire = (firstFrame: string) => Wire;

/** The frame of a client whose commands run. */
interface Frame {
  /** Those that have not run yet. */
  readonly commands: Command[];
  /** Whether its commands are answered with an error, because too many were waiting. */
  readonly refused: boolean;
}

/**
 * One client from connect to close. Its frames wait in a `RequestQueue`, and the session waits in
 * the hub's `FairQueue`, which calls `serve` when it is the session's turn. The wire then decodes
 * the next frame. Its commands run, one in a turn; `Subscriptions` runs those on subscriptions.
 */
export class Session implements GrantHolder, ClientConnection, QueueMember {
  readonly #socket: Socket;
  readonly #host: SubscriptionHost;
  readonly #chooseWire: ChooseWire;
  readonly #connectionGrant: ConnectionGrant;
  readonly #left: () => void;
  readonly #subscriptions: Subscriptions;
  readonly #requestQueue: RequestQueue;
  #frame: Frame = { commands: [], refused: false };
  #wire: Wire | undefined;
  #closed = false;
  #sentAt: number;
  readonly #progress: Progress;

  /** @param left called when the session ends */
  constructor(
    socket: Socket,
    host: SubscriptionHost,
    wire: Wire | ChooseWire,
    connectionGrant: ConnectionGrant,
    left: () => void,
  ) {
    this.#socket = socket;
    this.#host = host;
    this.#connectionGrant = connectionGrant;
    connectionGrant.holder = this;
    this.#requestQueue = new RequestQueue(host.queue, host.limits.commandsMax);
    this.#left = left;
    this.#wire = typeof wire === "function" ? undefined : wire;
    this.#chooseWire = typeof wire === "function" ? wire : () => wire;
    this.#sentAt = host.elapsed();
    this.#progress = new Progress(socket, this.#sentAt);
    this.#subscriptions = new Subscriptions(host, this);
  }

  get full(): boolean {
    return this.#socket.buffered > this.#host.limits.bufferedBytesMax;
  }

  get subscriptionsMax(): number {
    const { patternsMax, subscriptionsMax } = this.#host.limits;
    return this.#wire?.single ? patternsMax : subscriptionsMax;
  }

  send(text: string): void {
    if (this.#closed) return;
    this.#sentAt = this.#host.elapsed();
    this.#progress.send(text, this.#sentAt);
  }

  /** Sends the greeting of the protocol, if it has one. */
  greet(): void {
    const greeting = this.#wire?.greeting;
    if (greeting !== undefined) this.send(greeting);
  }

  /** A text frame has arrived. */
  receive(text: string): void {
    if (this.#closed) return;
    const { frameLengthMax: max } = this.#host.limits;
    const content = text.length > max ? tooLarge(text.length, max) : text;
    if (this.#requestQueue.add(content)) this.#host.queue.add(this);
    else this.close(CloseCode.tooMany, "Too many commands");
  }

  /** Runs the next command. @returns whether more wait */
  serve(): boolean {
    if (this.#frame.commands.length === 0) this.#readNext();
    const command = this.#frame.commands.shift();
    if (command !== undefined) this.#answer(command);
    return !this.#closed && this.#frame.commands.length + this.#requestQueue.size > 0;
  }

  /** A binary frame has arrived. All protocols here are text. */
  receiveBinary(): void {
    this.close(CloseCode.badRequest, "Cannot read a binary frame: send JSON as text");
  }

  /** Runs the command that the client's URL contains. A bad one ends the session. */
  begin(command: () => Command): void {
    if (this.#closed) return;
    try {
      this.#perform(command());
    } catch (error) {
      if (!(error instanceof ClientError)) {
        this.closed();
        throw error;
      }
      this.#refuse(error);
      const isForbidden = error.code === "not_allowed";
      this.close(isForbidden ? CloseCode.forbidden : CloseCode.badRequest, error.message);
    }
  }

  /** The connection is closed. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.queue.remove(this);
    this.#requestQueue.clear();
    this.#subscriptions.leaveAll();
    this.#connectionGrant.end();
    this.#left();
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closed) return;
    this.closed();
    this.#socket.close(code, closeReason(reason));
  }

  ending(expires: number): boolean {
    // The protocol is unknown before the first frame.
    if (this.#wire === undefined) return false;
    this.say({ kind: "token", expires });
    return true;
  }

  /** Announces that the server shuts down. */
  drain(reconnectAfter: number): void {
    this.say({ kind: "draining", reconnectAfter });
  }

  /** Sends a heartbeat if one is due, and closes a client that reads nothing. */
  tend(now: number, seq: number): void {
    const { stalledMsMax } = this.#host.limits;
    if (this.#progress.stalledMs(now) >= stalledMsMax) {
      return this.close(CloseCode.tooSlow, "The client does not read fast enough");
    }
    // A heartbeat into a socket with unsent bytes would look like progress.
    if (this.#socket.buffered === 0 && now - this.#sentAt >= this.#heartbeatMs()) {
      this.say({ kind: "heartbeat", seq, time: this.#host.now() });
    }
  }

  #heartbeatMs(): number {
    const own = this.#wire?.heartbeatMs;
    if (own === undefined) return this.#host.limits.heartbeatMs;
    return this.#subscriptions.count > 0 ? own : Infinity;
  }

  #readNext(): void {
    const next = this.#requestQueue.take();
    if (next === undefined) return;
    try {
      this.#frame = { commands: [...this.#decode(next.content)], refused: next.refused };
    } catch (error) {
      this.#refuse(error);
    }
  }

  #decode(content: string | ClientError): readonly Command[] {
    const isText = typeof content === "string";
    const wire = this.#wire ??= this.#chooseWire(isText ? content : "");
    if (!isText) throw content;
    if (isNestedTooDeeply(content)) {
      throw new ClientError("bad_json", "Cannot read the frame: it is nested too deeply");
    }
    return wire.decode(content);
  }

  /** Runs a command, or answers it with an error. */
  #answer(command: Command): void {
    try {
      // A command that contains its answer costs nothing.
      const isRefused = this.#frame.refused && command.kind !== "answer";
      if (isRefused) throw tooManyCommands(this.#host.limits.commandsMax);
      this.#checkRate(command);
      this.#perform(command);
    } catch (error) {
      this.#refuse(error, "id" in command ? command.id : undefined);
    }
  }

  #perform(command: Command): void {
    switch (command.kind) {
      case "ping":
        return this.say({ kind: "pong", id: command.id, time: this.#host.now() });
      case "answer":
        return this.send(command.text);
      case "authorize":
        return this.#authorize(command);
      case "subscribe": {
        const subscription = this.#withinGrant(command.subscription);
        return this.#subscriptions.subscribe({ ...command, subscription });
      }
      case "replace":
        return this.#subscriptions.replace(this.#withinGrant(command.subscription));
      case "update":
        return this.#subscriptions.update(command);
      case "unsubscribe":
        return this.#subscriptions.unsubscribe(command);
    }
  }

  /** Limits a subscription to what the client may see. @throws {ClientError} for other symbols */
  #withinGrant(subscription: Subscription): Subscription {
    const selection = subscription.selection.within(this.#connectionGrant.grant.read);
    return selection === subscription.selection ? subscription : { ...subscription, selection };
  }

  #authorize({ token, id }: Extract<Command, { kind: "authorize" }>): void {
    const { authorize } = this.#host;
    if (authorize === undefined) {
      throw new ClientError("bad_token", "Cannot authorize: the server knows no tokens");
    }
    authorize(token).then((grant) => {
      const { read } = this.#connectionGrant.grant;
      if (grant.read.key !== read.key) {
        const message = "Cannot authorize: the token is for other symbols, open a new connection";
        throw new ClientError("not_allowed", message);
      }
      if (this.#closed) return;
      this.#connectionGrant.renew(grant);
      this.say({ kind: "authorized", id, expires: grant.until === Infinity ? null : grant.until });
    }).catch((error: unknown) => this.#refuse(error, id));
  }

  #checkRate({ kind }: Command): void {
    const { rateLimit } = this.#connectionGrant.grant;
    if (rateLimit === undefined || kind === "authorize" || rateLimit.take(this.#host.now())) return;
    const message = "Cannot run the command: the token allows fewer commands a second";
    throw new ClientError("too_many_commands", message, { retryAfter: RETRY_MS });
  }

  say(message: Message): void {
    const texts = this.#wire?.encode(message);
    for (const text of [texts ?? []].flat()) this.send(text);
  }

  /** Sends an error with the id of its request. @throws an error of the server itself */
  #refuse(error: unknown, request?: RequestId): void {
    const isOurs = !(error instanceof ClientError);
    const { id = request, code, message, retryAfter } = isOurs ? failed(error) : error;
    this.say({ kind: "error", id, code, message, retryAfter });
    if (isOurs) throw error;
  }
}

/** What the client is told of an error of the server itself. */
function failed(error: unknown): ClientError {
  if (error instanceof TapeError) return new ClientError("tape_unreadable", error.message);
  return new ClientError("internal", "Cannot run the command: the server failed");
}

function tooLarge(length: number, limit: number): ClientError {
  const message = `Cannot read a frame of ${length} characters: the limit is ${limit}`;
  return new ClientError("too_large", message);
}

/** Close reasons hold at most 123 bytes. */
function closeReason(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= 123) return text;
  return new TextDecoder().decode(bytes.subarray(0, 119)).replace(/\uFFFD+$/, "") + "…";
}
