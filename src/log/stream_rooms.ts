import type { LogStream } from "./stream.ts";

/** Carries room messages to and from other replicas. */
export interface RoomCarrier {
  /**
   * Sends a message to all replicas, also to this one, so that all see the same order of messages.
   * @param sender passed to `arrive` with the message in this process @returns whether it was sent
   */
  carry(room: string, text: string, sender: object): boolean;

  /**
   * Starts to deliver messages, first the newest message of each room on other replicas.
   * @param known the newest message of each room here, for replicas that ask
   */
  begin(
    arrive: (room: string, text: string, sender: object | undefined) => void,
    known: () => Iterable<readonly [room: string, text: string]>,
  ): void;
}

export interface StreamRoomsOptions {
  readonly stream: Pick<LogStream, "name" | "connection" | "isConnected" | "isClosed">;
  /** The name of this replica. */
  readonly replica: string;
  fault(error: unknown): void;
}

/** Most characters in an answer with newest messages. Other rooms follow with the next message. */
const KNOWN_MAX = 500_000;
const ASK_MS = 1_000;

/** Each room has a subject beside the subject of the log. NATS does not store its messages. */
export class StreamRooms implements RoomCarrier {
  readonly #options: StreamRoomsOptions;
  readonly #subject: string;
  /** The senders of messages that have not come back, in the order of the messages. */
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
        arrive(room, text, this.#senderOf(id));
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

  /** Messages come back in order, so the messages before this one were lost with a connection. */
  #senderOf(id: string): object | undefined {
    const found = this.#senders.get(id);
    if (found === undefined) return undefined;
    for (const each of this.#senders.keys()) {
      this.#senders.delete(each);
      if (each === id) break;
    }
    return found;
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
        // A message that arrived here in the meantime is newer.
        if (!here.has(room)) arrive(room, text, undefined);
      }
    }
  }
}
