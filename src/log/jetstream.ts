import { TapeError } from "../store/tape_error.ts";
import { decodeEntry, encodeEntry, EntryFault, NewerEntry } from "./entry.ts";
import {
  type Appended,
  type Draft,
  type Entry,
  lastSeq,
  type LogState,
  recordsOf,
  seqsOf,
  type SlicedLog,
  weightOf,
} from "./log.ts";
import { type Parcel, parcelsOf, type Waiting } from "./parcels.ts";
import type { LogStream, StreamMessage } from "./stream.ts";

export interface JetStreamLogOptions {
  readonly stream: LogStream;
  readonly epoch: string;
  /** Names this process among those that write to the stream. */
  readonly writer: string;
  now(): number;
  elapsed(): number;
  sleep(ms: number): Promise<void>;
  /** As with a log of this process. */
  waiting(isMuch: boolean): void;
  warn(message: string): void;
  /** Told that this log cannot be followed any more. */
  fail(error: TapeError): void;
}

/** The stream has lost messages that were read here, and gives their numbers to others. */
export class StreamBehind extends TapeError {}

/** A message of the stream is one entry, and its ticks have the seqs from here on: message × this. */
export const SEQS_A_MESSAGE = 4_096;
/** So many ticks are not kept waiting for the next frame. */
const FULL_BATCH = 500;
/** Messages that are on their way to the stream, or wait here to be told of, at once. */
const PUBLISHING_MAX = 128, QUEUED_MAX = 256;
/** Ticks, and milliseconds, that telling takes at once: what is live waits for that long. */
const DELIVER_MAX = 8_192, DELIVER_MS_MAX = 4;
const LOOK_MS = 1_000, CLOSE_MS_MAX = 2_000;

/** A log that several processes share: what each appends comes to all of them, in the order of the stream. */
export class JetStreamLog implements SlicedLog {
  readonly epoch: string;
  readonly #options: JetStreamLogOptions;
  readonly #waiting: Waiting[] = [];
  #ticksWaiting = 0;
  readonly #parcels: Parcel[] = [];
  #publishing = 0;
  #published = 0;
  /** Messages that were read and not told of. */
  readonly #queue: StreamMessage[] = [];
  #roomMade: (() => void) | undefined;
  #deliver: ((entry: Entry) => void) | undefined;
  /** Seq of the newest tick that was told of, and of the newest message. */
  #head = 0;
  #told = 0;
  #toldTime = 0;
  /** Seq of the newest message that the stream had when it was last looked at but one. */
  #target = 0;
  /** Messages of the stream behind those that were read. */
  #pending = 0;
  #failed = false;
  /** Those who wait for a message to be told of. */
  readonly #telling = new Map<number, () => void>();
  /** Where those stand that have no ticks, by message; only while somebody may ask. */
  readonly #places = new Map<number, number>();

  constructor(options: JetStreamLogOptions) {
    this.#options = options;
    this.epoch = options.epoch;
  }

