/**
 * Numbers as integers in a decimal unit: 1.12345 is 112345 in the unit 10^-5. Arithmetic can add a
 * small error to a number of few digits (0.1 + 0.2 is not 0.3). The error is kept beside the
 * integer, in ulps (units in the last place): the difference of the bits of two numbers, read as
 * integers.
 */
import { INTEGER_LIMIT } from "./integers.ts";

/** Number of units: unit 0 is 1,000, unit 3 is 1, unit 13 is 10^-10. */
export const UNITS = 14;

/** A number is integer × multiple / fraction of its unit. One of the two is always 1. */
const MULTIPLES = Float64Array.from({ length: UNITS }, (_, unit) => 10 ** Math.max(3 - unit, 0));
const FRACTIONS = Float64Array.from({ length: UNITS }, (_, unit) => 10 ** Math.max(unit - 3, 0));
/** Number × scale is about the integer; `intoUnit` checks it. */
const SCALES = FRACTIONS.map((fraction, unit) => fraction / MULTIPLES[unit]!);
/** Adding this to a number smaller than 2^51 leaves no bits for a fraction. */
const ROUNDER = 1.5 * 2 ** 52;
/** Half of the limit, so that the difference of two integers still fits a column. */
const LIMIT = INTEGER_LIMIT / 2;
/** Largest error of arithmetic in proportion to the number: a few ulps. */
const ROUNDING = 2 ** -50;
/** There is no unit if more than one in this many numbers is a stranger, with too many digits. */
const STRANGERS = 8;
const WORD = 2 ** 32;

/**
 * Finds the largest unit in which the first `count` numbers are integers, apart from errors of
 * arithmetic and a few strangers. NaN fits every unit.
 * @param from the largest unit to try
 * @returns `undefined` if there is none
 */
export function unitOf(numbers: Float64Array, count: number, from: number): number | undefined {
  let unit = from;
  let strangers = 0;
  for (let at = 0;; at++) {
    at = misfit(numbers, at, count, unit);
    if (at === count) return unit;
    let smaller = unit + 1;
    while (smaller < UNITS && misfit(numbers, at, at + 1, smaller) === at) smaller++;
    if (smaller < UNITS) unit = smaller;
    else if (++strangers > count / STRANGERS) return undefined;
  }
}

/**
 * Writes the first `count` numbers as integers, with their distances from these in ulps. NaN stays
 * NaN, with 0 ulps.
 * @returns how many distances are not 0; `undefined` if a number or a distance is too large
 */
export function intoUnit(
  numbers: Float64Array,
  count: number,
  unit: number,
  integers: Float64Array,
  ulps: Float64Array,
): number | undefined {
  const scale = SCALES[unit]!;
  const multiple = MULTIPLES[unit]!;
  const fraction = FRACTIONS[unit]!;
  let away = 0;
  for (let index = 0; index < count; index++) {
    const number = numbers[index]!;
    const integer = round(number * scale);
    const nearest = integer * multiple / fraction;
    integers[index] = integer;
    ulps[index] = 0;
    if (integer >= LIMIT || integer <= -LIMIT) return undefined;
    if (nearest === number ? integer !== 0 || Object.is(number, 0) : Number.isNaN(number)) continue;
    const distance = ulpsBetween(nearest, number);
    if (!(Math.abs(distance) < LIMIT)) return undefined;
    ulps[index] = distance;
    away++;
  }
  return away;
}

/** Turns the first `count` integers back into numbers, in place. */
export function outOfUnit(integers: Float64Array, count: number, unit: number): void {
  const multiple = MULTIPLES[unit]!;
  const fraction = FRACTIONS[unit]!;
  if (fraction !== 1) {
    for (let index = 0; index < count; index++) integers[index]! /= fraction;
  } else if (multiple !== 1) {
    for (let index = 0; index < count; index++) integers[index]! *= multiple;
  }
}

/** Moves the first `count` numbers by ulps, in place. */
export function addUlps(numbers: Float64Array, count: number, ulps: Float64Array): void {
  const words = wordsOf(numbers);
  for (let index = 0; index < count; index++) {
    const distance = ulps[index]!;
    if (distance === 0) continue;
    const upper = Math.floor(distance / WORD);
    const lower = words[2 * index]! + (distance - upper * WORD);
    words[2 * index] = lower;
    words[2 * index + 1]! += upper + (lower >= WORD ? 1 : 0);
  }
}

/** The bits of numbers: the lower 32 of each, then the upper 32. */
export function wordsOf({ buffer, byteOffset, length }: Float64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, 2 * length);
}

/** @returns the index of the first number from `first` on that does not fit; `end` if all fit */
function misfit(numbers: Float64Array, first: number, end: number, unit: number): number {
  const scale = SCALES[unit]!;
  const multiple = MULTIPLES[unit]!;
  const fraction = FRACTIONS[unit]!;
  for (let index = first; index < end; index++) {
    const number = numbers[index]!;
    const integer = round(number * scale);
    const distance = Math.abs(integer * multiple / fraction - number);
    const isFit = distance <= ROUNDING * Math.abs(number) && Math.abs(integer) < LIMIT;
    if (!isFit && !Number.isNaN(number)) return index;
  }
  return end;
}

/** Rounds a number smaller than 2^51: much faster than `Math.round`, and never to -0. */
function round(number: number): number {
  return number + ROUNDER - ROUNDER;
}

const pair = new Float64Array(2);
const pairWords = wordsOf(pair);

function ulpsBetween(from: number, to: number): number {
  pair[0] = from;
  pair[1] = to;
  return (pairWords[3]! - pairWords[1]!) * WORD + (pairWords[2]! - pairWords[0]!);
}
