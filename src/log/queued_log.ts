import type { TapedTick } from "../core/tick.ts";
import {
  type Appended,
  type Content,
  countFor,
  DELIVER_MAX,
  DELIVER_MS_MAX,
  type Draft,
  type Entry,
  FULL_BATCH,
  insteadOfTicks,
  isAlone,
  lastSeq,
  type LogState,
  partOf,
  type Receipt,
  recordsOf,
  seqsOf,
  type SlicedLog,
  weightOf,
  writtenFor,
} from "./log.ts";

/** The storage of a log in this process. */
export interface EntryStore {
  /** All entries after a seq, oldest first. @throws {TapeError} */
  read(after: number): Iterable<Entry>;
  /** Appends entries, all or nothing. @throws {TapeFull} {TapeError} */
  write(entries: readonly Entry[]): void;
  /** Removes the newest entries, because their draft could not be completed. */
  takeBack(count: number): void;
  /** Deletes some entries whose seqs are at most `through`. @returns whether there are more */
  forget(through: number): boolean;
}

export interface QueuedLogOptions {
  readonly epoch: string;
  readonly store: EntryStore;
  now(): number;
  /** Milliseconds by a monotonic clock. */
  elapsed(): number;
  /** Called when drafts wait for `work`. @param isMuch whether `work` should run at once */
  waiting(isMuch: boolean): void;
}

/** Most ticks that are written at once; live frames wait for it. */
const WRITE_MAX = 4_096;
/** Most ticks of an entry. Small entries let delivery end on time when late ticks make it slow. */
const ENTRY_TICKS = 1_024;

interface Waiting {
  readonly draft: Draft;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** An entry and the drafts that it completes, with their seqs. */
interface Written {
  readonly entry: Entry;
  readonly ends: readonly { readonly waiting: Waiting; readonly appended: Appended }[];
}

/** A draft of several entries. They are delivered when all are written. */
interface Large {
  readonly waiting: Waiting;
  readonly parts: Written[];
  /** Number of its ticks and bars that are written. */
  written: number;
}

/** The log of one process: it numbers the entries, stores and delivers them in the same turn. */
export class QueuedLog implements SlicedLog {
  readonly epoch: string;
  readonly #options: QueuedLogOptions;
  readonly #waiting: Waiting[] = [];
  #ticksWaiting = 0;
  #large: Large | undefined;
  readonly #undelivered: Written[] = [];
  #head = 0;
  #deliver: ((entry: Entry) => void) | undefined;

  constructor(options: QueuedLogOptions) {
    this.#options = options;
    this.epoch = options.epoch;
  }

