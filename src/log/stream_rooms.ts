import type { LogStream } from "./stream.ts";

/** Takes what is said in rooms to the other replicas, and brings what is said there. */
export interface RoomCarrier {
  /**
   * Takes a message to all replicas, this one too, so that all get all messages of a room in one order.
   * @param sender given back with it here @returns whether it was taken
   */
  carry(room: string, text: string, sender: object): boolean;

  /**
   * Begins to bring messages; first the newest of the rooms that others know.
   * @param known the newest of each room here, for replicas that ask
   */
  begin(
    arrive: (room: string, text: string, sender: object | undefined) => void,
    known: () => Iterable<readonly [room: string, text: string]>,
  ): void;
}

export interface StreamRoomsOptions {
  readonly stream: LogStream;
  /** Names this replica. */
  readonly replica: string;
  fault(error: unknown): void;
}

/** Characters of one answer about the rooms that there are; what is more is learnt when somebody speaks. */
const KNOWN_MAX = 500_000;
const ASK_MS = 1_000;

/** Each room is a subject beside that of the log, and nothing of it is kept there. */
export class StreamRooms implements RoomCarrier {
  readonly #options: StreamRoomsOptions;
  readonly #subject: string;
  readonly #senders = new Map<string, object>();
  #count = 0;

  constructor(options: StreamRoomsOptions) {
    this.#options = options;
    this.#subject = `tickwire.${options.stream.name}.rooms`;
  }

  carry(room: string, text: string, sender: object): boolean {
    const { stream, replica } = this.#options;
    if (!stream.isConnected) return false;
    const id = `${replica} ${++this.#count}`;
    this.#senders.set(id, sender);
    const subject = `${this.#subject}.${Buffer.from(room).toString("base64url")}`;
    stream.connection.publish(subject, JSON.stringify({ room, id, text }));
    return true;
  }

  begin(
    arrive: (room: string, text: string, sender: object | undefined) => void,
    known: () => Iterable<readonly [room: string, text: string]>,
  ): void {
    const { stream: { connection }, fault } = this.#options;
    connection.subscribe(`${this.#subject}.*`, {
      callback: (error, message) => {
        if (error !== null) return fault(error);
        const { room, id, text } = message.json<{ room: string; id: string; text: string }>();
        const sender = this.#senders.get(id);
        this.#senders.delete(id);
        arrive(room, text, sender);
      },
    });
    connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error !== null) return fault(error);
        const rooms: (readonly [string, string])[] = [];
        let size = 0;
        for (const [room, text] of known()) {
          size += text.length;
          if (size > KNOWN_MAX) break;
          rooms.push([room, text]);
        }
        message.respond(JSON.stringify(rooms));
      },
    });
    void this.#ask(arrive, known).catch((error) => {
      if (!this.#options.stream.isClosed) fault(error);
    });
  }

  async #ask(
    arrive: (room: string, text: string, sender: undefined) => void,
    known: () => Iterable<readonly [room: string, text: string]>,
  ): Promise<void> {
    const { connection } = this.#options.stream;
    const options = { strategy: "timer", maxWait: ASK_MS } as const;
    for await (const answer of await connection.requestMany(this.#subject, "", options)) {
      const here = new Map(known());
      for (const [room, text] of answer.json<[string, string][]>()) {
        // What was said here meanwhile is newer.
        if (!here.has(room)) arrive(room, text, undefined);
      }
    }
  }
}
