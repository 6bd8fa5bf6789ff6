import { type Interval, lengthOf, startOf } from "./interval.ts";
import type { Tick } from "./tick.ts";

/** Open, high, low, close, volume, vwap and count of the ticks in one interval of one symbol. */
export interface Bar {
  readonly symbol: string;
  readonly interval: Interval;
  /** Start of the interval, milliseconds since the Unix epoch. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Sum of the sizes; 0 when no tick had one. */
  readonly volume: number;
  /** Σ(price·size) / Σ(size); the plain mean of the prices when no tick had a size. */
  readonly vwap: number;
  readonly count: number;
  readonly closed: boolean;
  /** A late tick changed the bar after it had closed. */
  readonly revised: boolean;
}

/** Which bars: those that start in `from <= time < to`; the first `limit` of them if `from` is given, else the newest. */
export interface BarRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
}

/** A bar is one record of numbers in a flat array, because a thousand symbols have millions of bars. */
const TIME = 0, OPEN = 1, HIGH = 2, LOW = 3, CLOSE = 4, VOLUME = 5, COUNT = 6, PRICES = 7;
const NOTIONAL = 8, OPENED_AT = 9, CLOSED_AT = 10, STATE = 11;
const WIDTH = 12;

const FORMING = 0, CLOSED = 1, REVISED = 2;

/** How long after its last tick the clock may close a bar. */
const QUIET_MS = 1_000;

/** How many bars that were handed out are remembered, so that equal requests share one object. */
const SHARED_MAX = 8;

/** The bars of one symbol and interval, oldest first; at least `depth` of them are kept. */
export class BarSeries {
  readonly symbol: string;
  readonly interval: Interval;
  readonly #depth: number;
  readonly #shared = new Map<number, Bar>();
  #records = new Float64Array(4 * WIDTH);
  #length = 0;
  #dropped = false;
  /** Event time from which ticks are of a later interval than the newest bar. */
  #newestEnd = -Infinity;
  /** Whether the newest bar got a tick since the clock was last told, and when that was seen. */
  #touched = false;
  #touchedAt = -Infinity;

  constructor(symbol: string, interval: Interval, depth: number) {
    this.symbol = symbol;
    this.interval = interval;
    this.#depth = depth;
  }

  get length(): number {
    return this.#length;
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
   * Puts a tick into its true bar. A tick older than all bars that are kept changes nothing.
   * @returns the start of the tick's bar
   */
  apply(tick: Tick): number {
    const { time } = tick;
    const newest = (this.#length - 1) * WIDTH;
    if (this.#length > 0 && time < this.#newestEnd && time >= this.#records[newest + TIME]!) {
      this.#add(newest, tick);
      this.#touched = true;
      return this.#records[newest + TIME]!;
    }
    const start = startOf(this.interval, time);
    if (time >= this.#newestEnd) {
      this.close();
      this.#insert(this.#length, start, tick, FORMING);
      this.#newestEnd = start + lengthOf(this.interval);
      this.#touched = true;
      return start;
    }
    const index = this.#search(start);
    if (index < this.#length && this.#records[index * WIDTH + TIME] === start) {
      this.#add(index * WIDTH, tick);
    } else if (index > 0 || !this.#dropped) {
      this.#insert(index, start, tick, REVISED);
    }
    return start;
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
    this.#shared.delete(time);
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
    const index = this.#search(time);
    if (index === this.#length || this.#records[index * WIDTH + TIME] !== time) return undefined;
    return this.#bar(index);
  }

  /** The newest bar but `back`: 0 is the newest, 1 the one before. */
  newest(back = 0): Bar | undefined {
    const index = this.#length - 1 - back;
    return index < 0 ? undefined : this.#bar(index);
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

  #insert(at: number, start: number, tick: Tick, state: number): void {
    let index = at;
    if (this.#length * WIDTH === this.#records.length) {
      const dropped = this.#makeRoom();
      index -= dropped;
      if (dropped > 0 && index <= 0) return;
    }
    const record = index * WIDTH;
    this.#records.copyWithin(record + WIDTH, record, this.#length * WIDTH);
    this.#length++;
    const { price, time } = tick;
    const size = tick.size ?? 0;
    this.#records.set(
      [start, price, price, price, price, size, 1, price, price * size, time, time, state],
      record,
    );
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
    this.#records.copyWithin(0, dropped * WIDTH);
    this.#length = this.#depth;
    this.#dropped = true;
    this.#shared.clear();
    return dropped;
  }

  #add(record: number, tick: Tick): void {
    const records = this.#records;
    const { price, time } = tick;
    if (price > records[record + HIGH]!) records[record + HIGH] = price;
    if (price < records[record + LOW]!) records[record + LOW] = price;
    if (time < records[record + OPENED_AT]!) {
      records[record + OPENED_AT] = time;
      records[record + OPEN] = price;
    }
    if (time >= records[record + CLOSED_AT]!) {
      records[record + CLOSED_AT] = time;
      records[record + CLOSE] = price;
    }
    records[record + COUNT]! += 1;
    records[record + PRICES]! += price;
    if (tick.size !== null) {
      records[record + VOLUME]! += tick.size;
      records[record + NOTIONAL]! += price * tick.size;
    }
    if (records[record + STATE] !== FORMING) records[record + STATE] = REVISED;
    if (this.#shared.size > 0) this.#shared.delete(records[record + TIME]!);
  }

  #bar(index: number): Bar {
    const records = this.#records;
    const record = index * WIDTH;
    const time = records[record + TIME]!;
    const shared = this.#shared.get(time);
    if (shared !== undefined) return shared;
    const volume = records[record + VOLUME]!;
    const count = records[record + COUNT]!;
    const bar: Bar = {
      symbol: this.symbol,
      interval: this.interval,
      time,
      open: records[record + OPEN]!,
      high: records[record + HIGH]!,
      low: records[record + LOW]!,
      close: records[record + CLOSE]!,
      volume,
      vwap: volume > 0 ? records[record + NOTIONAL]! / volume : records[record + PRICES]! / count,
      count,
      closed: records[record + STATE] !== FORMING,
      revised: records[record + STATE] === REVISED,
    };
    if (this.#shared.size === SHARED_MAX) this.#shared.clear();
    this.#shared.set(time, bar);
    return bar;
  }
}

/**
 * Puts flat bars (`count` and `volume` 0, every price the previous close) between the first and the
 * last of the given bars where no tick came, and returns the first `limit`, or the newest `limit`.
 */
export function fillPrevious(bars: readonly Bar[], limit: number, keep: "first" | "newest"): Bar[] {
  const first = bars[0];
  const last = bars.at(-1);
  if (first === undefined || last === undefined) return [];
  const length = lengthOf(first.interval);
  let start = first.time, end = last.time;
  if (keep === "first") end = Math.min(end, start + (limit - 1) * length);
  else start = Math.max(start, end - (limit - 1) * length);
  const filled: Bar[] = [];
  let previous = first;
  let next = 0;
  while (bars[next] !== undefined && bars[next]!.time < start) previous = bars[next++]!;
  for (let time = start; time <= end; time += length) {
    if (bars[next]?.time === time) previous = bars[next++]!;
    filled.push(previous.time === time ? previous : flat(previous, time));
  }
  return filled;
}

function flat(previous: Bar, time: number): Bar {
  const { close } = previous;
  return {
    ...previous,
    time,
    open: close,
    high: close,
    low: close,
    vwap: close,
    volume: 0,
    count: 0,
    closed: true,
    revised: false,
  };
}
