import { ClientError } from "./client_error.ts";
import type { Cohort, Member } from "./cohort.ts";
import type { Limits } from "./limits.ts";
import { CloseCode, type Socket } from "./socket.ts";
import type { Command, Message, RequestId, Subscribed, Subscription, Wire } from "./wire.ts";

/** Which protocol a client speaks; asked with its first frame, unless the address says so already. */
export type ChooseWire = (firstFrame: string) => Wire;

/** What a session needs of its hub. */
export interface Desk {
  readonly limits: Limits;
  now(): number;
  /** The cohort of an equal subscription, made when there is none. @throws {ClientError} beyond a limit */
  cohortOf(subscription: Subscription, id?: RequestId): Cohort;
  join(member: Member, cohort: Cohort): Snapshot;
  leave(member: Member, cohort: Cohort): void;
  /** The session is over. */
  left(session: Session): void;
}

export type Snapshot = Pick<Subscribed, "position" | "symbols" | "unknown" | "snapshot">;

/** One client from connect to close. */
export class Session implements Member {
  readonly #socket: Socket;
  readonly #desk: Desk;
  readonly #chooseWire: ChooseWire;
  readonly #cohorts = new Map<string, Cohort>();
  #wire: Wire | undefined;
  #closed = false;
  /** Commands that may be given at once; refills with time. */
  #allowance: number;
  #refilledAt: number;
  #sentAt: number;
  #sentLength = 0;
  /** The most that is known to have reached the network, and when it last grew. */
  #drained = 0;
  #progressAt: number;

  constructor(socket: Socket, desk: Desk, wire: Wire | ChooseWire) {
    this.#socket = socket;
    this.#desk = desk;
    this.#wire = typeof wire === "function" ? undefined : wire;
    this.#chooseWire = typeof wire === "function" ? wire : () => wire;
    this.#allowance = desk.limits.commandsBurst;
    this.#refilledAt = this.#sentAt = this.#progressAt = desk.now();
  }

  get full(): boolean {
    return this.#socket.buffered > this.#desk.limits.bufferedBytesMax;
  }

