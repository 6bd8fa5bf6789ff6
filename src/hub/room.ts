import { Allowance } from "./allowance.ts";
import type { Limits } from "./limits.ts";
import { Progress } from "./progress.ts";
import { CloseCode, type Socket } from "./socket.ts";
import type { Tenure } from "./tenure.ts";

/** A message as it came, and how many bytes it is. */
interface RoomMessage {
  readonly text: string;
  readonly bytes: number;
}

const encoder = new TextEncoder();

/** Those who share what each of them says, and the newest that was said. */
export class Room {
  /** Takes a message elsewhere, from where it comes back by `arrive`, if it can. */
  readonly #carry: (text: string, sender: RoomMember) => boolean;
  readonly #members = new Set<RoomMember>();
  #newest: RoomMessage | undefined;

  constructor(carry: (text: string, sender: RoomMember) => boolean = () => false) {
    this.#carry = carry;
  }

  get size(): number {
    return this.#members.size;
  }

  get newest(): RoomMessage | undefined {
    return this.#newest;
  }

  join(member: RoomMember): void {
    this.#members.add(member);
    if (this.#newest !== undefined) member.give(this.#newest);
  }

  leave(member: RoomMember): void {
    this.#members.delete(member);
  }

  /** Gives a message to all but its sender, so that everybody meets all messages in one order. */
  pass(text: string, sender: RoomMember): void {
    if (!this.#carry(text, sender)) this.arrive(text, sender);
  }

  /** A message has come. @param sender if it is of a client here */
  arrive(text: string, sender: object | undefined): void {
    const message = { text, bytes: encoder.encode(text).length };
    this.#newest = message;
    for (const member of this.#members) if (member !== sender) member.give(message);
  }
}

export interface RoomMemberOptions {
  readonly socket: Socket;
  readonly room: Room;
  readonly limits: Limits;
  readonly tenure: Tenure;
  now(): number;
  /** Told that something is on its way to this client, so that it has to be tended. */
  owed(): void;
  /** Told that it has missed a message, or has one to be passed on, so that `flush` is to be called. */
  waits(): void;
  /** Told that the client is gone. */
  left(): void;
}

/** One client of a room, from connect to close. */
export class RoomMember {
  readonly #options: RoomMemberOptions;
  readonly #allowance: Allowance;
  /** As long as something may be unsent. */
  #progress: Progress | undefined;
  /** It has missed a message because it does not read fast enough. */
  #behind = false;
  /** The newest that it has sent beyond its allowance. */
  #unpassed: string | undefined;
  #closed = false;

  constructor(options: RoomMemberOptions) {
    this.#options = options;
    options.tenure.holder = this;
    this.#allowance = new Allowance(options.limits.roomMessagesPerSecond, options.now());
  }

  /** A text frame has arrived. */
  receive(text: string): void {
    if (this.#closed) return;
    const { roomMessageMax } = this.#options.limits;
    if (text.length > roomMessageMax) {
      const reason = `Cannot pass on ${text.length} characters: the limit is ${roomMessageMax}`;
      return this.close(CloseCode.badRequest, reason);
    }
    if (!isObjectOrArray(text)) {
      const reason = "Cannot pass on what is not a JSON object or array";
      return this.close(CloseCode.badRequest, reason);
    }
    // A message too many takes the place of the one before it that waits: the newest is what counts.
    const isWaiting = this.#unpassed !== undefined;
    this.#unpassed = text;
    if (!isWaiting && !this.#passOn()) this.#options.waits();
  }

  /** A binary frame has arrived. */
  receiveBinary(): void {
    this.close(CloseCode.badRequest, "Cannot pass on a binary frame: send JSON as text");
  }

  /** The connection is gone. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The last that it said is what the others are to be left with.
    if (this.#unpassed !== undefined) this.#options.room.pass(this.#unpassed, this);
    this.#options.room.leave(this);
    this.#options.tenure.end();
    this.#options.left();
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closed) return;
    this.closed();
    this.#options.socket.close(code, reason);
  }

  /** Sends a message, unless so much is unsent that nothing may be added: then the newest comes later. */
  give({ text, bytes }: RoomMessage): void {
    const { socket, limits, now, owed, waits } = this.#options;
    this.#behind = socket.buffered > limits.bufferedBytesMax;
    if (this.#behind) return waits();
    if (this.#progress === undefined) {
      this.#progress = new Progress(now());
      owed();
    }
    this.#progress.sent(bytes);
    socket.send(text);
  }

  /** Passes on what waits, and sends the newest message if that was missed. @returns whether all is done */
  flush(): boolean {
    const { newest } = this.#options.room;
    const isPassed = this.#closed || this.#unpassed === undefined || this.#passOn();
    if (!this.#closed && this.#behind && newest !== undefined) this.give(newest);
    return this.#closed || (isPassed && !this.#behind);
  }

  /** Gives what waits to the others, if its sender may send so much. @returns whether it did */
  #passOn(): boolean {
    const { room, now } = this.#options;
    if (!this.#allowance.take(now())) return false;
    const text = this.#unpassed!;
    this.#unpassed = undefined;
    // What it has missed came before what it says itself: to get that later would turn the order round.
    this.#behind = false;
    room.pass(text, this);
    return true;
  }

  /** Gives up on a client that does not read. @returns whether anything is still on its way to it */
  tend(now: number): boolean {
    const { socket, limits } = this.#options;
    if (this.#closed || this.#progress === undefined) return false;
    if (this.#progress.stalledMs(socket.buffered, now) >= limits.stalledMsMax) {
      this.close(CloseCode.tooSlow, "The client does not read fast enough");
    } else if (socket.buffered === 0) {
      this.#progress = undefined;
    }
    return !this.#closed && this.#progress !== undefined;
  }
}

function isObjectOrArray(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
