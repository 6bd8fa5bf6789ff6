import { type BarRange, type BarRecord, TIME } from "../core/bar.ts";
import type { Interval } from "../core/interval.ts";
import { firstIndex } from "./halving.ts";

/** Records of bars that are not stored yet, by series and time. */
export class FreshBars {
  /** A seq at or before the first tick that no stored record contains. */
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

  range(
    symbol: string,
    interval: Interval,
    range: BarRange,
    isGone: (numbers: Float64Array) => boolean,
  ): Float64Array[] {
    return this.#series.get(nameOf(symbol, interval))?.range(range, isGone) ?? [];
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

/** The records of one series by time. The times are sorted when a read needs them in order. */
class Series {
  readonly #records = new Map<number, BarRecord>();
  #times: number[] = [];
  #sorted = true;
  /** The records of earlier times in the list were deleted. */
  #begin = 0;

  get size(): number {
    return this.#records.size;
  }

  /** @returns whether there was no record of that time */
  put(record: BarRecord): boolean {
    const time = record.numbers[TIME]!;
    const isNew = !this.#records.has(time);
    this.#records.set(time, record);
    if (!isNew) return false;
    // A time that is deleted and comes again is before the end of the list.
    if (this.#times.length > 0 && time <= this.#times.at(-1)!) this.#sorted = false;
    this.#times.push(time);
    return true;
  }

  find(time: number): Float64Array | undefined {
    return this.#records.get(time)?.numbers;
  }

  delete(time: number): boolean {
    return this.#records.delete(time);
  }

  /** Adds records to `found`, oldest first. */
  collect(found: BarRecord[], max: number): void {
    const times = this.#inOrder();
    for (let at = this.#begin; at < times.length && found.length < max; at++) {
      const record = this.#records.get(times[at]!);
      if (record !== undefined) found.push(record);
      else if (at === this.#begin) this.#begin++;
    }
  }

  /** The times of the records in order; some of the records may have been deleted. */
  #inOrder(): readonly number[] {
    if (this.#sorted && this.#times.length <= 2 * this.#records.size) return this.#times;
    this.#times = [...this.#records.keys()].sort((a, b) => a - b);
    this.#sorted = true;
    this.#begin = 0;
    return this.#times;
  }

  /** Up to `limit` records of bars, and also the records between them that mark a bar as gone. */
  range(
    { from = -Infinity, to = Infinity, limit }: BarRange,
    isGone: (numbers: Float64Array) => boolean,
  ): Float64Array[] {
    const times = this.#inOrder();
    const found: Float64Array[] = [];
    let left = limit;
    const add = (time: number) => {
      const numbers = this.find(time);
      if (numbers === undefined) return;
      found.push(numbers);
      if (!isGone(numbers)) left--;
    };
    const firstAt = (time: number) => firstIndex(times.length, (index) => times[index]! >= time);
    const end = firstAt(to);
    if (from > -Infinity) {
      for (let at = firstAt(from); at < end && left > 0; at++) add(times[at]!);
      return found;
    }
    for (let at = end - 1; at >= 0 && left > 0; at--) add(times[at]!);
    return found.reverse();
  }
}

/** The key of a series. */
export function nameOf(symbol: string, interval: Interval): string {
  return `${interval} ${symbol}`;
}
