import { type OpenFollowed, openFollowed, type OpenTapeOptions } from "../tape/engines.ts";
import { forwardRequest } from "./forwarded_request.ts";
import { Channel } from "./channel.ts";
import { ChannelLog } from "./channel_log.ts";
import { ChannelRooms } from "./channel_rooms.ts";
import { type Frame, KIND, messageIn } from "./frames.ts";
import type { RoomMessage } from "./relay_rooms.ts";

/** What a worker is told when it is started: in the environment, under this name. */
export const WORKER_VARIABLE = "TICKWIRE_WORKER";

export interface WorkerStart {
  /** The id of the first process. */
  readonly first: number;
  /** Counted from 1. */
  readonly number: number;
  /** Path at which the first process listens for the others. */
  readonly path: string;
  /** Ports that all listen on. */
  readonly port: number;
  readonly redirectPort: number | undefined;
}

export interface WorkerOptions {
  elapsed(): number;
  sleep(ms: number): Promise<void>;
  /** The first process has ended. */
  ended(): void;
}

/** What is asked of the server as a whole, and answered by the first process: what runs there, and what all do together. */
const ANSWERED_THERE = ["/metrics", "/readyz", "/backup"];
/** How a process says how many clients it has. */
export interface ClientsMessage {
  readonly op: "clients";
  readonly count: number;
}

/** What is said of a worker to whoever asks the server as a whole. */
export interface Figures {
  clients(): number;
  text(): Promise<string>;
}

/** A process that serves beside the first one, from the same file and on the same port. */
export class Worker {
  readonly post: WorkerStart;
  readonly #options: WorkerOptions;
  readonly #channel: Channel;
  readonly rooms: ChannelRooms;
  #log: ChannelLog | undefined;
  #figures: Figures | undefined;
  #clients = 0;

  private constructor(post: WorkerStart, options: WorkerOptions, channel: Channel) {
    this.post = post;
    this.#options = options;
    this.#channel = channel;
    this.rooms = new ChannelRooms((message) => channel.say(message));
  }

  /** Reports to the first process. */
  static async begin(post: WorkerStart, options: WorkerOptions): Promise<Worker> {
    const channel = await Channel.open(post.path, {
      received: (frame) => worker.take(frame),
      closed: () => options.ended(),
    });
    const worker: Worker = new Worker(post, options, channel);
    channel.say({ op: "hello", number: post.number });
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

  /** Has that said of it. */
  tells(figures: Figures): void {
    this.#figures = figures;
  }

  /** Resolves once it has what the first process had when it began. */
  async joined(): Promise<void> {
    await this.#log!.joined;
  }

  /** It listens. */
  serves(): void {
    this.#channel.say({ op: "serving" });
  }

  /** Says how many clients it has, now and then. */
  tend(): void {
    const count = this.#figures?.clients() ?? 0;
    if (count === this.#clients) return;
    this.#clients = count;
    this.#channel.say({ op: "clients", count } satisfies ClientsMessage);
  }

  /** Has what concerns the whole server answered by the first process; `undefined` for everything else. */
  pass(request: Request): Promise<Response> | undefined {
    const { pathname } = new URL(request.url);
    return ANSWERED_THERE.includes(pathname) ? forwardRequest(this.post.path, request) : undefined;
  }

  take(frame: Frame): void {
    if (frame.kind !== KIND.message) return this.#log!.take(frame);
    const message = messageIn<{ op: string } | RoomMessage>(frame);
    if (message.op === "room") this.rooms.hear(message as RoomMessage);
    else if (message.op === "ask") void this.#answer((message as { op: string; id: number }).id);
    else this.#log!.take(frame);
  }

  async #answer(id: number): Promise<void> {
    const text = await this.#figures!.text();
    this.#channel.say({ op: "figures", id, text });
  }
}
