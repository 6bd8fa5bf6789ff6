import type { RoomCarrier } from "../log/stream_rooms.ts";
import type { RoomMessage } from "./relay_rooms.ts";

/** Rooms in a worker: sends the messages of its clients to the first process. */
export class ChannelRooms implements RoomCarrier {
  readonly #say: (message: object) => void;
  readonly #senders = new Map<number, object>();
  #count = 0;
  #arrive: Parameters<RoomCarrier["begin"]>[0] = () => {};

  constructor(say: (message: object) => void) {
    this.#say = say;
  }

  carry(room: string, text: string, sender: object): boolean {
    this.#senders.set(++this.#count, sender);
    this.#say({ op: "say", room, text, id: this.#count });
    return true;
  }

  begin(arrive: Parameters<RoomCarrier["begin"]>[0]): void {
    this.#arrive = arrive;
  }

  /** Delivers a message from the first process. */
  hear({ room, text, id }: RoomMessage): void {
    const sender = id === undefined ? undefined : this.#senders.get(id);
    if (id !== undefined) this.#senders.delete(id);
    this.#arrive(room, text, sender);
  }
}