  append(draft: Draft): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, resolve, reject });
      this.#ticksWaiting += recordsOf(draft);
      this.#options.waiting(this.#ticksWaiting >= FULL_BATCH);
    });
  }

  /** Those that are there are told of as the others are: by `work`. */
  follow(after: number, deliver: (entry: Entry) => void): void {
    if (this.#deliver !== undefined) throw new TypeError("Cannot follow a log twice");
    const { stream } = this.#options;
    this.#deliver = deliver;
    this.#head = after;
    this.#told = Math.max(Math.floor(after / SEQS_A_MESSAGE), stream.firstSeq - 1);
    this.#target = stream.lastSeq;
    this.#pending = Math.max(0, stream.lastSeq - this.#told);
    const read = stream.read(this.#told + 1, (message) => this.#take(message));
    read.catch((error) => this.#fail(error));
    void this.#look();
  }

  work(): boolean {
    this.#parcels.push(...parcelsOf(this.#waiting.splice(0), this.#options.now()));
    this.#ticksWaiting = 0;
    while (this.#parcels.length > 0 && this.#publishing < PUBLISHING_MAX) {
      void this.#publish(this.#parcels.shift()!);
    }
    this.#tell();
    return this.#queue.length > 0 && !this.#failed;
  }

  forget(): boolean {
    return false;
  }

  get state(): LogState {
    const { stream: { isConnected: connected, reconnects }, now } = this.#options;
    const entries = this.#pending + this.#queue.length;
    const ms = entries === 0 ? 0 : Math.max(0, now() - this.#toldTime);
    const current = this.#told >= this.#target;
    return { engine: "jetstream", connected, reconnects, lag: { entries, ms }, current };
  }

  /** Whether something of it is to be published. */
  get isBusy(): boolean {
    return this.#waiting.length + this.#parcels.length + this.#publishing > 0;
  }

  async close(): Promise<void> {
    const { elapsed, sleep, stream } = this.#options;
    const until = elapsed() + CLOSE_MS_MAX;
    for (; this.isBusy && elapsed() < until; await sleep(1)) this.work();
    this.#failed = true;
    await stream.close();
  }

  async #publish({ entry, ends }: Parcel): Promise<void> {
    const { stream, writer } = this.#options;
    this.#publishing++;
    try {
      const id = `${writer}-${++this.#published}`;
      // Whoever has a lease goes on until he is told that he has lost it.
      const seq = await stream.publish(id, encodeEntry(entry), entry.lease !== undefined);
      if (seq > this.#told) {
        await new Promise<void>((resolve) => this.#telling.set(seq, resolve));
      }
      const begin = this.#places.get(seq) ?? seq * SEQS_A_MESSAGE;
      for (const { waiting, first, last } of ends) {
        waiting.resolve({ first: begin + first, last: begin + last });
      }
    } catch (error) {
      for (const { waiting } of ends) waiting.reject(error);
    } finally {
      this.#publishing--;
      if (this.#publishing === 0) this.#places.clear();
      if (this.#parcels.length > 0) this.#options.waiting(true);
    }
  }

  /** Seq of the newest message that was read. */
  get #read(): number {
    return this.#queue.at(-1)?.seq ?? this.#told;
  }

  async #take(message: StreamMessage): Promise<void> {
    const expected = this.#read + 1;
    const { name } = this.#options.stream;
    if (message.seq < expected) throw behind(name, message.seq, expected - 1);
    // What went before anybody here had read it is missed by nobody.
    if (message.seq > expected && this.#told >= this.#options.stream.firstSeq) {
      throw hole(name, expected, message.seq - 1);
    }
    this.#queue.push(message);
    this.#pending = message.pending;
    this.#options.waiting(this.#queue.length >= QUEUED_MAX / 2);
    if (this.#queue.length < QUEUED_MAX) return;
    await new Promise<void>((resolve) => this.#roomMade = resolve);
  }

  #tell(): void {
    const { elapsed } = this.#options;
    const until = elapsed() + DELIVER_MS_MAX;
    let ticks = 0;
    while (this.#queue.length > 0 && ticks < DELIVER_MAX && elapsed() < until && !this.#failed) {
      const message = this.#queue.shift()!;
      const entry = this.#decode(message);
      if (entry !== undefined) {
        ticks += weightOf(entry);
        if (seqsOf(entry) > 0) this.#head = lastSeq(entry);
        else if (this.#publishing > 0) this.#places.set(message.seq, entry.first);
        this.#toldTime = entry.time;
        this.#deliver!(entry);
      }
      this.#told = message.seq;
      this.#telling.get(message.seq)?.();
      this.#telling.delete(message.seq);
    }
    if (this.#queue.length >= QUEUED_MAX / 2) return;
    this.#roomMade?.();
    this.#roomMade = undefined;
  }

  /** @returns the entry with its seqs; `undefined` for what is none: it adds nothing, and so it is everywhere */
  #decode({ seq, data }: StreamMessage): Entry | undefined {
    try {
      const entry = decodeEntry(data, seq * SEQS_A_MESSAGE);
      const first = seqsOf(entry) === 0 ? this.#head + 1 : entry.first;
      const last = lastSeq({ ...entry, first });
      return { ...entry, first, receipts: entry.receipts.map((each) => ({ ...each, seq: last })) };
    } catch (error) {
      if (!(error instanceof EntryFault)) throw error;
      const { name } = this.#options.stream;
      const what = `Message ${seq} of the stream ${name} is no entry: ${error.message}`;
      if (error instanceof NewerEntry) this.#fail(new TapeError(`${what}; use a newer tickwire`));
      else this.#options.warn(`${what}; it adds nothing`);
      return undefined;
    }
  }

  /** Notices a stream that is not what it was: those who read it are only told of what comes. */
  async #look(): Promise<void> {
    const { stream, sleep } = this.#options;
    for (let last = stream.lastSeq; !this.#failed;) {
      await sleep(LOOK_MS);
      try {
        const read = this.#read;
        const now = await stream.look();
        if (now === undefined) continue;
        if (now.lastSeq < read) throw behind(stream.name, now.lastSeq, read);
        if (now.firstSeq > this.#read + 1) {
          throw hole(stream.name, this.#read + 1, now.firstSeq - 1);
        }
        [this.#target, last] = [last, now.lastSeq];
      } catch (error) {
        return this.#fail(error);
      }
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.fail(error instanceof TapeError ? error : new TapeError(String(error)));
  }
}

function hole(name: string, first: number, last: number): TapeError {
  return new TapeError(
    `Cannot follow the stream ${name}: messages ${first} to ${last} are missing; start again, to begin with what it has now`,
  );
}

function behind(name: string, last: number, told: number): TapeError {
  return new StreamBehind(
    `Cannot follow the stream ${name}: it ends with message ${last}, and ${told} was read; start again, to begin with what it has now`,
  );
}
