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
  type ReplacedSpan,
  REVISED,
  STATE,
  TIME,
} from "./bar.ts";
import { BarNotes } from "./bar_notes.ts";
import { BarRecords } from "./bar_records.ts";
import { isSameBar } from "./given_record.ts";
import { type Interval, lengthOf, startOf } from "./interval.ts";
import { SharedBars } from "./shared_bars.ts";
import type { TapedTick } from "./tick.ts";

/** Time without a tick after which the clock may close a bar. */
const QUIET_MS = 1_000;

/** The bars of one symbol and interval, oldest first; at least `depth` of them are kept. */
export class BarSeries {
  readonly symbol: string;
  readonly interval: Interval;
  readonly #depth: number;
  readonly #stored: boolean;
  readonly #shared = new SharedBars();
  readonly #records = new BarRecords();
  #dropped = false;
  /** End of the newest bar: a tick at this event time or later starts a new bar. */
  #newestEnd = -Infinity;
  /** Whether the newest bar got a tick since the last `advance`, and when `advance` last saw it. */
  #touched = false;
  #touchedAt = -Infinity;
  /** The changes since they were last taken. */
  readonly notes = new BarNotes();

  /** @param stored whether to note changes, for a caller that takes them */
  constructor(symbol: string, interval: Interval, depth: number, stored = true) {
    this.symbol = symbol;
    this.interval = interval;
    this.#depth = depth;
    this.#stored = stored;
  }

  /** Start of the newest bar; `undefined` if there is none. */
  get newestTime(): number | undefined {
    const { length } = this.#records;
    return length === 0 ? undefined : this.#records.timeAt(length - 1);
  }

  /** Whether the newest bar is still forming. */
  get forming(): boolean {
    const { length, numbers } = this.#records;
    return length > 0 && numbers[(length - 1) * WIDTH + STATE] === FORMING;
  }

