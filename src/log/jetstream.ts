import { LogUnavailable, TapeError } from "../store/tape_error.ts";
import { decodeEntry, encodeEntry, EntryFault, NewerEntry } from "./entry.ts";
import {
  type Appended,
  DELIVER_MAX,
  DELIVER_MS_MAX,
  type Draft,
  type Entry,
  ENTRY_TICKS_MAX,
  FULL_BATCH,
  lastSeq,
  type LogState,
  recordsOf,
  seqsOf,
  type SlicedLog,
  weightOf,
} from "./log.ts";
import { outgoingEntries, type OutgoingEntry, type Waiting } from "./outgoing_entries.ts";
import type { LogStream, StreamMessage } from "./stream.ts";

/** What the log uses of its stream. */
export type FollowedStream = Pick<
  LogStream,
  | "name"
  | "firstSeq"
  | "lastSeq"
  | "isConnected"
  | "reconnects"
  | "publish"
  | "read"
  | "look"
  | "close"
>;

export interface JetStreamLogOptions {
  readonly stream: FollowedStream;
  readonly epoch: string;
  /** The name of this process among the writers of the stream. */
  readonly writer: string;
  now(): number;
  elapsed(): number;
  sleep(ms: number): Promise<void>;
  /** As in `QueuedLogOptions`. */
  waiting(isMuch: boolean): void;
  warn(message: string): void;
  /** Called when this log cannot be followed any longer. */
  fail(error: TapeError): void;
}

/** The stream has lost messages that were read here and will reuse their numbers. */
export class StreamBehind extends TapeError {}

/** A message contains one entry. The seq of its first tick is the message number × this value. */
export const SEQS_A_MESSAGE = ENTRY_TICKS_MAX;
/** Most messages in flight to the stream, and most messages read but not delivered. */
const PUBLISHING_MAX = 128, QUEUED_MAX = 256;
const LOOK_MS = 1_000, CLOSE_MS_MAX = 2_000;

/** A log shared by several processes. All processes receive all entries in the stream's order. */
export class JetStreamLog implements SlicedLog {
  readonly epoch: string;
  readonly #options: JetStreamLogOptions;
  /** Why the log has ended, if it has. */
  #ended: LogUnavailable | undefined;

  // Sending: drafts wait, are packed into entries, and are published until they are delivered.
  readonly #waiting: Waiting[] = [];
  #ticksWaiting = 0;
  readonly #outgoing: OutgoingEntry[] = [];
  readonly #publishing = new Set<OutgoingEntry>();
  /** Number of all entries that were published. */
  #published = 0;
  /** Callbacks of published entries that are in the stream but not delivered, by message. */
  readonly #awaitingDelivery = new Map<number, { resolve(): void; reject(error: unknown): void }>();
  /** The places of entries without ticks, by message; only while messages are in flight. */
  readonly #places = new Map<number, number>();

  // Delivering: messages are read, wait in a queue, and are delivered.
  readonly #queue: StreamMessage[] = [];
  #roomMade: (() => void) | undefined;
  #deliver: ((entry: Entry) => void) | undefined;
  /** `seq` of the newest delivered tick. */
  #head = 0;
  /** Number of the newest delivered message, and when its entry was logged. */
  #deliveredSeq = 0;
  #deliveredTime = 0;
  /** Number of the newest message at the last check but one. */
  #target = 0;
  /** Messages of the stream that were not read yet. */
  #pending = 0;

  constructor(options: JetStreamLogOptions) {
    this.#options = options;
    this.epoch = options.epoch;
  }

