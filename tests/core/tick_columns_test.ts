import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { known, TickColumns } from "../../src/core/tick_columns.ts";
import { anyTick, bits, tick } from "./ticks.ts";

describe("TickColumns", () => {
  test("TickColumns returns any number of ticks, bit for bit", () => {
    fc.assert(fc.property(fc.array(anyTick("A"), { maxLength: 300 }), fc.nat(9), (ticks, first) => {
      const columns = new TickColumns(1 + first);
      ticks.forEach((each, index) => columns.push(index % 7, each));
      assert.equal(columns.length, ticks.length);
      assert.ok(columns.capacity >= columns.length);
      ticks.forEach(({ symbol: _, ...each }, index) => {
        assert.equal(bits(columns.at(index)), bits(each));
        assert.equal(columns.symbols[index], index % 7);
      });
    }));
  });

  test("TickColumns keeps numbers that are no decimal fractions, and unknown numbers", () => {
    const columns = new TickColumns();
    for (const value of [-0, 0, 5e-324, 1.7e308, -1.7e308, 0.1 + 0.2]) {
      columns.push(1, tick({ time: value, price: value, size: value, bid: value, ask: value }));
      const { time, price, size, bid, ask } = columns.at(columns.length - 1);
      for (const found of [time, price, size, bid, ask]) assert.ok(Object.is(found, value));
    }
    columns.push(1, tick());
    const { size, bid, ask } = columns.at(columns.length - 1);
    assert.deepEqual([size, bid, ask], [null, null, null]);
  });

  test("TickColumns of a given length can be filled in any order", () => {
    const columns = new TickColumns(3, 3);
    assert.equal(columns.length, 3);
    columns.prices[2] = 5;
    columns.bids[2] = NaN;
    assert.deepEqual(columns.at(2), { time: 0, price: 5, size: 0, bid: null, ask: 0 });
  });

  test("A value of a column is a number or null", () => {
    assert.deepEqual([known(0), known(NaN), known(-1)], [0, null, -1]);
  });
});
