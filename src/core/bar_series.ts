import {
  addTick,
  type Bar,
  BAR_RECORD_WIDTH as WIDTH,
  barOf,
  type BarRange,
  type BarRecord,
  CLOSED,
  CLOSED_AT,
  firstNumbers,
  FORMING,
  MADE_OF,
  REVISED,
  STATE,
  TIME,
} from "./bar.ts";
import { BarNotes } from "./bar_notes.ts";
import { addFiner, isSameBar } from "./given_record.ts";
import { type Interval, lengthOf, startOf } from "./interval.ts";
import { SharedBars } from "./shared_bars.ts";
import type { TapedTick } from "./tick.ts";

/** How long after its last tick the clock may close a bar. */
const QUIET_MS = 1_000;

/**
 * The bars of one symbol and interval, oldest first; at least `depth` of them are kept. Their records are
 * one flat array, because a thousand symbols have millions of bars.
 */
export class BarSeries {
  readonly symbol: string;
  readonly interval: Interval;
  readonly #depth: number;
  readonly #stored: boolean;
  readonly #shared = new SharedBars();
  /** Of bars that were given, what was given, by their start. */
  readonly #given = new Map<number, Float64Array>();
  #records = new Float64Array(4 * WIDTH);
  #length = 0;
  #dropped = false;
  /** Event time from which ticks are of a later interval than the newest bar. */
  #newestEnd = -Infinity;
  /** Whether the newest bar got a tick since the clock was last told, and when that was seen. */
  #touched = false;
  #touchedAt = -Infinity;
  /** What has changed since it was taken. */
  readonly notes = new BarNotes();

  /** @param stored whether changes are noted, because somebody takes them */
  constructor(symbol: string, interval: Interval, depth: number, stored = true) {
    this.symbol = symbol;
    this.interval = interval;
    this.#depth = depth;
    this.#stored = stored;
  }

  /** Start of the newest bar; `undefined` when there is none. */
  get newestTime(): number | undefined {
    return this.#length === 0 ? undefined : this.#records[(this.#length - 1) * WIDTH + TIME];
  }

  /** Whether the newest bar is still forming. */
  get forming(): boolean {
    return this.#length > 0 && this.#records[(this.#length - 1) * WIDTH + STATE] === FORMING;
  }

