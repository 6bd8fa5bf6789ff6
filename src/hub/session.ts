import { isNestedTooDeeply } from "../core/nesting.ts";
import { Allowance } from "./allowance.ts";
import { ClientError } from "./client_error.ts";
import { type Desk, Links, type Outlet } from "./links.ts";
import { Progress } from "./progress.ts";
import { CloseCode, type Socket } from "./socket.ts";
import type { Command, Message, Wire } from "./wire.ts";

/** Which protocol a client speaks; asked with its first frame, unless the address says so already. */
export type ChooseWire = (firstFrame: string) => Wire;

/** Commands are taken while no more than so many times the high-water mark is unsent. */
const UNREAD_ANSWERS_FACTOR = 4;

/** One client from connect to close. */
export class Session implements Outlet {
  readonly #socket: Socket;
  readonly #desk: Desk;
  readonly #chooseWire: ChooseWire;
  readonly #left: () => void;
  readonly #links: Links;
  readonly #allowance: Allowance;
  #wire: Wire | undefined;
  #closed = false;
  #sentAt: number;
  readonly #progress: Progress;

  /** @param left told that the session is over */
  constructor(socket: Socket, desk: Desk, wire: Wire | ChooseWire, left: () => void) {
    this.#socket = socket;
    this.#desk = desk;
    this.#left = left;
    this.#wire = typeof wire === "function" ? undefined : wire;
    this.#chooseWire = typeof wire === "function" ? wire : () => wire;
    const { commandsPerSecond, commandsBurst } = desk.limits;
    this.#sentAt = desk.elapsed();
    this.#progress = new Progress(this.#sentAt);
    this.#links = new Links(desk, this);
    this.#allowance = new Allowance(commandsPerSecond, commandsBurst, this.#sentAt);
  }

  get full(): boolean {
    return this.#socket.buffered > this.#desk.limits.bufferedBytesMax;
  }

  get subscriptionsMax(): number {
    const { patternsMax, subscriptionsMax } = this.#desk.limits;
    return this.#wire?.single ? patternsMax : subscriptionsMax;
  }

  send(text: string): void {
    if (this.#closed) return;
    this.#sentAt = this.#desk.elapsed();
    this.#progress.sent(text.length);
    this.#socket.send(text);
  }

  /** Says what the protocol says first. */
  greet(): void {
    const greeting = this.#wire?.greeting;
    if (greeting !== undefined) this.send(greeting);
  }

  /** A text frame has arrived. */
  receive(text: string): void {
    if (this.#closed) return;
    const tooLarge = text.length > this.#desk.limits.frameBytesMax;
    const wire = this.#wire ??= this.#chooseWire(tooLarge ? "" : text);
    // A client that is behind may say so; one that never reads the answers may not go on asking.
    const { bufferedBytesMax } = this.#desk.limits;
    if (this.#socket.buffered > UNREAD_ANSWERS_FACTOR * bufferedBytesMax) return this.#tooSlow();
    if (!this.#spend()) return;
    try {
      if (tooLarge) {
        throw new ClientError(
          "too_large",
          `Cannot read a frame of ${text.length} characters: the limit is ${this.#desk.limits.frameBytesMax}`,
        );
      }
      if (isNestedTooDeeply(text)) {
        throw new ClientError("bad_json", "Cannot read the frame: it is nested too deeply");
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
      if (!(error instanceof ClientError)) {
        this.closed();
        throw error;
      }
      this.#refuse(error);
      this.close(CloseCode.badRequest, error.message);
    }
  }

  /** The connection is gone. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#links.leaveAll();
    this.#left();
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closed) return;
    this.closed();
    this.#socket.close(code, closeReason(reason));
  }

  /** Says that the server goes away. */
  drain(reconnectAfter: number): void {
    this.say({ kind: "draining", reconnectAfter });
  }

  /** Sends what is due by now, and gives up on a client that reads nothing. */
  tend(now: number, seq: number): void {
    const { buffered } = this.#socket;
    const stalledMs = this.#progress.stalledMs(buffered, now);
    if (stalledMs >= this.#desk.limits.stalledMsMax) return this.#tooSlow();
    // Nothing is written to a socket that still holds unsent bytes: it would look like progress.
    if (buffered === 0 && now - this.#sentAt >= this.#heartbeatMs()) {
      this.say({ kind: "heartbeat", seq, time: this.#desk.now() });
    }
  }

  #heartbeatMs(): number {
    const own = this.#wire?.heartbeatMs;
    if (own === undefined) return this.#desk.limits.heartbeatMs;
    return this.#links.count > 0 ? own : Infinity;
  }

  #perform(command: Command): void {
    const { kind } = command;
    if (kind === "ping") {
      return this.say({ kind: "pong", id: command.id, time: this.#desk.now() });
    }
    if (kind === "answer") return this.send(command.text);
    if (kind === "several") return this.#performEach(command.commands);
    if (kind === "subscribe") return this.#links.subscribe(command);
    if (kind === "replace") return this.#links.replace(command.subscription);
    if (kind === "update") return this.#links.update(command);
    return this.#links.unsubscribe(command);
  }

  #performEach(commands: readonly Command[]): void {
    for (const command of commands) {
      if (this.#closed) return;
      try {
        this.#perform(command);
      } catch (error) {
        this.#refuse(error);
      }
    }
  }

  #tooSlow(): void {
    this.close(CloseCode.tooSlow, "The client does not read fast enough");
  }

  say(message: Message): void {
    const texts = this.#wire?.encode(message);
    for (const text of [texts ?? []].flat()) this.send(text);
  }

  #refuse(error: unknown): void {
    if (!(error instanceof ClientError)) throw error;
    const { id, code, message, retryAfter } = error;
    this.say({ kind: "error", id, code, message, retryAfter });
  }

  /** @returns whether one more command may be given now */
  #spend(): boolean {
    const retryAfter = this.#allowance.take(this.#desk.elapsed());
    if (retryAfter === 0) return true;
    if (retryAfter === undefined) {
      this.close(CloseCode.tooMany, "Too many commands");
      return false;
    }
    const { commandsPerSecond } = this.#desk.limits;
    const message = `Cannot take more than ${commandsPerSecond} commands a second`;
    this.#refuse(new ClientError("too_many_commands", message, { retryAfter }));
    return false;
  }
}

/** Close reasons hold at most 123 bytes. */
function closeReason(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= 123) return text;
  return new TextDecoder().decode(bytes.subarray(0, 119)).replace(/\uFFFD+$/, "") + "…";
}
