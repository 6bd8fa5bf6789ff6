import type { DatabaseSync } from "node:sqlite";
import {
  addTick,
  type Bar,
  type BarChanges,
  barOf,
  type BarRange,
  type BarRecord,
  countOf,
  GONE,
  MADE_OF,
  reviseRecord,
  SEQ,
  STATE,
  TICKS,
  TIME,
} from "../core/bar.ts";
import { type Interval, lengthOf, startOf } from "../core/interval.ts";
import { BarTable, type IsCancelledBar } from "./bar_table.ts";
import type { Corrections } from "./corrections.ts";
import { FreshBars, nameOf } from "./fresh_bars.ts";
import type { SymbolTable } from "./symbol_table.ts";

/** The result of storing records in a transaction. */
export interface Stored {
  /** A seq at or before the first tick of the records that stay in memory only, if any do. */
  readonly left: number | undefined;
  /** Call it after the commit. */
  done(): void;
}

/**
 * The bars that a market no longer holds. Changed bars are in memory until they are stored, so that
 * reads find the changes at once.
 */
export class BarStore {
  readonly #table: BarTable;
  readonly #isCancelled: IsCancelledBar;
  readonly #symbols: SymbolTable;
  readonly #corrections: Corrections;
  /** Changed bars, and the changed bars that are being stored. */
  #fresh = new FreshBars();
  #storing = new FreshBars();
  /** If another process stores the bars: the last tick that may have changed `#storing`. */
  #storingThrough = 0;
  /** A time at or before the oldest stored bar of each series, to save queries for older bars. */
  readonly #oldest = new Map<string, number>();

  constructor(
    db: DatabaseSync,
    symbols: SymbolTable,
    keptMin: number,
    corrections: Corrections,
  ) {
    this.#symbols = symbols;
    this.#corrections = corrections;
    this.#isCancelled = (symbol, interval, time, seq, isOfTicks) =>
      // Given bars are not ticks: only the removal of the symbol cancels them.
      isOfTicks
        ? corrections.cancelled.covers(symbol, time, time + lengthOf(interval), seq)
        : corrections.cancelled.removed(symbol, seq);
    this.#table = new BarTable(db, symbols, keptMin, this.#isCancelled);
  }

  /** Takes changed records. @param seq at or before the first tick of the changes */
  keep(records: readonly BarRecord[], seq: number): void {
    if (records.length > 0) this.#fresh.changedSince(seq);
    for (const record of records) this.#fresh.put(record);
  }

  /** Takes the changes of bars that the market has dropped. @param seq as in `keep` */
  hold({ bars, late }: BarChanges, seq: number): void {
    this.keep(bars, seq);
    if (late.length > 0) this.#fresh.changedSince(seq);
    for (const { interval, tick } of late) {
      const { symbol } = tick;
      const time = startOf(interval, tick.time);
      const own = this.#fresh.find(symbol, interval, time);
      if (own !== undefined && !this.#isGone({ symbol, interval, numbers: own })) {
        addTick(own, 0, tick);
        continue;
      }
      const known = this.find(symbol, interval, time);
      this.#fresh.put({ symbol, interval, numbers: reviseRecord(interval, known, tick) });
    }
  }

  /** The record of a bar. The caller must not change it. */
  find(symbol: string, interval: Interval, time: number): Float64Array | undefined {
    const numbers = this.#fresh.find(symbol, interval, time) ??
      this.#storing.find(symbol, interval, time) ?? this.#find(symbol, interval, time);
    return numbers !== undefined && this.#isGone({ symbol, interval, numbers })
      ? undefined
      : numbers;
  }

  /** Number of bars that are in memory only. */
  get freshCount(): number {
    return this.#storing.count + this.#fresh.count;
  }

  /**
   * Stores some of the bars that are in memory only; part of a transaction. The bars of a series
   * are stored in time order: a start loads the newest into the market and takes ticks of older
   * bars as late.
   */
  store(max: number): Stored {
    if (this.#storing.count === 0) {
      this.#storing = this.#fresh;
      this.#fresh = new FreshBars();
    }
    const storing = this.#storing;
    const records = storing.some(max);
    for (const record of records) this.#put(record);
    return {
      left: storing.count > records.length ? storing.since : this.#fresh.since,
      done() {
        for (const record of records) storing.delete(record);
        if (storing.count === 0) storing.since = undefined;
      },
    };
  }

