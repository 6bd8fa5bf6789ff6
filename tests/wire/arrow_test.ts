import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import fc from "fast-check";
import { arrowWriter } from "../../src/wire/arrow.ts";
import { BAR_COLUMNS, joined, listed, TICK_COLUMNS } from "../../src/wire/history.ts";
import { anyBars, anyTicks, SYMBOLS, written } from "./rows.ts";

const words = { symbol: SYMBOLS, interval: ["1m"] };

describe("Arrow", () => {
  test("Ticks in any slices read back equal", () => {
    fc.assert(fc.property(anyTicks, (slices) => {
      const bytes = written(arrowWriter(TICK_COLUMNS, words), slices);
      assert.deepEqual(tableFromIPC(bytes).toArray(), slices.flat());
    }));
  });

  test("Bars in any slices read back equal", () => {
    fc.assert(fc.property(anyBars, (slices) => {
      const bytes = written(arrowWriter(BAR_COLUMNS, words), slices);
      assert.deepEqual(tableFromIPC(bytes).toArray(), slices.flat());
    }));
  });

  test("Columns have types, and texts are indices of a dictionary that comes once", () => {
    const tick = { seq: 2 ** 53 - 1, symbol: "B", time: 1.5, price: 1, size: null, bid: 2, ask: 3 };
    const bytes = written(arrowWriter(TICK_COLUMNS, words), [[tick], [tick, tick]]);
    const table = tableFromIPC(bytes, { useBigInt: true });
    const types = table.schema.fields.map(({ name, type }) => [name, type.typeId]);
    // Ids of the types: 2 Int, 3 Float, -1 Dictionary.
    assert.deepEqual(Object.fromEntries(types), {
      seq: 2,
      symbol: -1,
      time: 3,
      price: 3,
      size: 3,
      bid: 3,
      ask: 3,
    });
    assert.equal(table.getChild("seq").at(0), BigInt(tick.seq));
    assert.equal(table.getChild("symbol").data.length, 2, "a batch a slice");
    assert.deepEqual(table.getChild("symbol").toArray(), ["B", "B", "B"]);
  });

  test("An answer without rows is a table with its columns", () => {
    for (const some of [words, { symbol: [] }]) {
      const table = tableFromIPC(written(arrowWriter(TICK_COLUMNS, some), []));
      assert.deepEqual([table.numRows, table.numCols], [0, TICK_COLUMNS.length]);
    }
  });

  test("An answer that ends after a slice is recognisably incomplete", () => {
    const writer = arrowWriter(TICK_COLUMNS, words);
    const tick = { seq: 1, symbol: "A", time: 1, price: 1, size: 1, bid: 1, ask: 1 };
    const bytes = joined([writer.begin(), writer.rows(listed([tick])), writer.end()]);
    assert.deepEqual([...bytes.slice(-8)], [255, 255, 255, 255, 0, 0, 0, 0]);
  });

  test("A text outside the dictionary is an error", () => {
    const tick = { seq: 1, symbol: "NEW", time: 1, price: 1, size: 1, bid: 1, ask: 1 };
    assert.throws(() => arrowWriter(TICK_COLUMNS, words).rows(listed([tick])), /symbol NEW/);
  });
});