  append(draft: Draft): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, resolve, reject });
      this.#ticksWaiting += recordsOf(draft);
      // Otherwise a sender that waits for each batch could send only one batch per frame.
      this.#options.waiting(this.#ticksWaiting >= FULL_BATCH);
    });
  }

  follow(after: number, deliver: (entry: Entry) => void): void {
    if (this.#deliver !== undefined) throw new TypeError("Cannot follow a log twice");
    this.#deliver = deliver;
    this.#head = after;
    let parts: Entry[] = [];
    for (const entry of this.#options.store.read(after)) {
      parts.push(entry);
      if (entry.more) continue;
      for (const part of parts) {
        this.#head = Math.max(this.#head, lastSeq(part));
        deliver(part);
      }
      parts = [];
    }
    // The process ended before the last draft was complete. Its sender got no answer.
    if (parts.length > 0) this.#options.store.takeBack(parts.length);
  }

  work(): boolean {
    if (this.#large === undefined) this.#writeWaiting();
    if (this.#large !== undefined) this.#writeLarge(this.#large);
    this.#deliverSlice();
    return this.#waiting.length > 0 || this.#large !== undefined ||
      this.#undelivered.length > 0;
  }

  get state(): LogState {
    const lag = { entries: 0, ms: 0 };
    return { engine: "local", connected: true, reconnects: 0, lag, current: true };
  }

  close(): Promise<void> {
    while (this.work());
    return Promise.resolve();
  }

  forget(through: number): boolean {
    return this.#options.store.forget(through);
  }

  /** Writes drafts that fit into an entry, as many per entry as fit. */
  #writeWaiting(): void {
    const written: Written[] = [];
    let group: Waiting[] = [];
    let [ticks, groupTicks, count] = [0, 0, 0];
    const close = () => {
      if (group.length > 0) written.push(this.#written(group));
      [group, groupTicks] = [[], 0];
    };
    const before = this.#head;
    for (const waiting of this.#waiting) {
      const length = weightOf(waiting.draft);
      if (length > ENTRY_TICKS || ticks + length > WRITE_MAX) break;
      if (groupTicks + length > ENTRY_TICKS || isAlone(waiting.draft)) close();
      group.push(waiting);
      if (isAlone(waiting.draft)) close();
      groupTicks += length;
      ticks += length;
      count++;
    }
    close();
    const taken = this.#take(count);
    try {
      this.#options.store.write(written.map(({ entry }) => entry));
      this.#undelivered.push(...written);
    } catch (error) {
      this.#head = before;
      for (const { reject } of taken) reject(error);
    }
    const next = this.#waiting[0];
    if (next === undefined || weightOf(next.draft) <= ENTRY_TICKS) return;
    this.#take(1);
    this.#large = { waiting: next, parts: [], written: 0 };
  }

  #take(count: number): Waiting[] {
    const taken = this.#waiting.splice(0, count);
    for (const { draft } of taken) this.#ticksWaiting -= recordsOf(draft);
    return taken;
  }

  /** Writes a slice of the entries of a large draft; the last slice completes it. */
  #writeLarge(large: Large): void {
    const { waiting, parts } = large;
    const { draft } = waiting;
    const count = recordsOf(draft);
    const first = parts[0]?.entry.first ?? this.#head + 1;
    const fresh: Written[] = [];
    const size = countFor(ENTRY_TICKS, draft);
    const end = Math.min(count, large.written + writtenFor(WRITE_MAX, draft));
    for (let at = large.written; at < end; at += size) {
      const through = Math.min(end, at + size);
      const part = partOf(draft, at, through);
      fresh.push(
        through === count
          ? this.#lastOf(waiting, part, first)
          : { entry: this.#entry(part, [], true), ends: [] },
      );
    }
    try {
      this.#options.store.write(fresh.map(({ entry }) => entry));
    } catch (error) {
      this.#options.store.takeBack(parts.length);
      this.#head = first - 1;
      this.#large = undefined;
      return waiting.reject(error);
    }
    parts.push(...fresh);
    large.written = end;
    if (end < count) return;
    this.#undelivered.push(...parts);
    this.#large = undefined;
  }

  /** Makes the entry of one or more drafts. */
  #written(group: readonly Waiting[]): Written {
    let first = this.#head + 1;
    const ends = group.map((waiting) => {
      const last = first + seqsOf(waiting.draft) - 1;
      const end = { waiting, appended: { first, last } };
      first = last + 1;
      return end;
    });
    const ticks = group.flatMap(({ draft }) => draft.ticks);
    return { entry: this.#entry({ ...insteadOfTicks(group[0]!.draft), ticks }, ends, false), ends };
  }

  /** Makes the last entry of a large draft. @param first seq of its first entry */
  #lastOf(waiting: Waiting, part: Content, first: number): Written {
    const last = this.#head + seqsOf(part);
    const ends = [{ waiting, appended: { first, last } }];
    return { entry: this.#entry(part, ends, false), ends };
  }

  #entry({ ticks, ...others }: Content, ends: Written["ends"], more: boolean): Entry {
    const first = this.#head + 1;
    const time = this.#options.now();
    const receipts: Receipt[] = ends.flatMap(({ waiting: { draft }, appended: { last } }) =>
      draft.key === undefined ? [] : { key: draft.key, accepted: recordsOf(draft), seq: last, time }
    );
    const drafts = ends.map(({ waiting }) => waiting.draft);
    const taped: TapedTick[] = ticks.map(({ symbol, time, price, size, bid, ask }, index) => ({
      seq: first + index,
      symbol,
      time,
      price,
      size,
      bid,
      ask,
    }));
    const entry = {
      ...{ first, ticks: taped, time, receipts, more },
      ...others,
      definitions: drafts.flatMap(({ definitions = [] }) => definitions),
      marks: drafts.flatMap(({ marks = [] }) => marks),
    };
    this.#head = lastSeq(entry);
    return entry;
  }

  /** Delivers a slice of the written entries and answers their senders. */
  #deliverSlice(): void {
    const { elapsed } = this.#options;
    const until = elapsed() + DELIVER_MS_MAX;
    let ticks = 0;
    while (this.#undelivered.length > 0 && ticks < DELIVER_MAX && elapsed() < until) {
      const { entry, ends } = this.#undelivered.shift()!;
      ticks += weightOf(entry);
      try {
        this.#deliver!(entry);
      } catch (error) {
        for (const { waiting } of ends) waiting.reject(error);
        throw error;
      }
      for (const { waiting, appended } of ends) waiting.resolve(appended);
    }
  }
}