  /**
   * Adds a tick to the bar of its event time. If that bar was dropped, notes the tick as late.
   * @returns whether the tick found its bar
   */
  apply(tick: TapedTick): boolean {
    if (this.#put(tick)) return true;
    if (this.#stored) this.notes.late.push({ interval: this.interval, tick });
    return false;
  }

  #put(tick: TapedTick): boolean {
    const { time } = tick;
    const { length, numbers } = this.#records;
    const newest = (length - 1) * WIDTH;
    if (length > 0 && time < this.#newestEnd && time >= numbers[newest + TIME]!) {
      this.#touched = true;
      return this.#add(newest, tick);
    }
    const start = startOf(this.interval, time);
    if (time >= this.#newestEnd) {
      this.close();
      this.#newestEnd = start + lengthOf(this.interval);
      this.#touched = true;
      return this.#insert(length, firstNumbers(start, tick, FORMING));
    }
    const place = this.#records.find(start);
    if (place !== undefined) return this.#add(place, tick);
    const index = this.#records.search(start);
    return (index > 0 || !this.#dropped) &&
      this.#insert(index, firstNumbers(start, tick, REVISED));
  }

  /** Bars that start at this time or later are held; the series knows nothing of older ones. */
  get heldFrom(): number {
    return this.#dropped ? this.oldest()?.time ?? Infinity : -Infinity;
  }

  /** The record of the bar that starts at the given time. It may be a view, so read it at once. */
  record(time: number): Float64Array | undefined {
    const place = this.#records.find(time);
    return place === undefined ? undefined : this.#records.at(place);
  }

  /** The `MADE_OF` of the bar that starts at the given time. */
  madeOf(time: number): number | undefined {
    const place = this.#records.find(time);
    return place === undefined ? undefined : this.#records.numbers[place + MADE_OF];
  }

  /** Adds the bars with `from <= time < to` to the record of a coarser bar. */
  addTo(coarser: Float64Array, from: number, to: number): void {
    this.#records.addTo(coarser, from, to);
  }

  /**
   * Sets the record of a bar, and decides whether the bar is closed.
   * @returns whether the bar has changed; `undefined` if it is older than the bars that are held
   */
  set(numbers: Float64Array): boolean | undefined {
    const start = numbers[TIME]!;
    const place = this.#records.find(start);
    if (place !== undefined) {
      const known = this.#records.at(place);
      if (isSameBar(numbers, known)) return false;
      numbers[STATE] = known[STATE] === FORMING ? FORMING : REVISED;
      this.#records.replace(place, numbers);
      this.#touched ||= numbers[STATE] === FORMING;
      this.#note(start);
    } else if (start >= this.#newestEnd) {
      this.close();
      this.#newestEnd = start + lengthOf(this.interval);
      this.#touched = true;
      numbers[STATE] = FORMING;
      this.#insert(this.#records.length, numbers);
    } else {
      numbers[STATE] = REVISED;
      const index = this.#records.search(start);
      if ((index === 0 && this.#dropped) || !this.#insert(index, numbers)) return undefined;
    }
    return true;
  }

  /**
   * Takes at most `max` changed bars that are held. The oldest come first, so that no bar is stored
   * while the end of the bar before it is not.
   */
  takeChanges(max: number): BarRecord[] {
    return this.notes.times().slice(0, max).map((time) => this.#takeChange(time));
  }

  /** Loads the newest stored records, oldest first. Fewer than `depth` are all that exist. */
  restore(records: readonly Float64Array[]): void {
    this.#join(records);
    this.#dropped = records.length >= this.#depth;
  }

  /**
   * Closes the newest bar.
   * @returns its start; `undefined` if it was already closed or does not exist
   */
  close(): number | undefined {
    if (!this.forming) return undefined;
    const { length, numbers } = this.#records;
    numbers[(length - 1) * WIDTH + STATE] = CLOSED;
    const time = this.#records.timeAt(length - 1);
    this.#note(time);
    return time;
  }

  /**
   * Closes the newest bar if its end has passed and no tick came for it lately.
   * @param now the time of day
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

  /** Number of older bars that are missing to hold `depth` bars. */
  get lacking(): number {
    return this.#dropped ? Math.max(0, this.#depth - this.#records.length) : 0;
  }

  /** Copies of the records with `from <= time < to`, oldest first. */
  records(from: number, to: number): Float64Array[] {
    return this.#records.slice(from, to);
  }

  /** Replaces records. Only then it is known whether another bar is the newest, and forms. */
  replace(spans: readonly ReplacedSpan[]): void {
    const newest = this.newestTime;
    for (const { from, to, records } of spans) {
      for (const numbers of this.records(from, to)) this.notes.take(numbers[TIME]!);
      this.#join(this.records(-Infinity, from), records, this.records(to, Infinity));
      for (const numbers of records) this.#note(numbers[TIME]!);
    }
    if (this.newestTime !== newest) this.#reopen();
  }

  /** Adds older records: as many as are lacking, or all that exist. */
  prepend(records: readonly Float64Array[]): void {
    const isEmpty = this.#records.length === 0;
    if (records.length < this.lacking) this.#dropped = false;
    this.#join(records, this.records(-Infinity, Infinity), []);
    if (isEmpty) this.#reopen();
  }

  #join(...parts: readonly (readonly Float64Array[])[]): void {
    const all = parts.flat();
    this.#records.fill(all);
    this.#newestEnd = all.length === 0 ? -Infinity : this.newestTime! + lengthOf(this.interval);
    this.#shared.clear();
  }

  /** Opens the newest bar for ticks, because another bar has become the newest. */
  #reopen(): void {
    const { length, numbers } = this.#records;
    if (length === 0) return;
    numbers[(length - 1) * WIDTH + STATE] = FORMING;
    this.#note(this.newestTime!);
  }

  /** The bar that starts at the given time. */
  at(time: number): Bar | undefined {
    const place = this.#records.find(time);
    return place === undefined ? undefined : this.#bar(place / WIDTH);
  }

  /** Event time of the newest tick in the bar that starts at the given time. */
  lastTickAt(time: number): number | undefined {
    const place = this.#records.find(time);
    return place === undefined ? undefined : this.#records.numbers[place + CLOSED_AT];
  }

  /** A bar counted from the newest: 0 is the newest, 1 the one before. */
  newest(back = 0): Bar | undefined {
    const index = this.#records.length - 1 - back;
    return index < 0 ? undefined : this.#bar(index);
  }

  oldest(): Bar | undefined {
    return this.#records.length === 0 ? undefined : this.#bar(0);
  }

  range({ from, to, limit }: BarRange): Bar[] {
    let start = from === undefined ? 0 : this.#records.search(from);
    let end = to === undefined ? this.#records.length : this.#records.search(to);
    if (from === undefined) start = Math.max(start, end - limit);
    else end = Math.min(end, start + limit);
    const bars: Bar[] = [];
    for (let index = start; index < end; index++) bars.push(this.#bar(index));
    return bars;
  }

  #insert(at: number, numbers: ArrayLike<number>): boolean {
    let index = at;
    if (this.#records.isFull) {
      const dropped = this.#makeRoom();
      index -= dropped;
      if (dropped > 0 && index <= 0) return false;
    }
    this.#records.insert(index, numbers);
    this.#note(numbers[TIME]!);
    return true;
  }

  /** @returns how many of the oldest bars were dropped */
  #makeRoom(): number {
    const { length } = this.#records;
    if (length < 2 * this.#depth) {
      this.#records.grow(Math.min(2 * length, 2 * this.#depth));
      return 0;
    }
    const dropped = length - this.#depth;
    const oldest = this.#records.timeAt(dropped);
    for (const time of this.notes.times()) {
      if (time < oldest) this.notes.bars.push(this.#takeChange(time));
    }
    this.#records.drop(dropped);
    this.#dropped = true;
    this.#shared.clear();
    return dropped;
  }

  #takeChange(time: number): BarRecord {
    this.notes.take(time);
    const numbers = this.#records.at(this.#records.find(time)!).slice();
    return { symbol: this.symbol, interval: this.interval, numbers };
  }

  #add(place: number, tick: TapedTick): boolean {
    const { numbers } = this.#records;
    if (addTick(numbers, place, tick)) this.#note(numbers[place + TIME]!);
    return true;
  }

  /** Notes that a bar has changed: its shared object is outdated, and it has to be stored. */
  #note(time: number): void {
    this.#shared.forget(time);
    if (this.#stored) this.notes.note(time);
  }

  #bar(index: number): Bar {
    const { numbers } = this.#records;
    const make = () => barOf(this.symbol, this.interval, numbers, index * WIDTH);
    return this.#shared.of(this.#records.timeAt(index), make);
  }
}
