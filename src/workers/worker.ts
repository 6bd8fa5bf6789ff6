import { type OpenFollowed, openFollowed, type OpenTapeOptions } from "../tape/engines.ts";
import { forwardRequest } from "./forwarded_request.ts";
import { Channel } from "./channel.ts";
import { ChannelLog } from "./channel_log.ts";
import { ChannelRooms } from "./channel_rooms.ts";
import { type Frame, KIND, messageIn } from "./frames.ts";
import type { RoomMessage } from "./relay_rooms.ts";

/** Name of the environment variable with the `WorkerStart` of a worker, in JSON. */
export const WORKER_VARIABLE = "TICKWIRE_WORKER";

export interface WorkerStart {
  /** Process id of the first process. */
  readonly first: number;
  /** Number of this worker, from 1. */
  readonly number: number;
  /** Path of the socket on which the first process listens for workers. */
  readonly path: string;
  /** Ports on which all processes listen. */
  readonly port: number;
  readonly redirectPort: number | undefined;
}

export interface WorkerOptions {
  elapsed(): number;
  sleep(ms: number): Promise<void>;
}

/** Paths about the whole server, which the first process answers. */
const ANSWERED_THERE = ["/metrics", "/readyz", "/backup"];
/** Tells the first process how many clients this worker has. */
export interface ClientsMessage {
  readonly op: "clients";
  readonly count: number;
}

/** Figures of one worker for `/metrics` and `/readyz` of the whole server. */
export interface Figures {
  clients(): number;
  text(): Promise<string>;
}

/** A process beside the first one, which serves the same file on the same port. */
export class Worker {
  readonly start: WorkerStart;
  readonly #options: WorkerOptions;
  readonly #channel: Channel;
  readonly rooms: ChannelRooms;
  #log: ChannelLog | undefined;
  #figures: Figures | undefined;
  #clients = 0;

  private constructor(start: WorkerStart, options: WorkerOptions, channel: Channel) {
    this.start = start;
    this.#options = options;
    this.#channel = channel;
    this.rooms = new ChannelRooms((message) => channel.say(message));
  }

  /** Connects to the first process. */
  static async begin(start: WorkerStart, options: WorkerOptions): Promise<Worker> {
    const channel = await Channel.open(start.path, {
      received: (frame) => worker.receive(frame),
      // The first process has ended, or kills a worker that has lost its channel.
      closed() {},
    });
    const worker: Worker = new Worker(start, options, channel);
    channel.say({ op: "hello", number: start.number });
    return worker;
  }

  /** Opens the tape that the first process writes. @throws {TapeError} */
  open(name: string, options: OpenTapeOptions): OpenFollowed {
    const { elapsed, sleep } = this.#options;
    return openFollowed(name, options, (epoch, sharing) =>
      this.#log = new ChannelLog({
        ...{ epoch, sharing, elapsed, sleep, waiting: options.waiting },
        send: (frame) => this.#channel.send(frame),
        say: (message) => this.#channel.say(message),
      }));
  }

  /** Sets the source of this worker's figures. */
  tells(figures: Figures): void {
    this.#figures = figures;
  }

  /** Resolves when this worker has everything that the log had at the start. */
  async joined(): Promise<void> {
    await this.#log!.joined;
  }

  /** Tells the first process that this worker listens. */
  serves(): void {
    this.#channel.say({ op: "serving" });
  }

  /** Sends the number of clients if it has changed. Call it periodically. */
  tend(): void {
    const count = this.#figures?.clients() ?? 0;
    if (count === this.#clients) return;
    this.#clients = count;
    this.#channel.say({ op: "clients", count } satisfies ClientsMessage);
  }

  /** Forwards requests about the whole server to the first process; `undefined` for other paths. */
  pass(request: Request): Promise<Response> | undefined {
    const { pathname } = new URL(request.url);
    return ANSWERED_THERE.includes(pathname) ? forwardRequest(this.start.path, request) : undefined;
  }

  receive(frame: Frame): void {
    if (frame.kind !== KIND.message) return this.#log!.receive(frame);
    const message = messageIn<{ op: string } | RoomMessage>(frame);
    if (message.op === "room") this.rooms.hear(message as RoomMessage);
    else if (message.op === "ask") void this.#answer((message as { op: string; id: number }).id);
    else this.#log!.receive(frame);
  }

  async #answer(id: number): Promise<void> {
    const text = await this.#figures!.text();
    this.#channel.say({ op: "figures", id, text });
  }
}
