/** One file of SQLite: https://www.sqlite.org/wal.html, https://nodejs.org/api/sqlite.html */
import type { DatabaseSync } from "node:sqlite";
import type { Bar, BarRange } from "../core/bar.ts";
import type { TapedCorrection } from "../core/correction.ts";
import type { OlderBars } from "../core/given_bars.ts";
import type { Interval } from "../core/interval.ts";
import type { DroppedChanges, MarketChanges, MarketState } from "../core/market_state.ts";
import { type Entry, type Receipt, seqsOf } from "../log/log.ts";
import { Damage } from "../store/checksum.ts";
import { closeDatabase, pragmaOf, reasonOf, transact } from "../store/database.ts";
import type { TextTable } from "../store/text_table.ts";
import { noteTail, openParts, type Parts, type PartsOptions, seqNoted } from "./parts.ts";
import { loadDerived, storeDerived } from "./derived.ts";
import type { FoundColumns } from "./found.ts";
import { Sharing } from "./sharing.ts";
import type { Step } from "./sealer.ts";
import { TickFinder } from "./tick_finder.ts";
import type { Archive, Count, Retention, Slice, TapeReader, TickQuery } from "./tape.ts";

export interface StoredTapeOptions extends Omit<PartsOptions, "blockTicks" | "bytes"> {
  readonly epoch: string;
  readonly path: string;
  /** Ticks after which a block goes into the file. */
  readonly blockTicks?: number | undefined;
  /** Ticks that are kept, if that is limited. */
  readonly ticksMax?: number | undefined;
}

/** Ticks after which a block goes into the file. */
const BLOCK_TICKS = 65_536;

/**
 * What one process can read: all ticks that are kept, and what follows from them. The newest ticks are in
 * memory, and in the log until they are in a block of the file.
 */
export class StoredTape implements TapeReader, Archive, OlderBars {
  readonly epoch: string;
  /** Nothing that was stored when it was opened follows from what is behind this seq. */
  readonly knownAtOpen: number;
  readonly #db: DatabaseSync;
  readonly #meta: TextTable;
  readonly #path: string;
  readonly #ticksMax: number | undefined;
  readonly #isReader: boolean;
  readonly #parts: Parts;
  readonly #finder: TickFinder;
  /** How several processes read one file. */
  readonly sharing: Sharing;
  #saved: number;
  #settled: number;