  /**
   * Drops bars that another process has stored.
   * @param saved that process has stored derived data up to this seq @param seq of the newest tick
   */
  release(saved: number, seq: number): void {
    if (this.#storing.count > 0 && this.#storingThrough > saved) return;
    this.#storing = this.#fresh;
    this.#storingThrough = seq;
    this.#fresh = new FreshBars();
    this.#oldest.clear();
  }

  #put(record: BarRecord): void {
    const { symbol, interval, numbers } = record;
    if (this.#isGone(record)) return this.#table.remove(symbol, interval, numbers[TIME]!);
    this.#table.put(record);
    const name = nameOf(symbol, interval);
    const oldest = this.#oldest.get(name);
    const time = record.numbers[TIME]!;
    if (oldest !== undefined && time < oldest) this.#oldest.set(name, time);
  }

  /** Bars by time, oldest first. */
  range(symbol: string, interval: Interval, range: BarRange): Bar[] {
    return this.records(symbol, interval, range)
      .map((numbers) => barOf(symbol, interval, numbers));
  }

  /** As `range`, but records. @param of `mixed`: only bars that contain given bars and ticks */
  records(symbol: string, interval: Interval, range: BarRange, of?: "mixed"): Float64Array[] {
    const { from, limit } = range;
    const isGone = (numbers: Float64Array) => this.#isGone({ symbol, interval, numbers });
    // As many bars as are gone here may be hidden in what is older, so there the query asks for more.
    const fresh = this.#fresh.range(symbol, interval, range, isGone);
    const wide = { ...range, limit: limit + fresh.filter(isGone).length };
    const storing = this.#storing.range(symbol, interval, wide, isGone);
    const wider = { ...range, limit: wide.limit + storing.filter(isGone).length };
    const stored = of === "mixed"
      ? this.#table.mixed(symbol, interval, range)
      : this.#table.range(symbol, interval, wider);
    const records = merged(merged(stored, storing), fresh).filter((numbers) =>
      !isGone(numbers) && (of === undefined || isMixed(numbers))
    );
    if (from !== undefined) return records.slice(0, limit);
    return records.slice(Math.max(0, records.length - limit));
  }

  /** Deletes some cancelled bars; part of a transaction. @returns whether there may be more */
  sweep(): boolean {
    return this.#corrections.sweep(({ symbol, interval, from, to }) =>
      this.#table.sweep(symbol, interval, from, to)
    );
  }

  /** Whether a record marks its bar as gone, or corrections have cancelled the bar. */
  #isGone({ symbol, interval, numbers }: BarRecord): boolean {
    if (numbers[STATE] === GONE) return true;
    const id = this.#symbols.find(symbol);
    const [time, seq, isOfTicks] = [numbers[TIME]!, numbers[SEQ]!, numbers[MADE_OF] === TICKS];
    return id !== undefined && this.#isCancelled(id, interval, time, seq, isOfTicks);
  }

  /** The newest bars of every series, oldest first. */
  newest(count: number): BarRecord[] {
    return this.#table.newest(count);
  }

  /** Deletes short bars whose ticks were forgotten. @returns whether to call it again at once */
  forget(tail: number): boolean {
    return this.#table.forget(tail);
  }

  /** Deletes some of the oldest bars to free space. @returns whether there may be more */
  squeeze(): boolean {
    return this.#table.squeeze();
  }

  #find(symbol: string, interval: Interval, time: number): Float64Array | undefined {
    const name = nameOf(symbol, interval);
    let oldest = this.#oldest.get(name);
    if (oldest === undefined) {
      this.#oldest.set(name, oldest = this.#table.oldest(symbol, interval));
    }
    return time < oldest ? undefined : this.#table.find(symbol, interval, time);
  }
}

function isMixed(numbers: Float64Array): boolean {
  return numbers[MADE_OF] !== TICKS && countOf(numbers) > 0;
}

/** Merges older and newer records of a range. For the same bar, the newer record counts. */
function merged(older: Float64Array[], newer: Float64Array[]): Float64Array[] {
  if (newer.length === 0) return older;
  const all: Float64Array[] = [];
  let next = 0;
  for (const record of newer) {
    const time = record[TIME]!;
    while (next < older.length && older[next]![TIME]! < time) all.push(older[next++]!);
    if (older[next]?.[TIME] === time) next++;
    all.push(record);
  }
  while (next < older.length) all.push(older[next++]!);
  return all;
}
