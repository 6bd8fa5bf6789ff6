import fc from "fast-check";
import type { TapedTick, Tick } from "../../src/core/tick.ts";

/** Two seconds before a Monday in UTC, near the end of an interval of every width. */
export const NEAR_MONDAY = Date.UTC(2026, 0, 4, 23, 59, 58);

/** A tick of symbol `A` at price 1, with only the given fields. */
export function tick(fields: Partial<Tick> = {}): Tick {
  return { symbol: "A", time: 0, price: 1, size: null, bid: null, ask: null, ...fields };
}

let seqs = 0;

/** A tick with the next seq. */
export function next(fields: Partial<Tick> = {}): TapedTick {
  return { seq: ++seqs, ...tick(fields) };
}

/** Gives the ticks the seqs 1, 2, 3 … */
export function taped(ticks: readonly Tick[]): TapedTick[] {
  return ticks.map((tick, index) => ({ seq: index + 1, ...tick }));
}

/** The value as a text that differs for any two different numbers, also for 0 and -0. */
export function bits(value: unknown): string {
  return JSON.stringify(value, (_, item) => {
    if (Object.is(item, -0)) return "-0";
    return item === undefined || Number.isNaN(item) ? String(item) : item;
  });
}

/** Multiples of 1/4, so that sums and products are exact in any order. */
export const quarters = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: min * 4, max: max * 4 }).map((quarter) => quarter / 4);

/** Times that often share an instant, second, hour, day or week; some have a fraction. */
export const anyTime: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 16 }).map((quarter) => NEAR_MONDAY + quarter * 250),
  quarters(-3_000, 3_000).map((offset) => NEAR_MONDAY + offset),
  fc.integer({ min: -400, max: 400 }).map((hour) => NEAR_MONDAY + hour * 3_600_000),
  fc.integer({ min: -900, max: 900 }).map((second) => NEAR_MONDAY + second * 1_000 - 0.25),
);

const unknownOr = (value: fc.Arbitrary<number>) => fc.option(value, { nil: null });

/** A tick of one of the symbols, in any order, also late, with negative and zero prices. */
export function anyTick(...symbols: string[]): fc.Arbitrary<Tick> {
  return fc.record({
    symbol: fc.constantFrom(...symbols),
    time: anyTime,
    price: quarters(-10, 10),
    size: unknownOr(quarters(0, 5)),
    bid: unknownOr(quarters(-10, 10)),
    ask: unknownOr(quarters(-10, 10)),
  });
}
