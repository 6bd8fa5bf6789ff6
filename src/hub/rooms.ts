import type { RoomCarrier } from "../log/stream_rooms.ts";
import type { Limits } from "./limits.ts";
import { Room, RoomMember } from "./room.ts";
import { CloseCode, type Socket } from "./socket.ts";
import { ConnectionGrant } from "./connection_grant.ts";

export interface RoomsOptions {
  readonly limits: Limits;
  now(): number;
  /** Called when `flush` has something to do. */
  wake(): void;
  /** Carries messages to other replicas, if there are any. */
  readonly carrier?: RoomCarrier | undefined;
}

/**
 * Rooms pass each message of a client to all other clients of the room. There is no envelope and
 * the server sends no message of its own. Like the hub, rooms have no timer.
 */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Room>();
  /** When each empty room became empty, the earliest first. */
  readonly #emptySince = new Map<string, number>();
  readonly #members = new Set<RoomMember>();
  /** Members that may have unsent bytes. */
  readonly #owed = new Set<RoomMember>();
  /** Members that need `flush`. */
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

  /** Adds a client to a room. Report socket events to it: `receive`, `receiveBinary`, `closed`. */
  open(
    name: string,
    socket: Socket,
    connectionGrant: ConnectionGrant = new ConnectionGrant(),
  ): RoomMember {
    const { limits, now } = this.#options;
    const full = this.#whyFull(name);
    const room = full === undefined ? this.#rooms.get(name) ?? this.#make(name) : new Room();
    const member: RoomMember = new RoomMember({
      socket,
      room,
      limits,
      connectionGrant,
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
   * Passes on messages that came too fast, and sends the newest message to clients that missed it.
   * @returns whether a member still needs `flush`
   */
  flush(): boolean {
    for (const member of this.#waiting) if (member.flush()) this.#waiting.delete(member);
    return this.#waiting.size > 0;
  }

  /** Closes clients that do not read, and forgets rooms that have been empty for long. */
  tend(now: number): void {
    for (const member of this.#owed) if (!member.tend(now)) this.#owed.delete(member);
    for (const [name, since] of this.#emptySince) {
      if (now - since < this.#options.limits.roomKeptMs) return;
      this.#forget(name);
    }
  }

  /** Closes the given share of the clients; 1 is all. */
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

  /** Makes a room. At the limit it forgets the room that has been empty longest. */
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
      if (newest !== undefined) yield [name, newest];
    }
  }

  /** Delivers a message of any replica. At the limit of rooms, it drops one for an unknown room. */
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
    // A room without a message has nothing to keep.
    if (room.newest === undefined) this.#forget(name);
    else this.#emptySince.set(name, this.#options.now());
  }

  #forget(name: string): void {
    this.#rooms.delete(name);
    this.#emptySince.delete(name);
  }
}
