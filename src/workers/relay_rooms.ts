import type { RoomCarrier } from "../log/stream_rooms.ts";

type Arrive = (room: string, text: string, sender: object | undefined) => void;
type Known = () => Iterable<readonly [room: string, text: string]>;

/** A room message for a worker; with `id` if a client of that worker sent it. */
export interface RoomMessage {
  readonly op: "room";
  readonly room: string;
  readonly text: string;
  readonly id?: number | undefined;
}

export type SayTo = (message: RoomMessage) => void;

/** A client of a worker, as the sender of a message. */
class Speaker {
  readonly say: SayTo;
  readonly id: number;

  constructor(say: SayTo, id: number) {
    this.say = say;
    this.id = id;
  }
}

/** Rooms in the first process: sends all messages to all workers in the same order. */
export class RelayRooms implements RoomCarrier {
  readonly #elsewhere: RoomCarrier | undefined;
  readonly #others = new Set<SayTo>();
  #arrive: Arrive = () => {};
  #known: Known = () => [];

  /** @param elsewhere carries the messages to other replicas too, if there are any */
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

  /** Adds a worker and sends it the newest messages. @returns handlers of its messages and end */
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
