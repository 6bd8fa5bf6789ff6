import fc from "fast-check";
import type { Bar } from "../../src/core/bar.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import { joined, listed, type Writer } from "../../src/wire/history.ts";

export const SYMBOLS = ["A", "B", "BTC/USD", "^X=:._-"];

const symbol = fc.constantFrom(...SYMBOLS);
/** Finite numbers without -0, which JSON cannot write. */
const number = fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0);
const maybe = fc.option(number);
const integer = fc.nat(Number.MAX_SAFE_INTEGER);

/** Slices of an answer; some are empty. */
export const anyTicks: fc.Arbitrary<TapedTick[][]> = fc.array(fc.array(fc.record({
  seq: integer,
  symbol,
  time: number,
  price: number,
  size: maybe,
  bid: maybe,
  ask: maybe,
}, { noNullPrototype: true })));

export const anyBars: fc.Arbitrary<Bar[][]> = fc.array(fc.array(fc.record({
  symbol,
  interval: fc.constant("1m" as const),
  time: integer,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
  vwap: number,
  count: integer,
  closed: fc.boolean(),
  revised: fc.boolean(),
}, { noNullPrototype: true })));

export function written<Row>(
  writer: Writer<Row>,
  slices: readonly (readonly Row[])[],
): Uint8Array<ArrayBuffer> {
  return joined([writer.begin(), ...slices.map((rows) => writer.rows(listed(rows))), writer.end()]);
}
