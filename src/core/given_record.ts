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

/** Places behind the numbers of a record where that what was given stands, whatever ticks came after it. */
const GIVEN_OPEN = WIDTH, GIVEN_VOLUME = WIDTH + 4, GIVEN_CLOSED_AT = WIDTH + 5;
const GIVEN_SEQ = WIDTH + 6;
/** How many numbers the record of a given bar has. */
export const GIVEN_RECORD_WIDTH = WIDTH + 7;

/**
 * The event time of the close of a given bar: its end, or when it was logged, if it could not have ended then.
 * @param loggedAt when it was logged
 */
export function closeTimeOf({ interval, time }: GivenBar, loggedAt: number): number {
  return Math.min(time + lengthOf(interval) - 1, Math.max(time, loggedAt));
}

/** The record of a given bar before any tick comes after it. Its vwap is unknown, and so may be its volume. */
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

/** Makes of the record of a given bar what it was before any tick came after it. */
export function takeBack(numbers: Float64Array): void {
  numbers.copyWithin(OPEN, GIVEN_OPEN, GIVEN_CLOSED_AT);
  numbers[COUNT] = 0;
  numbers[PRICES] = numbers[NOTIONAL] = NaN;
  numbers[CLOSED_AT] = numbers[GIVEN_CLOSED_AT]!;
  numbers[SEQ] = numbers[GIVEN_SEQ]!;
  numbers[MADE_OF] = GIVEN;
}

/** The seq at which a bar was given; `undefined` for one that was not. */
export function givenSeq(numbers: Float64Array): number | undefined {
  return numbers[MADE_OF] === GIVEN ? numbers[GIVEN_SEQ] : undefined;
}

/** Whether the same was given as by another record of the same bar. */
export function isSameGiven(numbers: Float64Array, others: Float64Array): boolean {
  for (let at = GIVEN_OPEN; at <= GIVEN_VOLUME; at++) {
    if (!Object.is(numbers[at], others[at])) return false;
  }
  return true;
}

/** Whether two records of the same bar come to the same, whenever that was. */
export function isSameBar(numbers: Float64Array, others: Float64Array): boolean {
  for (let at = 0; at < numbers.length; at++) {
    if (at !== STATE && at !== SEQ && !Object.is(numbers[at], others[at])) return false;
  }
  return true;
}

/** A record to which finer ones are to be added, oldest first; it has none as long as its `COUNT` is NaN. */
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

/** Adds the record of a finer bar to one that is made of such. @param at place of its first number */
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

/** Records of shorter bars, oldest first, as one that has seen the tape through a seq. */
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
