import { RateLimit } from "./rate_limit.ts";
import type { Limits } from "./limits.ts";
import { Progress } from "./progress.ts";
import { CloseCode, type Socket } from "./socket.ts";
import type { ConnectionGrant } from "./connection_grant.ts";

/** The members of a room and its newest message. */
export class Room {
  /** Hands a message to a carrier, which returns it by `arrive`; `false` if there is no carrier. */
  readonly #carry: (text: string, sender: RoomMember) => boolean;
  readonly #members = new Set<RoomMember>();
  #newest: string | undefined;

  constructor(carry: (text: string, sender: RoomMember) => boolean = () => false) {
    this.#carry = carry;
  }

  get size(): number {
    return this.#members.size;
  }

  get newest(): string | undefined {
    return this.#newest;
  }

  join(member: RoomMember): void {
    this.#members.add(member);
    if (this.#newest !== undefined) member.give(this.#newest);
  }

  leave(member: RoomMember): void {
    this.#members.delete(member);
  }

  /** Passes a message to all but its sender. All members see all messages in the same order. */
  pass(text: string, sender: RoomMember): void {
    if (!this.#carry(text, sender)) this.arrive(text, sender);
  }

  /** Delivers a message. @param sender its sender, if that is a member here */
  arrive(text: string, sender: object | undefined): void {
    this.#newest = text;
    for (const member of this.#members) if (member !== sender) member.give(text);
  }
}

export interface RoomMemberOptions {
  readonly socket: Socket;
  readonly room: Room;
  readonly limits: Limits;
  readonly connectionGrant: ConnectionGrant;
  now(): number;
  /** Called when the client has unsent bytes and needs `tend`. */
  owed(): void;
  /** Called when the client has missed a message or has one to pass on, and needs `flush`. */
  waits(): void;
  /** Called when the connection is closed. */
  left(): void;
}

/** One client of a room, from connect to close. */
export class RoomMember {
  readonly #options: RoomMemberOptions;
  readonly #rateLimit: RateLimit;
  /** Set while there may be unsent bytes. */
  #progress: Progress | undefined;
  /** Whether it missed a message because it reads too slowly. */
  #behind = false;
  /** Its newest message beyond its allowance. */
  #unpassed: string | undefined;
  #closed = false;

  constructor(options: RoomMemberOptions) {
    this.#options = options;
    options.connectionGrant.holder = this;
    this.#rateLimit = new RateLimit(options.limits.roomMessagesPerSecond, options.now());
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
      const reason = "Cannot pass on the message: it is not a JSON object or array";
      return this.close(CloseCode.badRequest, reason);
    }
    // A newer message replaces one that waits, because only the newest counts.
    const isWaiting = this.#unpassed !== undefined;
    this.#unpassed = text;
    if (!isWaiting && !this.#passOn()) this.#options.waits();
  }

  /** A binary frame has arrived. */
  receiveBinary(): void {
    this.close(CloseCode.badRequest, "Cannot pass on a binary frame: send JSON as text");
  }

  /** The connection is closed. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The others must end with its last message.
    if (this.#unpassed !== undefined) this.#options.room.pass(this.#unpassed, this);
    this.#options.room.leave(this);
    this.#options.connectionGrant.end();
    this.#options.left();
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closed) return;
    this.closed();
    this.#options.socket.close(code, reason);
  }

  /** Sends a message. If the socket is full, the client gets the newest message later. */
  give(text: string): void {
    const { socket, limits, now, owed, waits } = this.#options;
    this.#behind = socket.buffered > limits.bufferedBytesMax;
    if (this.#behind) return waits();
    if (this.#progress === undefined) {
      this.#progress = new Progress(socket, now());
      owed();
    }
    this.#progress.send(text, now());
  }

  /** Passes on a waiting message and sends a missed one. @returns whether all is done */
  flush(): boolean {
    const { newest } = this.#options.room;
    const isPassed = this.#closed || this.#unpassed === undefined || this.#passOn();
    if (!this.#closed && this.#behind && newest !== undefined) this.give(newest);
    return this.#closed || (isPassed && !this.#behind);
  }

  /** Passes on the waiting message if the allowance permits. @returns whether it did */
  #passOn(): boolean {
    const { room, now } = this.#options;
    if (!this.#rateLimit.take(now())) return false;
    const text = this.#unpassed!;
    this.#unpassed = undefined;
    // A missed message is older than its own one. Sending it later would break the order.
    this.#behind = false;
    room.pass(text, this);
    return true;
  }

  /** Closes a client that does not read. @returns whether there may be unsent bytes */
  tend(now: number): boolean {
    const { socket, limits } = this.#options;
    if (this.#closed || this.#progress === undefined) return false;
    if (this.#progress.stalledMs(now) >= limits.stalledMsMax) {
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