  send(text: string): void {
    if (this.#closed) return;
    this.#sentAt = this.#desk.now();
    this.#sentLength += text.length;
    this.#socket.send(text);
  }

  tooSlow(): void {
    this.close(CloseCode.tooSlow, "The client does not read fast enough");
  }

  /** A text frame has arrived. */
  receive(text: string): void {
    if (this.#closed) return;
    const tooLarge = text.length > this.#desk.limits.frameBytesMax;
    const wire = this.#wire ??= this.#chooseWire(tooLarge ? "" : text);
    if (this.full) return this.tooSlow();
    if (!this.#spend()) return;
    try {
      if (tooLarge) {
        throw new ClientError(
          "too_large",
          `Cannot read a frame of ${text.length} characters: the limit is ${this.#desk.limits.frameBytesMax}`,
        );
      }
      const command = wire.decode(text);
      if (command !== undefined) this.#perform(command);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** A binary frame has arrived: every protocol here is text. */
  receiveBinary(): void {
    this.close(CloseCode.badRequest, "Cannot read a binary frame: send JSON as text");
  }

  /** Performs the command that the client's address stands for; a bad one ends the session. */
  begin(command: () => Command): void {
    if (this.#closed) return;
    try {
      this.#perform(command());
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#refuse(error);
      this.close(CloseCode.badRequest, error.message);
    }
  }

  /** The connection is gone. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cohort of this.#cohorts.values()) this.#desk.leave(this, cohort);
    this.#cohorts.clear();
    this.#desk.left(this);
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closed) return;
    this.closed();
    this.#socket.close(code, closeReason(reason));
  }

  /** Says that the server goes away. */
  drain(reconnectAfter: number): void {
    this.#say({ kind: "draining", reconnectAfter });
  }

  /** Sends what is due by the clock, and gives up on a client that reads nothing. */
  tend(now: number, seq: number): void {
    const { buffered } = this.#socket;
    const drained = this.#sentLength - buffered;
    if (buffered === 0 || drained > this.#drained) {
      this.#drained = Math.max(this.#drained, drained);
      this.#progressAt = now;
    } else if (now - this.#progressAt >= this.#desk.limits.stalledMsMax) {
      return this.tooSlow();
    }
    // Nothing is written to a socket that still holds unsent bytes: it would look like progress.
    if (buffered === 0 && now - this.#sentAt >= this.#desk.limits.heartbeatMs) {
      this.#say({ kind: "heartbeat", seq, time: now });
    }
  }

  #perform(command: Command): void {
    switch (command.kind) {
      case "subscribe":
        return this.#subscribe(command.subscription, command.id, command.from);
      case "replace":
        // A subscription that is beyond a limit must not cost the session the one it has.
        this.#desk.cohortOf(command.subscription);
        for (const sub of this.#cohorts.keys()) this.#leave(sub);
        return this.#subscribe(command.subscription);
      case "unsubscribe":
        if (!this.#leave(command.sub)) {
          throw new ClientError(
            "unknown_sub",
            `Cannot unsubscribe from ${
              JSON.stringify(command.sub.slice(0, 100))
            }: there is no such subscription`,
            { id: command.id },
          );
        }
        return this.#say({ kind: "unsubscribed", id: command.id, sub: command.sub });
      case "ping":
        return this.#say({ kind: "pong", id: command.id, time: this.#desk.now() });
    }
  }

  #subscribe(subscription: Subscription, id?: RequestId, from?: string | number): void {
    const { subscriptionsMax } = this.#desk.limits;
    if (this.#cohorts.size >= subscriptionsMax) {
      throw new ClientError(
        "too_many_subscriptions",
        `Cannot subscribe: ${subscriptionsMax} subscriptions are the limit of a connection`,
        { id },
      );
    }
    const cohort = this.#desk.cohortOf(subscription, id);
    const { sub } = cohort;
    if (this.#cohorts.has(sub)) {
      throw new ClientError(
        "already_subscribed",
        `Cannot subscribe: ${sub} is the same subscription`,
        { id },
      );
    }
    this.#cohorts.set(sub, cohort);
    const snapshot = this.#desk.join(this, cohort);
    this.#say({
      kind: "subscribed",
      id,
      sub,
      subscription: cohort.subscription,
      recovered: from === undefined,
      reason: from === undefined ? undefined : "This server cannot start in the past",
      ...snapshot,
    });
  }

  #leave(sub: string): boolean {
    const cohort = this.#cohorts.get(sub);
    if (cohort === undefined) return false;
    this.#cohorts.delete(sub);
    this.#desk.leave(this, cohort);
    return true;
  }

  #say(message: Message): void {
    const text = this.#wire?.encode(message);
    if (text !== undefined) this.send(text);
  }

  #refuse(error: unknown): void {
    if (!(error instanceof ClientError)) throw error;
    const { id, code, message, retryAfter } = error;
    this.#say({ kind: "error", id, code, message, retryAfter });
  }

  /** @returns whether one more command may be given now */
  #spend(): boolean {
    const { commandsPerSecond, commandsBurst } = this.#desk.limits;
    const now = this.#desk.now();
    const refill = (now - this.#refilledAt) / 1_000 * commandsPerSecond;
    this.#allowance = Math.min(commandsBurst, this.#allowance + refill) - 1;
    this.#refilledAt = now;
    if (this.#allowance >= 0) return true;
    if (this.#allowance < -commandsBurst) {
      this.close(CloseCode.tooMany, "Too many commands");
    } else {
      const retryAfter = Math.ceil(-this.#allowance / commandsPerSecond * 1_000);
      this.#refuse(
        new ClientError(
          "too_many_commands",
          `Cannot take more than ${commandsPerSecond} commands a second`,
          { retryAfter },
        ),
      );
    }
    return false;
  }
}

/** Close reasons hold at most 123 bytes. */
function closeReason(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= 123) return text;
  return new TextDecoder().decode(bytes.subarray(0, 119)).replace(/\uFFFD+$/, "") + "…";
}