  /**
   * Puts a tick into its true bar, or notes it as late when that bar has made room for newer ones.
   * @returns whether the tick found its bar
   */
  apply(tick: TapedTick): boolean {
    if (this.#put(tick)) return true;
    if (this.#stored) this.notes.late.push({ interval: this.interval, tick });
    return false;
  }

  #put(tick: TapedTick): boolean {
    const { time } = tick;
    const newest = (this.#length - 1) * WIDTH;
    if (this.#length > 0 && time < this.#newestEnd && time >= this.#records[newest + TIME]!) {
      this.#touched = true;
      return this.#add(newest, tick);
    }
    const start = startOf(this.interval, time);
    if (time >= this.#newestEnd) {
      this.close();
      this.#newestEnd = start + lengthOf(this.interval);
      this.#touched = true;
      return this.#insert(this.#length, firstNumbers(start, tick, FORMING));
    }
    const index = this.#search(start);
    if (index < this.#length && this.#records[index * WIDTH + TIME] === start) {
      return this.#add(index * WIDTH, tick);
    }
    return (index > 0 || !this.#dropped) &&
      this.#insert(index, firstNumbers(start, tick, REVISED));
  }

  /** Bars that start at this time or later are held; of older ones nothing is known here. */
  get heldFrom(): number {
    return this.#dropped ? this.#records[TIME]! : -Infinity;
  }

  /** The record of the bar that starts at the given time, to be read at once. */
  record(time: number): Float64Array | undefined {
    const record = this.#place(time);
    return record === undefined ? undefined : this.#full(record);
  }

  /** What the bar that starts at the given time is made of. */
  madeOf(time: number): number | undefined {
    const record = this.#place(time);
    return record === undefined ? undefined : this.#records[record + MADE_OF];
  }

  /** Adds the bars of `from <= time < to` to a record that is made of them. */
  addTo(coarser: Float64Array, from: number, to: number): void {
    for (let index = this.#search(from); index < this.#length; index++) {
      if (this.#records[index * WIDTH + TIME]! >= to) return;
      addFiner(coarser, this.#records, index * WIDTH);
    }
  }

  /**
   * Puts a record in the place of what there was of its bar; whether it is closed is decided here.
   * @returns whether that has changed anything; `undefined` when the bar is older than those that are held
   */
  set(numbers: Float64Array): boolean | undefined {
    const start = numbers[TIME]!;
    const own = numbers.subarray(0, WIDTH);
    const at = this.#place(start);
    if (at !== undefined) {
      if (isSameBar(numbers, this.#full(at))) return false;
      own[STATE] = this.#records[at + STATE] === FORMING ? FORMING : REVISED;
      this.#records.set(own, at);
      this.#touched ||= own[STATE] === FORMING;
      this.#note(start);
    } else if (start >= this.#newestEnd) {
      this.close();
      this.#newestEnd = start + lengthOf(this.interval);
      this.#touched = true;
      own[STATE] = FORMING;
      this.#insert(this.#length, own);
    } else {
      own[STATE] = REVISED;
      const index = this.#search(start);
      if ((index === 0 && this.#dropped) || !this.#insert(index, own)) return undefined;
    }
    if (numbers.length > WIDTH) this.#given.set(start, numbers.slice(WIDTH));
    return true;
  }

  /**
   * Takes what has changed of the bars that are held, at most so many changes. The oldest bars come first, so
   * that none is stored while the end of the one before it is not.
   */
  takeChanges(max: number): BarRecord[] {
    return this.notes.times().slice(0, max).map((time) => this.#takeChange(time));
  }

  /** Takes over the newest records that were stored, oldest first; fewer than `depth` are all there are. */
  restore(records: readonly Float64Array[]): void {
    this.#records = new Float64Array(Math.max(4, records.length) * WIDTH);
    for (const [index, numbers] of records.entries()) {
      this.#records.set(numbers.subarray(0, WIDTH), index * WIDTH);
      if (numbers.length > WIDTH) this.#given.set(numbers[TIME]!, numbers.slice(WIDTH));
    }
    this.#length = records.length;
    this.#dropped = records.length >= this.#depth;
    this.#newestEnd = records.length === 0 ? -Infinity : this.newestTime! + lengthOf(this.interval);
  }

  /**
   * Closes the newest bar.
   * @returns its start, or `undefined` when it was closed before or there is none
   */
  close(): number | undefined {
    if (!this.forming) return undefined;
    const record = (this.#length - 1) * WIDTH;
    this.#records[record + STATE] = CLOSED;
    const time = this.#records[record + TIME]!;
    this.#note(time);
    return time;
  }

  /**
   * Tells the time of day: the newest bar closes once its end has passed and no tick came for it of late.
   * @returns the start of the bar that this closes
   */
  advance(now: number): number | undefined {
    if (this.#touched) {
      this.#touched = false;
      this.#touchedAt = now;
    }
    if (now < this.#newestEnd || now - this.#touchedAt < QUIET_MS) return undefined;
    return this.close();
  }

  /** The bar that starts at the given time. */
  at(time: number): Bar | undefined {
    const record = this.#place(time);
    return record === undefined ? undefined : this.#bar(record / WIDTH);
  }

  /** Event time of the newest tick in the bar that starts at the given time. */
  lastTickAt(time: number): number | undefined {
    const record = this.#place(time);
    return record === undefined ? undefined : this.#records[record + CLOSED_AT];
  }

  /** The newest bar but `back`: 0 is the newest, 1 the one before. */
  newest(back = 0): Bar | undefined {
    const index = this.#length - 1 - back;
    return index < 0 ? undefined : this.#bar(index);
  }

  oldest(): Bar | undefined {
    return this.#length === 0 ? undefined : this.#bar(0);
  }

  range({ from, to, limit }: BarRange): Bar[] {
    let start = from === undefined ? 0 : this.#search(from);
    let end = to === undefined ? this.#length : this.#search(to);
    if (from === undefined) start = Math.max(start, end - limit);
    else end = Math.min(end, start + limit);
    const bars: Bar[] = [];
    for (let index = start; index < end; index++) bars.push(this.#bar(index));
    return bars;
  }

  /** Place of the record of the bar that starts at the given time. */
  #place(time: number): number | undefined {
    const index = this.#search(time);
    const record = index * WIDTH;
    return index < this.#length && this.#records[record + TIME] === time ? record : undefined;
  }

  /** Index of the first bar that starts at or after the time. */
  #search(time: number): number {
    let low = 0, high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#records[middle * WIDTH + TIME]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(at: number, numbers: ArrayLike<number>): boolean {
    let index = at;
    if (this.#length * WIDTH === this.#records.length) {
      const dropped = this.#makeRoom();
      index -= dropped;
      if (dropped > 0 && index <= 0) return false;
    }
    const record = index * WIDTH;
    this.#records.copyWithin(record + WIDTH, record, this.#length * WIDTH);
    this.#length++;
    this.#records.set(numbers, record);
    this.#note(numbers[TIME]!);
    return true;
  }

  /** @returns how many of the oldest bars had to go */
  #makeRoom(): number {
    if (this.#length < 2 * this.#depth) {
      const records = new Float64Array(Math.min(2 * this.#length, 2 * this.#depth) * WIDTH);
      records.set(this.#records);
      this.#records = records;
      return 0;
    }
    const dropped = this.#length - this.#depth;
    const oldest = this.#records[dropped * WIDTH + TIME]!;
    for (const time of this.notes.times()) {
      if (time < oldest) this.notes.bars.push(this.#takeChange(time));
    }
    for (const time of this.#given.keys()) if (time < oldest) this.#given.delete(time);
    this.#records.copyWithin(0, dropped * WIDTH);
    this.#length = this.#depth;
    this.#dropped = true;
    this.#shared.clear();
    return dropped;
  }

  #takeChange(time: number): BarRecord {
    const record = this.#search(time) * WIDTH;
    this.notes.take(time);
    const numbers = this.#full(record).slice();
    return { symbol: this.symbol, interval: this.interval, numbers };
  }

  /** A record with what was given of it. */
  #full(record: number): Float64Array {
    const own = this.#records.subarray(record, record + WIDTH);
    const given = this.#given.get(own[TIME]!);
    if (given === undefined) return own;
    const full = new Float64Array(WIDTH + given.length);
    full.set(own);
    full.set(given, WIDTH);
    return full;
  }

  #add(record: number, tick: TapedTick): boolean {
    if (addTick(this.#records, record, tick)) this.#note(this.#records[record + TIME]!);
    return true;
  }

  /** Notes that a bar has changed: what was handed out of it is old, and it is to be stored. */
  #note(time: number): void {
    this.#shared.forget(time);
    if (this.#stored) this.notes.note(time);
  }

  #bar(index: number): Bar {
    const records = this.#records;
    const record = index * WIDTH;
    const make = () => barOf(this.symbol, this.interval, records, record);
    return this.#shared.of(records[record + TIME]!, make);
  }
}
