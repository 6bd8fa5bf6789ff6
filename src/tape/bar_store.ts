import type { DatabaseSync } from "node:sqlite";
import {
  addTick,
  type Bar,
  barOf,
  type BarRange,
  type BarRecord,
  reviseRecord,
  TIME,
} from "../core/bar.ts";
import type { BarChanges } from "../core/bar_notes.ts";
import { type Interval, startOf } from "../core/interval.ts";
import { BarTable } from "./bar_table.ts";
import type { SymbolTable } from "./symbol_table.ts";

/** What is stored once a transaction succeeds. */
export interface Stored {
  /** The seq of the first tick of what is in memory only then, or less; `undefined` when nothing is. */
  readonly left: number | undefined;
  /** To be called when it has. */
  done(): void;
}

/**
 * The bars that a market no longer holds. What changes of them is in memory until it is stored, so that
 * whoever reads finds it at once, however much there is of it.
 */
export class BarStore {
  readonly #table: BarTable;
  /** What has changed, and what of it is just being stored. */
  #fresh = new FreshBars();
  #storing = new FreshBars();
  /** Start of the oldest stored bar of each series, or less: no older one is looked for. */
  readonly #oldest = new Map<string, number>();

  constructor(db: DatabaseSync, symbols: SymbolTable, keptMin: number) {
    this.#table = new BarTable(db, symbols, keptMin);
  }

  /** Takes records that have changed. @param seq of the first tick of the changes, or less */
  keep(records: readonly BarRecord[], seq: number): void {
    if (records.length > 0) this.#fresh.changedSince(seq);
    for (const record of records) this.#fresh.put(record);
  }

  /** Takes what has changed of bars that the market dropped. @param seq as of `keep` */
  hold({ bars, late }: BarChanges, seq: number): void {
    this.keep(bars, seq);
    if (late.length > 0) this.#fresh.changedSince(seq);
    for (const { interval, tick } of late) {
      const { symbol } = tick;
      const time = startOf(interval, tick.time);
      const own = this.#fresh.find(symbol, interval, time);
      if (own !== undefined) {
        addTick(own, 0, tick);
        continue;
      }
      const known = this.find(symbol, interval, time);
      this.#fresh.put({ symbol, interval, numbers: reviseRecord(interval, known, tick) });
    }
  }

  /** The record of a bar, which must not be changed. */
  find(symbol: string, interval: Interval, time: number): Float64Array | undefined {
    return this.#fresh.find(symbol, interval, time) ??
      this.#storing.find(symbol, interval, time) ?? this.#find(symbol, interval, time);
  }

  /** How many bars are in memory only. */
  get freshCount(): number {
    return this.#storing.count + this.#fresh.count;
  }

