/** A tape in a SQLite file: https://www.sqlite.org/wal.html, https://nodejs.org/api/sqlite.html */
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
  /** Number of ticks after which a block is sealed in the file. */
  readonly blockTicks?: number | undefined;
  /** Most ticks that are kept, if there is a limit. */
  readonly ticksMax?: number | undefined;
}

/** The default of `blockTicks`, and the greatest. */
export const BLOCK_TICKS = 65_536;

/**
 * All data that a process reads: the ticks that are kept, and the data derived from them. The
 * newest ticks are in memory, and in the log until they are in a block of the file.
 */
export class StoredTape implements TapeReader, Archive, OlderBars {
  readonly epoch: string;
  /** The derived data that the file had at the start come from ticks up to this seq. */
  readonly knownAtOpen: number;
  readonly #db: DatabaseSync;
  readonly #meta: TextTable;
  readonly #path: string;
  readonly #ticksMax: number | undefined;
  readonly #isReader: boolean;
  readonly #parts: Parts;
  readonly #finder: TickFinder;
  /** Lets several processes read the file. */
  readonly sharing: Sharing;
  #saved: number;
  #settled: number;

  /** @throws {TapeError} with a message for the operator */
  constructor(options: StoredTapeOptions) {
    const { db, meta, epoch, path } = options;
    this.epoch = epoch;
    [this.#db, this.#meta, this.#path] = [db, meta, path];
    const { blockTicks = BLOCK_TICKS, ticksMax, isReader = false } = options;
    [this.#ticksMax, this.#isReader] = [ticksMax, isReader];
    try {
      this.#parts = openParts({ ...options, blockTicks, bytes: () => this.bytes });
      this.#finder = new TickFinder(this.#parts, () => this.tail);
      this.sharing = new Sharing(this.#parts, () => this.#saved, (saved) => this.#saved = saved);
      this.#saved = seqNoted(meta, "saved");
      this.#settled = seqNoted(meta, "settled");
      // The process that writes may have read more ticks, and has stored data derived from them.
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

  /** The data derived from ticks up to this seq are stored. */
  get saved(): number {
    return this.#saved;
  }

  /** Number of ticks in memory that are not in blocks of the file. */
  get unsealed(): number {
    return this.#parts.segments.unsealed;
  }

  /** Bytes in use. Deleted data leave free space in the file, which is used again. */
  get bytes(): number {
    const of = (name: string) => pragmaOf(this.#db, name);
    return this.#read(() => (of("page_count") - of("freelist_count")) * of("page_size"));
  }

  /** Number of ticks in the format of version 0.1.0 that are not in blocks yet. */
  get legacyTicks(): number {
    return this.#parts.sealer.legacyTicks;
  }

  bars(symbol: string, interval: Interval, range: BarRange): Bar[] {
    return this.#read(() => this.#parts.bars.range(symbol, interval, range));
  }

  /** The record of a bar. The caller must not change it. */
  find(symbol: string, interval: Interval, time: number): Float64Array | undefined {
    return this.#read(() => this.#parts.bars.find(symbol, interval, time));
  }

  /** Adds an entry of the log. @throws {RangeError} if the tape already has its first seq */
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

  /** As `bars`, but records. @param of `mixed`: only bars that contain both given bars and ticks */
  records(symbol: string, interval: Interval, range: BarRange, of?: "mixed"): Float64Array[] {
    return this.#read(() => this.#parts.bars.records(symbol, interval, range, of));
  }

  corrections(after: number): readonly TapedCorrection[] {
    return this.#parts.corrections.after(after);
  }

  /** Whether the corrections at a seq were added: after a start the log may deliver them again. */
  isCorrected(seq: number): boolean {
    return this.#parts.corrections.has(seq);
  }

  /** Adds a correction. From now on, reads skip what it cancels. */
  correct(correction: TapedCorrection): void {
    this.#parts.corrections.add(correction);
  }

  /** Takes the changes of bars that the market no longer holds. */
  hold(changes: DroppedChanges): void {
    this.#read(() => this.#parts.bars.hold(changes, changes.since));
  }

  /** Number of bars that are in memory only. */
  get barsHeld(): number {
    return this.#parts.bars.freshCount;
  }

  /** Call it after the log has delivered all. @throws {TapeError} if newest ticks are missing */
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

  /** Whether memory or the file has ticks that are no longer read. */
  get hasSurplus(): boolean {
    return this.#parts.retainer.hasSurplus;
  }

  /** Whether a full block cannot be sealed until the data derived from its ticks are saved. */
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

  /** Loads derived data with `barsKept` bars per series. The caller applies ticks after `seq`. */
  load(barsKept: number): MarketState {
    return this.#read(() => ({
      seq: this.#saved,
      ...loadDerived(this.#parts),
      bars: this.#parts.bars.newest(barsKept),
    }));
  }

  /**
   * Stores the changes, and some bars and receipts in memory only. Bars stay there if it fails.
   * @returns the seq up to which all is stored
   */
  save(state: MarketChanges): number {
    this.#parts.bars.keep(state.bars, state.since ?? this.#saved + 1);
    let saved = this.#saved;
    const stored = this.#write(() => {
      const stored = storeDerived(this.#parts, state);
      saved = Math.max(saved, stored.through);
      this.#meta.put("saved", String(saved));
      // While the log still repeats what the file knows, the head is before that.
      this.#meta.put("known", String(Math.max(this.knownAtOpen, this.head)));
      return stored;
    });
    stored.done();
    return this.#saved = saved;
  }

  /** Stores the seq up to which the log is no longer needed. @returns that seq */
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

  /** Moves a part of the ticks from the log into blocks. @returns whether there may be more */
  seal(): boolean {
    const { sealer } = this.#parts;
    return this.#do(() => sealer.step(this.#saved), () => sealer.failed());
  }

  /** Deletes a part of what exceeds the retention. @returns whether there may be more */
  retain(retention: Retention, receiptsBefore: number): boolean {
    const { retainer, bars, receipts, corrections } = this.#parts;
    let forgotten = () => {};
    this.#read(() => retainer.moveTail(retention, this.#saved));
    const squeezes = this.#read(() => retainer.squeezes(retention.bytesMax));
    // The new tail must be stored before ticks are deleted.
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

  /** Deletes some of the cancelled bars. @returns whether there may be more */
  sweep(): boolean {
    return this.#parts.corrections.isSweeping && this.#write(() => this.#parts.bars.sweep());
  }

  close(): void {
    if (this.#isReader) return this.#db.close();
    closeDatabase(this.#db, this.#meta, this.#path);
  }

  /** Runs the next step of some work. @returns whether there was one */
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

  /** Runs work in one transaction. @throws {TapeError} */
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
