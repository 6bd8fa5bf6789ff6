import { decodeEntry } from "../log/entry.ts";
import {
  type Appended,
  DELIVER_MAX,
  DELIVER_MS_MAX,
  type Draft,
  type Entry,
  type LogState,
  type SlicedLog,
  weightOf,
} from "../log/log.ts";
import { LogUnavailable, TapeError, TapeFull } from "../store/tape_error.ts";
import type { Sharing, TapeNews } from "../tape/sharing.ts";
import { encodeDraft } from "./drafts.ts";
import { type Frame, frameOf, KIND, messageIn } from "./frames.ts";

/** Messages of the first process about its log, in the order of the events. */
export type LogMessage =
  | { readonly op: "symbols"; readonly names: readonly string[]; readonly count: number }
  | ({ readonly op: "appended"; readonly id: number } & Appended)
  | { readonly op: "refused"; readonly id: number; readonly kind: string; readonly reason: string }
  | ({ readonly op: "news" } & TapeNews)
  | { readonly op: "joined" };

/** Errors of an append that callers distinguish. */
const ERRORS = { TapeFull, LogUnavailable, TapeError, Error } as const;

export function kindOf(error: unknown): keyof typeof ERRORS {
  if (error instanceof TapeFull) return "TapeFull";
  if (error instanceof LogUnavailable) return "LogUnavailable";
  return error instanceof TapeError ? "TapeError" : "Error";
}

export interface ChannelLogOptions {
  readonly epoch: string;
  readonly sharing: Sharing;
  send(frame: Uint8Array): void;
  say(message: object): void;
  elapsed(): number;
  sleep(ms: number): Promise<void>;
  /** As in `QueuedLogOptions`. */
  waiting(isMuch: boolean): void;
}

interface Waiting {
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** With this many frames in the queue the log does not wait for the next frame to clients. */
const MUCH = 8;
const CLOSE_MS_MAX = 2_000;

/** The log in a worker: it sends drafts to the first process and receives all entries from it. */
export class ChannelLog implements SlicedLog {
  readonly epoch: string;
  readonly #options: ChannelLogOptions;
  readonly #queue: Frame[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #deliver: ((entry: Entry) => void) | undefined;
  #isJoined = false;
  #joined!: () => void;
  /** Resolves when the worker has everything that the log had when the worker began to follow. */
  readonly joined: Promise<void>;

  constructor(options: ChannelLogOptions) {
    this.#options = options;
    this.epoch = options.epoch;
    this.joined = new Promise((resolve) => this.#joined = resolve);
  }

  append(draft: Draft): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const id = ++this.#count;
      const head = new Uint8Array(4);
      const body = encodeDraft(draft);
      new DataView(head.buffer).setUint32(0, id, true);
      this.#waiting.set(id, { resolve, reject });
      this.#options.send(frameOf(KIND.draft, joined(head, body)));
    });
  }

  follow(after: number, deliver: (entry: Entry) => void): void {
    if (this.#deliver !== undefined) throw new TypeError("Cannot follow a log twice");
    this.#deliver = deliver;
    this.#options.say({ op: "follow", after, count: this.#options.sharing.symbolCount });
  }

  /** Queues a frame of the first process. */
  receive(frame: Frame): void {
    this.#queue.push(frame);
    this.#options.waiting(this.#queue.length >= MUCH);
  }

  work(): boolean {
    const { elapsed } = this.#options;
    const until = elapsed() + DELIVER_MS_MAX;
    let ticks = 0;
    while (this.#queue.length > 0 && ticks < DELIVER_MAX && elapsed() < until) {
      const frame = this.#queue.shift()!;
      if (frame.kind === KIND.entry) {
        const entry = decodeEntry(frame.bytes);
        ticks += weightOf(entry);
        this.#deliver!(entry);
      } else {
        this.#hear(messageIn<LogMessage>(frame));
      }
    }
    return this.#queue.length > 0;
  }

  get state(): LogState {
    const lag = { entries: this.#isJoined ? this.#queue.length : 1, ms: 0 };
    return { engine: "local", connected: true, reconnects: 0, lag, current: this.#isJoined };
  }

  forget(): boolean {
    return false;
  }

  async close(): Promise<void> {
    const { elapsed, sleep } = this.#options;
    const until = elapsed() + CLOSE_MS_MAX;
    for (; this.#waiting.size > 0 && elapsed() < until; await sleep(1)) this.work();
    const closed = new LogUnavailable("Cannot write to the log: it is closed");
    for (const { reject } of this.#waiting.values()) reject(closed);
    this.#waiting.clear();
  }

  #hear(message: LogMessage): void {
    const { sharing, say } = this.#options;
    switch (message.op) {
      case "symbols":
        return sharing.learnSymbols(message.names, message.count);
      case "news":
        sharing.learn(message);
        return say({ op: "released", tail: message.tail });
      case "joined":
        this.#isJoined = true;
        return this.#joined();
      case "appended":
        return this.#takeWaiting(message.id)?.resolve({ first: message.first, last: message.last });
      case "refused": {
        const kind = message.kind as keyof typeof ERRORS;
        return this.#takeWaiting(message.id)?.reject(new ERRORS[kind](message.reason));
      }
    }
  }

  #takeWaiting(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}

function joined(head: Uint8Array, body: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return all;
}
