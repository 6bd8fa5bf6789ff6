import { type Interval, lengthOf, startOf } from "./interval.ts";
import { known } from "./known.ts";
import type { TapedTick } from "./tick.ts";

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
  /** Sum of the sizes; 0 if no tick had a size, `null` if unknown or not finite. */
  readonly volume: number | null;
  /** Σ(price·size) / Σ(size); the mean of the prices if no tick had a size; `null` as above. */
  readonly vwap: number | null;
  readonly count: number;
  readonly closed: boolean;
  /** The bar changed after it had closed, for example by a late tick. */
  readonly revised: boolean;
}

/**
 * A range of bars that start in `from <= time < to`: the first `limit` of them if `from` is given,
 * else the newest.
 */
export interface BarRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
}

/**
 * A bar as it is stored, with all that is needed to add a tick: time, open, high, low, close,
 * volume, count, Σ price, Σ price·size, event times of open and close, state, seq of the newest
 * tick in it, and what the bar is made of. In a given bar the given numbers follow. A record
 * ignores a tick that it already has. So one record may be stored before others, and the tape be
 * applied to all again.
 */
export interface BarRecord {
  readonly symbol: string;
  readonly interval: Interval;
  readonly numbers: Float64Array;
}

/** The bars with `from <= time < to` become these, the oldest first. */
export interface ReplacedSpan {
  readonly from: number;
  readonly to: number;
  readonly records: readonly Float64Array[];
}

/** A tick whose bar is older than the bars that the market holds. */
export interface LateTick {
  readonly interval: Interval;
  readonly tick: TapedTick;
}

/** Changes of bars that are no longer held: first apply the records, then the late ticks. */
export interface BarChanges {
  readonly bars: BarRecord[];
  readonly late: LateTick[];
}

/** Index of each number in a record. */
export const OPEN = 1, HIGH = 2, LOW = 3, CLOSE = 4, VOLUME = 5, COUNT = 6, PRICES = 7;
export const NOTIONAL = 8, OPENED_AT = 9;
export const TIME = 0, CLOSED_AT = 10, STATE = 11, SEQ = 12, MADE_OF = 13;
/** Length of a record. */
export const BAR_RECORD_WIDTH = 14;

/** Values of `STATE`. A record with `GONE` says that the bar no longer exists. */
export const FORMING = 0, CLOSED = 1, REVISED = 2, GONE = 3;

/** Values of `MADE_OF`: ticks, a given bar with later ticks, or bars of the next finer interval. */
export const TICKS = 0, GIVEN = 1, FINER = 2;

/** Reads a record as a bar. @param at index of the record's first number */
export function barOf(symbol: string, interval: Interval, numbers: Float64Array, at = 0): Bar {
  const volume = numbers[at + VOLUME]!;
  const count = numbers[at + COUNT]!;
  return {
    symbol,
    interval,
    time: numbers[at + TIME]!,
    open: numbers[at + OPEN]!,
    high: numbers[at + HIGH]!,
    low: numbers[at + LOW]!,
    close: numbers[at + CLOSE]!,
    volume: known(volume),
    vwap: vwapOf(volume, numbers[at + NOTIONAL]!, numbers[at + PRICES]!, count),
    count,
    closed: numbers[at + STATE] !== FORMING,
    revised: numbers[at + STATE] === REVISED,
  };
}

/**
 * The mean price of ticks, from their sums. If a sum has overflowed, the mean is unknown, even
 * where a division by infinity would give a number.
 */
export function vwapOf(
  volume: number,
  notional: number,
  prices: number,
  count: number,
): number | null {
  if (volume === 0) return known(prices / count);
  return Number.isFinite(volume) ? known(notional / volume) : null;
}

/** Adds a late tick to the stored record of its bar. @returns the new record */
export function reviseRecord(
  interval: Interval,
  stored: Float64Array | undefined,
  tick: TapedTick,
): Float64Array {
  if (stored === undefined) {
    return new Float64Array(firstNumbers(startOf(interval, tick.time), tick, REVISED));
  }
  const numbers = stored.slice();
  addTick(numbers, 0, tick);
  return numbers;
}

/** The numbers of a bar with only its first tick. */
export function firstNumbers(start: number, tick: TapedTick, state: number): number[] {
  const { seq, price, time, size } = tick;
  const sums = [size ?? 0, 1, price, price * (size ?? 0)];
  return [start, price, price, price, price, ...sums, time, time, state, seq, TICKS];
}

/**
 * Adds a tick to a record, unless the record has it, or gets it from finer bars.
 * @param at index of the record's first number
 * @returns whether it was added
 */
export function addTick(numbers: Float64Array, at: number, tick: TapedTick): boolean {
  const { seq, price, time, size } = tick;
  if (seq <= numbers[at + SEQ]! || numbers[at + MADE_OF] === FINER) return false;
  numbers[at + SEQ] = seq;
  if (price > numbers[at + HIGH]!) numbers[at + HIGH] = price;
  if (price < numbers[at + LOW]!) numbers[at + LOW] = price;
  if (time < numbers[at + OPENED_AT]!) {
    numbers[at + OPENED_AT] = time;
    numbers[at + OPEN] = price;
  }
  if (time >= numbers[at + CLOSED_AT]!) {
    numbers[at + CLOSED_AT] = time;
    numbers[at + CLOSE] = price;
  }
  numbers[at + COUNT]! += 1;
  numbers[at + PRICES]! += price;
  if (size !== null) {
    numbers[at + VOLUME]! += size;
    numbers[at + NOTIONAL]! += price * size;
  }
  if (numbers[at + STATE] !== FORMING) numbers[at + STATE] = REVISED;
  return true;
}

/** A record that says that a bar no longer exists. @param seq of the correction that removed it */
export function goneNumbers(time: number, seq: number): Float64Array {
  const numbers = new Float64Array(BAR_RECORD_WIDTH);
  numbers[TIME] = time;
  numbers[STATE] = GONE;
  numbers[SEQ] = seq;
  return numbers;
}

/** Number of ticks in a record. */
export function countOf(numbers: Float64Array): number {
  return numbers[COUNT]!;
}

/** Event time and price of the newest tick in a record. */
export function newestOf(numbers: Float64Array): { readonly time: number; readonly price: number } {
  return { time: numbers[CLOSED_AT]!, price: numbers[CLOSE]! };
}

/**
 * Fills the gaps between bars with flat bars (`count` and `volume` 0, every price the previous
 * close).
 * @returns the first `limit` bars
 */
export function fillPrevious(bars: readonly Bar[], limit: number): Bar[] {
  const first = bars[0];
  const last = bars.at(-1);
  if (first === undefined || last === undefined) return [];
  const length = lengthOf(first.interval);
  const end = Math.min(last.time, first.time + (limit - 1) * length);
  const filled: Bar[] = [];
  let previous = first;
  let next = 0;
  for (let time = first.time; time <= end; time += length) {
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
