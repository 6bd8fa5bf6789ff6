import type { RoomCarrier } from "../log/stream_rooms.ts";
import type { Limits } from "./limits.ts";
import { Room, RoomMember } from "./room.ts";
import { CloseCode, type Socket } from "./socket.ts";
import { Tenure } from "./tenure.ts";

export interface RoomsOptions {
  readonly limits: Limits;
  now(): number;
  /** Told that there is something for `flush` to do. */
  wake(): void;
  /** Takes what is said to other replicas, where there are some. */
  readonly carrier?: RoomCarrier | undefined;
}

/**
 * Rooms: what one client sends, every other client of the room receives. There is no envelope and the
 * server says nothing of its own, so that every message comes from a client. Like the hub it has no timer.
 */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Room>();
  /** When rooms became empty, the longest empty first. */
  readonly #emptySince = new Map<string, number>();
  readonly #members = new Set<RoomMember>();
  /** Members to whom something may be on its way. */
  readonly #owed = new Set<RoomMember>();
  /** Members for whom `flush` has something to do. */
  readonly #waiting = new Set<RoomMember>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    const known = () => this.#newest();
    options.carrier?.begin((...message) => this.#arrive(...message), known);
  }

  /** Clients in all rooms. */
  get sessionCount(): number {
    return this.#members.size;
  }

  get roomCount(): number {
    return this.#rooms.size;
  }

  /** Lets a client into a room. Tell it what happens on its socket: `receive`, `receiveBinary`, `closed`. */
  open(name: string, socket: Socket, tenure: Tenure = new Tenure()): RoomMember {
    const { limits, now } = this.#options;
    const full = this.#whyFull(name);
    const room = full === undefined ? this.#rooms.get(name) ?? this.#make(name) : new Room();
    const member: RoomMember = new RoomMember({
      socket,
      room,
      limits,
      tenure,
      now,
      owed: () => this.#owed.add(member),
      waits: () => this.#waits(member),
      left: () => this.#left(member, name, room),
    });
    if (full !== undefined) {
      member.close(CloseCode.tooMany, full);
    } else {
      this.#members.add(member);
      this.#emptySince.delete(name);
      room.join(member);
    }
    return member;
  }

  /**
   * Passes on what had come too fast, and brings up to date who was too slow and reads again.
   * @returns whether anybody still waits
   */
  flush(): boolean {
    for (const member of this.#waiting) if (member.flush()) this.#waiting.delete(member);
    return this.#waiting.size > 0;
  }

  /** Gives up on those who do not read, and forgets rooms that have been empty for long. */
  tend(now: number): void {
    for (const member of this.#owed) if (!member.tend(now)) this.#owed.delete(member);
    for (const [name, since] of this.#emptySince) {
      if (now - since < this.#options.limits.roomKeptMs) return;
      this.#forget(name);
    }
  }

  /** Closes the given share of the clients, 1 being all of them. */
  closeSome(share: number): void {
    let count = Math.ceil(this.#members.size * share);
    for (const member of this.#members) {
      if (count-- <= 0) return;
      member.close(CloseCode.restart, "The server restarts");
    }
  }

  #whyFull(name: string): string | undefined {
    const { roomsMax, roomMembersMax, sessionsMax } = this.#options.limits;
    if (this.#members.size >= sessionsMax) return "The server has no room for more clients";
    const room = this.#rooms.get(name);
    if (room !== undefined && room.size >= roomMembersMax) {
      return `${roomMembersMax} clients are the limit of a room`;
    }
    const isFull = this.#rooms.size >= roomsMax && this.#emptySince.size === 0;
    return room === undefined && isFull
      ? `${roomsMax} rooms are the limit of the server`
      : undefined;
  }

  /** An empty room makes way for the new one. */
  #make(name: string): Room {
    const [longestEmpty] = this.#emptySince.keys();
    if (this.#rooms.size >= this.#options.limits.roomsMax) this.#forget(longestEmpty!);
    const { carrier } = this.#options;
    const room = new Room((text, sender) => carrier?.carry(name, text, sender) ?? false);
    this.#rooms.set(name, room);
    return room;
  }

  *#newest(): Iterable<[room: string, text: string]> {
    for (const [name, { newest }] of this.#rooms) {
      if (newest !== undefined) yield [name, newest.text];
    }
  }

  /** A message of this or another replica; one of a room for which there is no room is not kept. */
  #arrive(name: string, text: string, sender: object | undefined): void {
    let room = this.#rooms.get(name);
    if (room === undefined) {
      if (this.#rooms.size >= this.#options.limits.roomsMax && this.#emptySince.size === 0) return;
      room = this.#make(name);
      this.#emptySince.set(name, this.#options.now());
    }
    room.arrive(text, sender);
  }

  #waits(member: RoomMember): void {
    if (this.#waiting.has(member)) return;
    this.#waiting.add(member);
    this.#options.wake();
  }

  #left(member: RoomMember, name: string, room: Room): void {
    this.#owed.delete(member);
    this.#waiting.delete(member);
    if (!this.#members.delete(member) || room.size > 0) return;
    // A room in which nothing was said leaves nothing behind.
    if (room.newest === undefined) this.#forget(name);
    else this.#emptySince.set(name, this.#options.now());
  }

  #forget(name: string): void {
    this.#rooms.delete(name);
    this.#emptySince.delete(name);
  }
}
