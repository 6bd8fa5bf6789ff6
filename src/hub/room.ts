import { Allowance } from "./allowance.ts";
import type { Limits } from "./limits.ts";
import { Progress } from "./progress.ts";
import { CloseCode, type Socket } from "./socket.ts";

/** A message as it came, and how many bytes it is. */
interface RoomMessage {
  readonly text: string;
  readonly bytes: number;
}

const encoder = new TextEncoder();

/** Those who share what each of them says, and the newest that was said. */
export class Room {
  readonly #members = new Set<RoomMember>();
  #newest: RoomMessage | undefined;

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
    const message = { text, bytes: encoder.encode(text).length };
    this.#newest = message;
    for (const member of this.#members) if (member !== sender) member.give(message);
  }
}

export interface RoomMemberOptions {
  readonly socket: Socket;
  readonly room: Room;
  readonly limits: Limits;
  now(): number;
  /** Told that something is on its way to this client, so that it has to be tended. */
  owed(): void;
  /** Told that it has missed a message, so that it has to be brought up to date. */
  fellBehind(): void;
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
  #closed = false;

  constructor(options: RoomMemberOptions) {
    this.#options = options;
    const { limits: { commandsPerSecond, commandsBurst }, now } = options;
    this.#allowance = new Allowance(commandsPerSecond, commandsBurst, now());
  }

  /** A text frame has arrived. */
  receive(text: string): void {
    if (this.#closed) return;
    const { limits, room, now } = this.#options;
    const { roomMessageMax, commandsPerSecond } = limits;
    if (text.length > roomMessageMax) {
      const reason = `Cannot pass on ${text.length} characters: the limit is ${roomMessageMax}`;
      return this.close(CloseCode.badRequest, reason);
    }
    if (this.#allowance.take(now()) !== 0) {
      const reason = `Cannot pass on more than ${commandsPerSecond} messages a second`;
      return this.close(CloseCode.tooMany, reason);
    }
    if (!isObjectOrArray(text)) {
      const reason = "Cannot pass on what is not a JSON object or array";
      return this.close(CloseCode.badRequest, reason);
    }
    // What it has missed came before what it says itself: to get that later would turn the order round.
    this.#behind = false;
    room.pass(text, this);
  }

  /** A binary frame has arrived. */
  receiveBinary(): void {
    this.close(CloseCode.badRequest, "Cannot pass on a binary frame: send JSON as text");
  }

  /** The connection is gone. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.room.leave(this);
    this.#options.left();
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closed) return;
    this.closed();
    this.#options.socket.close(code, reason);
  }

  /** Sends a message, unless so much is unsent that nothing may be added: then the newest comes later. */
  give({ text, bytes }: RoomMessage): void {
    const { socket, limits, now, owed, fellBehind } = this.#options;
    this.#behind = socket.buffered > limits.bufferedBytesMax;
    if (this.#behind) return fellBehind();
    if (this.#progress === undefined) {
      this.#progress = new Progress(now());
      owed();
    }
    this.#progress.sent(bytes);
    socket.send(text);
  }

  /** Sends the newest message if it has missed it and reads again. @returns whether it is up to date */
  catchUp(): boolean {
    const { newest } = this.#options.room;
    if (!this.#closed && this.#behind && newest !== undefined) this.give(newest);
    return this.#closed || !this.#behind;
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
