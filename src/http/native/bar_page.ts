import { type Bar, type BarRange, fillPrevious } from "../../core/bar.ts";
import { type Interval, lengthOf, startOf } from "../../core/interval.ts";
import { listed, type Rows } from "../../wire/history.ts";
import { absolute, type Page, SLICE_ROWS, type TimeSlices } from "./history.ts";

export interface BarAsk extends BarRange {
  readonly interval: Interval;
  /** Whether intervals without ticks get flat bars. */
  readonly filled: boolean;
  /** With `filled`, the start of an earlier bar: filling begins there, the answer at `from`. */
  readonly since?: number | undefined;
}

/** Reads bars by time, oldest first. */
export type ReadBars = (range: BarRange) => readonly Bar[];

/** Finds the first and the last bar of an answer. Later bars are not a part of it. */
export async function barPage(
  read: ReadBars,
  ask: BarAsk,
  timeSlices: TimeSlices,
): Promise<Page<Bar>> {
  const { from, to, limit } = ask;
  const newest = read({ to, limit: 1 })[0];
  const first = from === undefined || newest === undefined
    ? newest
    : read({ from, to: newest.time + 1, limit: 1 })[0];
  if (newest === undefined || first === undefined) return new BarReader(read, 0, 0, 0);
  const end = newest.time + 1;
  if (ask.filled) return filledPage(read, ask, first, newest);
  if (from === undefined) {
    const begin = limit === 1 ? newest.time : await beginOfNewest(read, end, limit, timeSlices);
    return new BarReader(read, begin, end, limit);
  }
  const next = (newest.time - first.time) / lengthOf(ask.interval) < limit
    ? undefined
    : await startAfter(read, first.time, end, limit, timeSlices);
  const reader = new BarReader(read, first.time, end, limit);
  return next === undefined
    ? reader
    : Object.assign(reader, { next: { from: next, ...absolute("to", to) } });
}

/** The newest bars before a time, oldest first. */
export async function newestBars(
  read: ReadBars,
  { to, limit }: { readonly to?: number; readonly limit: number },
  timeSlices: TimeSlices,
): Promise<Bar[]> {
  const slices: (readonly Bar[])[] = [];
  let before = to;
  for (let left = limit; left > 0;) {
    const size = Math.min(SLICE_ROWS, left);
    const bars = read({ to: before, limit: size });
    slices.unshift(bars);
    if (bars.length < size) break;
    left -= size;
    before = bars[0]!.time;
    if (left > 0) await timeSlices.take();
  }
  return slices.flat();
}

/** The range of filled bars depends only on the first and the last bar. */
function filledPage(read: ReadBars, ask: BarAsk, first: Bar, newest: Bar): Page<Bar> {
  const { interval, from, to, limit, since } = ask;
  const length = lengthOf(interval);
  const end = newest.time + 1;
  if (from === undefined) {
    const begin = newest.time - (limit - 1) * length;
    const seed = read({ to: begin + 1, limit: 1 })[0];
    const before = seed && { ...seed, time: begin - length };
    return new FilledReader(read, before, begin, end, limit);
  }
  const seed = since === undefined ? undefined : read({ from: since, to: from, limit: 1 })[0];
  const before = seed && { ...seed, time: startOf(interval, from - 1) };
  const begin = before === undefined ? first.time : before.time + length;
  const reader = new FilledReader(read, before, begin, end, limit);
  const next = begin + limit * length;
  if (next > newest.time) return reader;
  const last = read({ to: next, limit: 1 })[0]!.time;
  return Object.assign(reader, { next: { from: next, since: last, ...absolute("to", to) } });
}

/** The start of the oldest among the newest `limit` bars. */
async function beginOfNewest(
  read: ReadBars,
  end: number,
  limit: number,
  timeSlices: TimeSlices,
): Promise<number> {
  let begin = end;
  for (let left = limit; left > 0;) {
    const bars = read({ to: begin, limit: Math.min(SLICE_ROWS, left) });
    if (bars.length === 0) break;
    left -= bars.length;
    begin = bars[0]!.time;
    if (left > 0) await timeSlices.take();
  }
  return begin;
}

/** The start of the bar after the first `limit` bars; `undefined` if there is none. */
async function startAfter(
  read: ReadBars,
  begin: number,
  end: number,
  limit: number,
  timeSlices: TimeSlices,
): Promise<number | undefined> {
  const reader = new BarReader(read, begin, end, limit + 1);
  let count = 0;
  while (!reader.done) {
    const bars = reader.bars();
    if (count + bars.length > limit) return bars.at(-1)!.time;
    count += bars.length;
    await timeSlices.take();
  }
  return undefined;
}

/** Reads the bars between two times in slices. */
class BarReader implements Page<Bar> {
  readonly #read: ReadBars;
  readonly #end: number;
  #from: number;
  #left: number;

  constructor(read: ReadBars, from: number, end: number, limit: number) {
    this.#read = read;
    this.#from = from;
    this.#end = end;
    this.#left = limit;
  }

  get done(): boolean {
    return this.#left === 0 || this.#from >= this.#end;
  }

  read(): Rows<Bar> {
    return listed(this.bars());
  }

  bars(): readonly Bar[] {
    if (this.done) return [];
    const limit = Math.min(SLICE_ROWS, this.#left);
    const bars = this.#read({ from: this.#from, to: this.#end, limit });
    this.#left -= bars.length;
    this.#from = bars.length < limit ? this.#end : bars.at(-1)!.time + 1;
    return bars;
  }
}

/** Reads the bars between two times in slices, with flat bars for intervals without ticks. */
class FilledReader implements Page<Bar> {
  readonly #read: ReadBars;
  readonly #begin: number;
  readonly #end: number;
  /** The bar before the next one. */
  #last: Bar | undefined;
  #left: number;

  constructor(read: ReadBars, last: Bar | undefined, begin: number, end: number, limit: number) {
    this.#read = read;
    this.#last = last;
    this.#begin = begin;
    this.#end = end;
    this.#left = limit;
  }

  get done(): boolean {
    return this.#left === 0 || (this.#last?.time ?? -Infinity) + 1 >= this.#end;
  }

  read(): Rows<Bar> {
    return listed(this.#bars());
  }

  #bars(): readonly Bar[] {
    if (this.done) return [];
    const last = this.#last;
    const from = last === undefined ? this.#begin : last.time + 1;
    const limit = Math.min(SLICE_ROWS, this.#left);
    const bars = this.#read({ from, to: this.#end, limit });
    const filled = last === undefined
      ? fillPrevious(bars, limit)
      : fillPrevious([last, ...bars], limit + 1).slice(1);
    this.#last = filled.at(-1);
    this.#left = filled.length === 0 ? 0 : this.#left - filled.length;
    return filled;
  }
}