  /**
   * Stores so many of the bars that are in memory only; part of a transaction. Those of a series are stored in
   * the order of time: a start takes the newest for what the market held, and the ticks of others for late ones.
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

  #put(record: BarRecord): void {
    this.#table.put(record);
    const name = nameOf(record.symbol, record.interval);
    const oldest = this.#oldest.get(name);
    const time = record.numbers[TIME]!;
    if (oldest !== undefined && time < oldest) this.#oldest.set(name, time);
  }

  /** Bars by time, oldest first. */
  range(symbol: string, interval: Interval, range: BarRange): Bar[] {
    let records = this.#table.range(symbol, interval, range);
    for (const fresh of [this.#storing, this.#fresh]) {
      records = merged(records, fresh.range(symbol, interval, range), range);
    }
    return records.map((numbers) => barOf(symbol, interval, numbers));
  }

  /** The newest bars of every series, oldest first. */
  newest(count: number): BarRecord[] {
    return this.#table.newest(count);
  }

  /** Forgets short bars whose ticks are gone. @returns whether there is more to forget at once */
  forget(tail: number): boolean {
    return this.#table.forget(tail);
  }

  /** Forgets the oldest bars for want of room. @returns whether there may be more */
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

/** Records of bars by series and time. */
class FreshBars {
  /** The seq of the first tick that only these know, or less. */
  since: number | undefined;
  count = 0;
  readonly #series = new Map<string, Series>();

  changedSince(seq: number): void {
    this.since = Math.min(this.since ?? Infinity, seq);
  }

  put(record: BarRecord): void {
    const name = nameOf(record.symbol, record.interval);
    let series = this.#series.get(name);
    if (series === undefined) this.#series.set(name, series = new Series());
    if (series.put(record)) this.count++;
  }

  find(symbol: string, interval: Interval, time: number): Float64Array | undefined {
    return this.#series.get(nameOf(symbol, interval))?.find(time);
  }

  range(symbol: string, interval: Interval, range: BarRange): Float64Array[] {
    return this.#series.get(nameOf(symbol, interval))?.range(range) ?? [];
  }

  some(max: number): BarRecord[] {
    const found: BarRecord[] = [];
    for (const series of this.#series.values()) {
      if (found.length >= max) break;
      series.collect(found, max);
    }
    return found;
  }

  delete({ symbol, interval, numbers }: BarRecord): void {
    const name = nameOf(symbol, interval);
    const series = this.#series.get(name);
    if (series?.delete(numbers[TIME]!) !== true) return;
    this.count--;
    if (series.size === 0) this.#series.delete(name);
  }
}

/** The records of one series by time; their times are put in order when somebody asks for some. */
class Series {
  readonly #records = new Map<number, BarRecord>();
  #times: number[] = [];
  #sorted = true;

  get size(): number {
    return this.#records.size;
  }

  /** @returns whether there was none of that time */
  put(record: BarRecord): boolean {
    const time = record.numbers[TIME]!;
    const isNew = !this.#records.has(time);
    this.#records.set(time, record);
    if (!isNew) return false;
    if (this.#times.length > 0 && time < this.#times.at(-1)!) this.#sorted = false;
    this.#times.push(time);
    return true;
  }

  find(time: number): Float64Array | undefined {
    return this.#records.get(time)?.numbers;
  }

  delete(time: number): boolean {
    return this.#records.delete(time);
  }

  /** The oldest first. */
  collect(found: BarRecord[], max: number): void {
    for (const time of this.#inOrder()) {
      if (found.length >= max) return;
      const record = this.#records.get(time);
      if (record !== undefined) found.push(record);
    }
  }

  /** Times of records, and maybe of some that were deleted. */
  #inOrder(): readonly number[] {
    if (this.#times.length > 2 * this.#records.size) {
      this.#times = this.#times.filter((time) => this.#records.has(time));
    }
    if (!this.#sorted) this.#times.sort((a, b) => a - b);
    this.#sorted = true;
    return this.#times;
  }

  range({ from = -Infinity, to = Infinity, limit }: BarRange): Float64Array[] {
    const times = this.#inOrder();
    const found: Float64Array[] = [];
    const add = (time: number) => {
      const numbers = this.find(time);
      if (numbers !== undefined) found.push(numbers);
    };
    const end = firstAt(times, to);
    if (from > -Infinity) {
      for (let at = firstAt(times, from); at < end && found.length < limit; at++) add(times[at]!);
      return found;
    }
    for (let at = end - 1; at >= 0 && found.length < limit; at--) add(times[at]!);
    return found.reverse();
  }
}

/** The index of the first time that is not before the given one. */
function firstAt(times: readonly number[], time: number): number {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Older and newer records of a range as one; of the same bar the newer one counts. */
function merged(
  older: Float64Array[],
  newer: Float64Array[],
  { from, limit }: BarRange,
): Float64Array[] {
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
  return from === undefined ? all.slice(Math.max(0, all.length - limit)) : all.slice(0, limit);
}

function nameOf(symbol: string, interval: Interval): string {
  return `${interval} ${symbol}`;
}