  append(draft: Draft): Promise<Appended> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, resolve, reject });
      this.#ticksWaiting += recordsOf(draft);
      this.#options.waiting(this.#ticksWaiting >= FULL_BATCH);
    });
  }

  /** `work` delivers both existing and new entries. */
  follow(after: number, deliver: (entry: Entry) => void): void {
    if (this.#deliver !== undefined) throw new TypeError("Cannot follow a log twice");
    const { stream } = this.#options;
    this.#deliver = deliver;
    this.#head = after;
    this.#deliveredSeq = Math.max(Math.floor(after / SEQS_A_MESSAGE), stream.firstSeq - 1);
    this.#target = stream.lastSeq;
    this.#pending = Math.max(0, stream.lastSeq - this.#deliveredSeq);
    const read = stream.read(this.#deliveredSeq + 1, (message) => this.#receive(message));
    read.catch((error) => this.#fail(error));
    void this.#watchStream();
  }

  work(): boolean {
    this.#outgoing.push(...outgoingEntries(this.#waiting.splice(0), this.#options.now()));
    this.#ticksWaiting = 0;
    while (this.#outgoing.length > 0 && this.#publishing.size < PUBLISHING_MAX) {
      void this.#publish(this.#outgoing.shift()!);
    }
    this.#deliverSlice();
    return this.#queue.length > 0 && this.#ended === undefined;
  }

  forget(): boolean {
    return false;
  }

  get state(): LogState {
    const { stream: { isConnected: connected, reconnects }, now } = this.#options;
    const entries = this.#pending + this.#queue.length;
    const ms = entries === 0 ? 0 : Math.max(0, now() - this.#deliveredTime);
    const current = this.#deliveredSeq >= this.#target;
    return { engine: "jetstream", connected, reconnects, lag: { entries, ms }, current };
  }

  /** Whether some drafts are not published yet. */
  get isBusy(): boolean {
    return this.#waiting.length + this.#outgoing.length + this.#publishing.size > 0;
  }

  async close(): Promise<void> {
    const { elapsed, sleep, stream } = this.#options;
    const until = elapsed() + CLOSE_MS_MAX;
    for (; this.isBusy && elapsed() < until; await sleep(1)) this.work();
    this.#end(new LogUnavailable(`Cannot write to the stream ${stream.name}: its log is closed`));
    await stream.close();
  }

  async #publish(outgoing: OutgoingEntry): Promise<void> {
    const { stream, writer } = this.#options;
    const { entry, ends } = outgoing;
    this.#publishing.add(outgoing);
    try {
      const id = `${writer}-${++this.#published}`;
      // The holder of a lease continues until it learns that it has lost it.
      const seq = await stream.publish(id, encodeEntry(entry), entry.lease !== undefined);
      if (this.#ended !== undefined) throw this.#ended;
      if (seq > this.#deliveredSeq) {
        await new Promise<void>((resolve, reject) =>
          this.#awaitingDelivery.set(seq, { resolve, reject })
        );
      }
      const begin = this.#places.get(seq) ?? seq * SEQS_A_MESSAGE;
      for (const { waiting, first, last } of ends) {
        waiting.resolve({ first: begin + first, last: begin + last });
      }
    } catch (error) {
      for (const { waiting } of ends) waiting.reject(error);
    } finally {
      this.#publishing.delete(outgoing);
      if (this.#publishing.size === 0) this.#places.clear();
      if (this.#outgoing.length > 0) this.#options.waiting(true);
    }
  }

  /** Number of the newest message that was read. */
  get #readSeq(): number {
    return this.#queue.at(-1)?.seq ?? this.#deliveredSeq;
  }

  async #receive(message: StreamMessage): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    const expected = this.#readSeq + 1;
    const { name } = this.#options.stream;
    if (message.seq < expected) throw behind(name, message.seq, expected - 1);
    // Messages that were dropped before the first read leave no gap.
    if (message.seq > expected && this.#deliveredSeq >= this.#options.stream.firstSeq) {
      throw hole(name, expected, message.seq - 1);
    }
    this.#queue.push(message);
    this.#pending = message.pending;
    this.#options.waiting(this.#queue.length >= QUEUED_MAX / 2);
    if (this.#queue.length < QUEUED_MAX) return;
    await new Promise<void>((resolve) => this.#roomMade = resolve);
  }

  #deliverSlice(): void {
    const { elapsed } = this.#options;
    const until = elapsed() + DELIVER_MS_MAX;
    let ticks = 0;
    while (this.#queue.length > 0 && ticks < DELIVER_MAX && elapsed() < until && !this.#ended) {
      const message = this.#queue.shift()!;
      this.#deliveredSeq = message.seq;
      const sender = this.#awaitingDelivery.get(message.seq);
      this.#awaitingDelivery.delete(message.seq);
      const entry = this.#decode(message);
      if (entry !== undefined) {
        ticks += weightOf(entry);
        if (seqsOf(entry) > 0) this.#head = lastSeq(entry);
        else if (this.#publishing.size > 0) this.#places.set(message.seq, entry.first);
        this.#deliveredTime = entry.time;
        try {
          this.#deliver!(entry);
        } catch (error) {
          sender?.reject(error);
          throw error;
        }
      }
      sender?.resolve();
    }
    if (this.#queue.length >= QUEUED_MAX / 2) return;
    this.#roomMade?.();
    this.#roomMade = undefined;
  }

  /** @returns the entry with its seqs; `undefined` if it is unreadable: all replicas ignore it */
  #decode({ seq, data }: StreamMessage): Entry | undefined {
    try {
      const entry = decodeEntry(data, seq * SEQS_A_MESSAGE);
      const first = seqsOf(entry) === 0 ? this.#head + 1 : entry.first;
      const last = lastSeq({ ...entry, first });
      return { ...entry, first, receipts: entry.receipts.map((each) => ({ ...each, seq: last })) };
    } catch (error) {
      if (!(error instanceof EntryFault)) throw error;
      const { name } = this.#options.stream;
      const what = `Cannot read message ${seq} of the stream ${name}: ${error.message}`;
      if (error instanceof NewerEntry) this.#fail(new TapeError(`${what}; use a newer tickwire`));
      else this.#options.warn(`${what}; it is ignored`);
      return undefined;
    }
  }

  /** Detects a stream that was replaced or has lost messages. Readers do not notice that. */
  async #watchStream(): Promise<void> {
    const { stream, sleep } = this.#options;
    for (let last = stream.lastSeq; this.#ended === undefined;) {
      await sleep(LOOK_MS);
      try {
        const read = this.#readSeq;
        const now = await stream.look();
        if (now === undefined) continue;
        if (now.lastSeq < read) throw behind(stream.name, now.lastSeq, read);
        if (now.firstSeq > this.#readSeq + 1) {
          throw hole(stream.name, this.#readSeq + 1, now.firstSeq - 1);
        }
        [this.#target, last] = [last, now.lastSeq];
      } catch (error) {
        return this.#fail(error);
      }
    }
  }

  #fail(error: unknown): void {
    if (this.#ended !== undefined) return;
    const cause = error instanceof TapeError
      ? error
      : new TapeError(String(error), { cause: error });
    this.#end(new LogUnavailable(cause.message, { cause }));
    this.#options.fail(cause);
  }

  /** Stops delivery, rejects all drafts that were not delivered, and releases the reader. */
  #end(error: LogUnavailable): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    for (const { ends } of [...this.#publishing, ...this.#outgoing.splice(0)]) {
      for (const { waiting } of ends) waiting.reject(error);
    }
    for (const { reject } of this.#awaitingDelivery.values()) reject(error);
    this.#roomMade?.();
  }
}

function hole(name: string, first: number, last: number): TapeError {
  return new TapeError(
    `Cannot follow the stream ${name}: messages ${first} to ${last} are missing; restart to read what it has now`,
  );
}

function behind(name: string, last: number, read: number): TapeError {
  return new StreamBehind(
    `Cannot follow the stream ${name}: it ends with message ${last}, but ${read} was read; restart to read what it has now`,
  );
}
