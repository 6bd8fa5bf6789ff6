import {
  BAR_RECORD_WIDTH as WIDTH,
  CLOSE,
  CLOSED_AT,
  COUNT,
  FINER,
  GIVEN,
  HIGH,
  LOW,
  MADE_OF,
  NOTIONAL,
  OPEN,
  OPENED_AT,
  PRICES,
  SEQ,
  STATE,
  TICKS,
  TIME,
  VOLUME,
} from "./bar.ts";
import type { GivenBar } from "./given_bar.ts";
import { lengthOf } from "./interval.ts";

/** Indexes of the given numbers, which follow the others. Later ticks do not change them. */
const GIVEN_OPEN = WIDTH, GIVEN_VOLUME = WIDTH + 4, GIVEN_CLOSED_AT = WIDTH + 5;
const GIVEN_SEQ = WIDTH + 6;
/** Length of the record of a given bar. */
export const GIVEN_RECORD_WIDTH = WIDTH + 7;

/**
 * Event time of the close of a given bar: its end, or the time of logging if that is earlier.
 * @param loggedAt milliseconds since the Unix epoch
 */
export function closeTimeOf({ interval, time }: GivenBar, loggedAt: number): number {
  return Math.min(time + lengthOf(interval) - 1, Math.max(time, loggedAt));
}

/** The record of a given bar without later ticks. Its vwap is unknown, its volume can be. */
export function givenNumbers(bar: GivenBar, seq: number, loggedAt: number): Float64Array {
  const { time, open, high, low, close } = bar;
  const numbers = new Float64Array(GIVEN_RECORD_WIDTH);
  numbers[GIVEN_OPEN] = open;
  numbers[GIVEN_OPEN + 1] = high;
  numbers[GIVEN_OPEN + 2] = low;
  numbers[GIVEN_OPEN + 3] = close;
  numbers[GIVEN_VOLUME] = bar.volume ?? NaN;
  numbers[GIVEN_CLOSED_AT] = closeTimeOf(bar, loggedAt);
  numbers[GIVEN_SEQ] = seq;
  numbers[TIME] = numbers[OPENED_AT] = time;
  takeBack(numbers);
  return numbers;
}

/** Resets the record of a given bar to the given values, without the later ticks. */
export function takeBack(numbers: Float64Array): void {
  numbers.copyWithin(OPEN, GIVEN_OPEN, GIVEN_CLOSED_AT);
  numbers[COUNT] = 0;
  numbers[PRICES] = numbers[NOTIONAL] = NaN;
  numbers[CLOSED_AT] = numbers[GIVEN_CLOSED_AT]!;
  numbers[SEQ] = numbers[GIVEN_SEQ]!;
  numbers[MADE_OF] = GIVEN;
}

/** `seq` at which a bar was given; `undefined` for a bar that was not given. */
export function givenSeq(numbers: Float64Array): number | undefined {
  return numbers[MADE_OF] === GIVEN ? numbers[GIVEN_SEQ] : undefined;
}

/** Whether two records of the same bar have the same given values. */
export function isSameGiven(numbers: Float64Array, others: Float64Array): boolean {
  for (let at = GIVEN_OPEN; at <= GIVEN_VOLUME; at++) {
    if (!Object.is(numbers[at], others[at])) return false;
  }
  return true;
}

/** Whether two records of the same bar are equal apart from state and seq. */
export function isSameBar(numbers: Float64Array, others: Float64Array): boolean {
  for (let at = 0; at < numbers.length; at++) {
    if (at !== STATE && at !== SEQ && !Object.is(numbers[at], others[at])) return false;
  }
  return true;
}

/**
 * Whether finer bars lack a part of what a coarser bar was made of, because the oldest bars were deleted.
 * @param merged the finer bars, with at least what the coarser bar was made of
 */
export function lacks(merged: Float64Array, coarser: Float64Array): boolean {
  // A sum in another order has other rounding errors.
  const isLess = merged[VOLUME]! < coarser[VOLUME]! * (1 - 1e-9);
  return isLess || merged[COUNT]! < coarser[COUNT]! || merged[HIGH]! < coarser[HIGH]! ||
    merged[LOW]! > coarser[LOW]! || merged[OPENED_AT]! > coarser[OPENED_AT]! ||
    merged[CLOSED_AT]! < coarser[CLOSED_AT]!;
}

/** An empty record, to add finer bars to, oldest first. `COUNT` is NaN while it is empty. */
export function emptyNumbers(start: number): Float64Array {
  const numbers = new Float64Array(WIDTH);
  numbers[TIME] = start;
  numbers[COUNT] = NaN;
  numbers[MADE_OF] = FINER;
  return numbers;
}

export function isEmpty(numbers: Float64Array): boolean {
  return Number.isNaN(numbers[COUNT]);
}

/** Adds the record of a finer bar. @param at index of its first number */
export function addFiner(numbers: Float64Array, finer: Float64Array, at = 0): void {
  if (isEmpty(numbers)) {
    const [time] = numbers;
    for (let place = 1; place < MADE_OF; place++) numbers[place] = finer[at + place]!;
    numbers[TIME] = time!;
    return;
  }
  if (finer[at + HIGH]! > numbers[HIGH]!) numbers[HIGH] = finer[at + HIGH]!;
  if (finer[at + LOW]! < numbers[LOW]!) numbers[LOW] = finer[at + LOW]!;
  numbers[CLOSE] = finer[at + CLOSE]!;
  numbers[CLOSED_AT] = finer[at + CLOSED_AT]!;
  for (const place of [VOLUME, COUNT, PRICES, NOTIONAL]) numbers[place]! += finer[at + place]!;
  numbers[SEQ] = Math.max(numbers[SEQ]!, finer[at + SEQ]!);
}

/** Merges records of shorter bars, oldest first. @param seq newest one that the result contains */
export function mergedNumbers(
  time: number,
  parts: readonly Float64Array[],
  state: number,
  seq: number,
): Float64Array {
  const numbers = emptyNumbers(time);
  for (const part of parts) addFiner(numbers, part);
  if (parts.every((part) => part[MADE_OF] === TICKS)) numbers[MADE_OF] = TICKS;
  numbers[STATE] = state;
  numbers[SEQ] = seq;
  return numbers;
}
