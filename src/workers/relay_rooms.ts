import type { RoomCarrier } from "../log/stream_rooms.ts";

type Arrive = (room: string, text: string, sender: object | undefined) => void;
type Known = () => Iterable<readonly [room: string, text: string]>;

/** What is said in a room, to a process; `id` where one of its own clients said it. */
export interface RoomMessage {
  readonly op: "room";
  readonly room: string;
  readonly text: string;
  readonly id?: number | undefined;
}

export type SayTo = (message: RoomMessage) => void;

/** Somebody at another process who said something. */
class Speaker {
  readonly say: SayTo;
  readonly id: number;

  constructor(say: SayTo, id: number) {
    this.say = say;
    this.id = id;
  }
}

/** Brings what is said in rooms of one process to all of this server, in one order. */
export class RelayRooms implements RoomCarrier {
  readonly #elsewhere: RoomCarrier | undefined;
  readonly #others = new Set<SayTo>();
  #arrive: Arrive = () => {};
  #known: Known = () => [];

  /** @param elsewhere takes it to other replicas as well, where there are some */
  constructor(elsewhere?: RoomCarrier) {
    this.#elsewhere = elsewhere;
  }

  carry(room: string, text: string, sender: object): boolean {
    if (!this.#elsewhere?.carry(room, text, sender)) this.#pass(room, text, sender);
    return true;
  }

  begin(arrive: Arrive, known: Known): void {
    this.#arrive = arrive;
    this.#known = known;
    this.#elsewhere?.begin((...message) => this.#pass(...message), known);
  }

  /** A process comes, and is told what was said last. @returns what to do with what its clients say, and when it has gone */
  join(say: SayTo): { said(room: string, text: string, id: number): void; left(): void } {
    for (const [room, text] of this.#known()) say({ op: "room", room, text });
    this.#others.add(say);
    return {
      said: (room, text, id) => void this.carry(room, text, new Speaker(say, id)),
      left: () => void this.#others.delete(say),
    };
  }

  #pass(room: string, text: string, sender: object | undefined): void {
    const speaker = sender instanceof Speaker ? sender : undefined;
    this.#arrive(room, text, speaker === undefined ? sender : undefined);
    for (const say of this.#others) {
      say({ op: "room", room, text, id: say === speaker?.say ? speaker.id : undefined });
    }
  }
}