  /** @throws {TapeError} in words for the operator */
  constructor(options: StoredTapeOptions) {
    const { db, meta, epoch, path } = options;
    this.epoch = epoch;
    [this.#db, this.#meta, this.#path] = [db, meta, path];
    const { blockTicks = BLOCK_TICKS, ticksMax, isReader = false } = options;
    this.#ticksMax = ticksMax;
    this.#isReader = isReader;
    try {
      this.#parts = openParts({ ...options, blockTicks, bytes: () => this.bytes });
      this.#finder = new TickFinder(this.#parts, () => this.tail);
      this.sharing = new Sharing(this.#parts, () => this.#saved, (saved) => this.#saved = saved);
      this.#saved = seqNoted(meta, "saved");
      this.#settled = seqNoted(meta, "settled");
      // What another process stores follows from what it has read, which may be more.
      this.knownAtOpen = isReader ? Infinity : Math.max(this.#saved, seqNoted(meta, "known"));
    } catch (cause) {
      db.close();
      throw reasonOf("open", path, cause);
    }
  }

  get head(): number {
    return this.#parts.segments.last;
  }

  get tail(): number {
    return Math.max(this.#parts.retainer.tail, this.#parts.segments.all[0]?.after ?? 0);
  }

  /** What follows from the ticks up to here is stored. */
  get saved(): number {
    return this.#saved;
  }

  /** Ticks that are in memory, and in the log only. */
  get unsealed(): number {
    return this.#parts.segments.unsealed;
  }

  /** Bytes in use; what was forgotten leaves room in the file, which is filled again. */
  get bytes(): number {
    const of = (name: string) => pragmaOf(this.#db, name);
    return this.#read(() => (of("page_count") - of("freelist_count")) * of("page_size"));
  }

  /** Ticks of a file of version 0.1.0 that are not in blocks yet. */
  get legacyTicks(): number {
    return this.#parts.sealer.legacyTicks;
  }

  bars(symbol: string, interval: Interval, range: BarRange): Bar[] {
    return this.#read(() => this.#parts.bars.range(symbol, interval, range));
  }

  /** The record of a bar, which must not be changed. */
  find(symbol: string, interval: Interval, time: number): Float64Array | undefined {
    return this.#read(() => this.#parts.bars.find(symbol, interval, time));
  }

  /** Takes what the log tells of: from here on it is read. @throws {RangeError} when something before it is missing */
  add(entry: Entry): void {
    const { first, marks, receipts } = entry;
    if (seqsOf(entry) > 0) {
      if (first <= this.head) throw new RangeError(`Cannot add tick ${first} after ${this.head}`);
      this.#parts.segments.add(entry, (symbol) => this.#parts.symbols.add(symbol));
    }
    for (const { name, value } of marks) this.#parts.marks.set(name, value);
    for (const receipt of receipts) this.#parts.receipts.add(receipt);
    if (this.#ticksMax !== undefined) this.#parts.retainer.keepNewest(this.#ticksMax);
  }

  /** As `bars`, with all that is stored of them. @param of `mixed`: of given bars, with ticks in them */
  records(symbol: string, interval: Interval, range: BarRange, of?: "mixed"): Float64Array[] {
    return this.#read(() => this.#parts.bars.records(symbol, interval, range, of));
  }

  corrections(after: number): readonly TapedCorrection[] {
    return this.#parts.corrections.after(after);
  }

  /** Whether the corrections at a seq count, of which the log tells again after a start. */
  isCorrected(seq: number): boolean {
    return this.#parts.corrections.has(seq);
  }

  /** From here on what a correction takes back is not read. */
  correct(correction: TapedCorrection): void {
    this.#parts.corrections.add(correction);
  }

  /** Takes what has changed of bars that the market does not hold any more. */
  hold(changes: DroppedChanges): void {
    this.#read(() => this.#parts.bars.hold(changes, changes.since));
  }

  /** Bars that are in memory only. */
  get barsHeld(): number {
    return this.#parts.bars.freshCount;
  }

  /** @throws {TapeError} when the file knows of ticks that are not there; asked once the log has told of all */
  checkHead(): void {
    if (this.knownAtOpen <= this.head) return;
    const missing = `its newest ticks, ${this.head + 1} to ${this.knownAtOpen}, are missing`;
    throw reasonOf("open", this.#path, new Damage(missing));
  }

  /** The receipt of a key, which may be older than a day. */
  receipt(key: string): Receipt | undefined {
    return this.#read(() => this.#parts.receipts.find(key));
  }

  /** The newest mark of this name. */
  mark(name: string): string | undefined {
    return this.#read(() => this.#parts.marks.get(name));
  }

  /** Whether there are ticks in memory or in the file that nobody reads any more. */
  get hasSurplus(): boolean {
    return this.#parts.retainer.hasSurplus;
  }

  /** Whether ticks wait for what follows from them to be stored, before they can leave the log. */
  get sealsAfterSave(): boolean {
    return (this.#parts.segments.full()?.last ?? 0) > this.#saved;
  }

  before(time: number): number {
    return Math.max(this.tail, this.#parts.segments.before(time));
  }

  first(query: TickQuery): Slice {
    return this.#read(() => this.#finder.first(query));
  }

  last(query: TickQuery): Slice {
    return this.#read(() => this.#finder.last(query));
  }

  columns(query: TickQuery, into: FoundColumns): number {
    return this.#read(() => this.#finder.columns(query, into));
  }

  nameOf(symbol: number): string {
    return this.#read(() => this.#parts.symbols.nameOf(symbol));
  }

  countFirst(query: TickQuery): Count {
    return this.#read(() => this.#finder.countFirst(query));
  }

  countLast(query: TickQuery): Count {
    return this.#read(() => this.#finder.countLast(query));
  }

  /** What was derived from the ticks, with so many bars of each series; those after `seq` are to be applied. */
  load(barsKept: number): MarketState {
    return this.#read(() => ({
      seq: this.#saved,
      ...loadDerived(this.#parts),
      bars: this.#parts.bars.newest(barsKept),
    }));
  }

  /**
   * Stores what has changed, with some of what is in memory only. Bars are kept in memory also when that fails.
   * @returns the seq up to which all is stored
   */
  save(state: MarketChanges): number {
    this.#parts.bars.keep(state.bars, state.since ?? this.#saved + 1);
    let saved = this.#saved;
    const stored = this.#write(() => {
      const stored = storeDerived(this.#parts, state);
      saved = Math.max(saved, stored.through);
      this.#meta.put("saved", String(saved));
      this.#meta.put("known", String(this.head));
      return stored;
    });
    stored.done();
    return this.#saved = saved;
  }

  /** Notes how far the log is not needed any more. @returns that seq */
  settle(): number {
    const settled = Math.min(this.#parts.segments.settled, this.#saved);
    if (settled > this.#settled) {
      this.#write(() => this.#meta.put("settled", String(settled)));
      this.#settled = settled;
    }
    return this.#settled;
  }

  /** Lets the newest block take no more ticks, so that it can be sealed. */
  closeBlock(): void {
    this.#parts.segments.close();
  }

  /** Brings a part of the ticks from the log into the file. @returns whether there is more */
  seal(): boolean {
    const { sealer } = this.#parts;
    return this.#do(() => sealer.step(this.#saved), () => sealer.failed());
  }

  /** Forgets what is beyond the retention, a part of it. @returns whether there may be more to forget */
  retain(retention: Retention, receiptsBefore: number): boolean {
    const { retainer, bars, receipts, corrections } = this.#parts;
    let forgotten = () => {};
    this.#read(() => retainer.moveTail(retention, this.#saved));
    const squeezes = this.#read(() => retainer.squeezes(retention.bytesMax));
    // Before anything is forgotten it must be known that nobody looks for it.
    const left = this.#write(() => {
      noteTail(this.#meta, retainer.tail);
      if (squeezes) retainer.squeeze();
      const moreReceipts = receipts.forget(receiptsBefore);
      forgotten = corrections.forget(Math.min(this.tail, this.#saved));
      return bars.forget(this.tail) || moreReceipts;
    });
    forgotten();
    return this.#do(() => retainer.step()) || squeezes || left;
  }

  /** Deletes some of the bars that corrections have cancelled. @returns whether there may be more */
  sweep(): boolean {
    return this.#parts.corrections.isSweeping && this.#write(() => this.#parts.bars.sweep());
  }

  close(): void {
    if (this.#isReader) return this.#db.close();
    closeDatabase(this.#db, this.#meta, this.#path);
  }

  /** Does a step of some work. @returns whether there was one */
  #do(next: () => Step | undefined, failed = () => {}): boolean {
    const step = this.#read(next);
    if (step === undefined) return false;
    try {
      this.#write(step)();
      return true;
    } catch (error) {
      failed();
      throw error;
    }
  }

  /** @throws {TapeError} */
  #read<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      throw reasonOf("read", this.#path, cause);
    }
  }

  /** One transaction. @throws {TapeError} */
  #write<Result>(work: () => Result): Result {
    try {
      let stored = () => {};
      const result = transact(this.#db, () => {
        stored = this.#parts.symbols.store();
        return work();
      });
      stored();
      return result;
    } catch (cause) {
      throw reasonOf("write", this.#path, cause);
    }
  }
}
