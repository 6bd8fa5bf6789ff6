import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  BAR_COLUMNS,
  type Column,
  csvWriter,
  jsonWriter,
  ndjsonWriter,
  TICK_COLUMNS,
} from "../../src/wire/history.ts";
import { readTicks } from "../../src/wire/records.ts";
import { anyBars, anyTicks, written } from "./rows.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("Text formats of history", () => {
  test("JSON in any slices is one array", () => {
    fc.assert(fc.property(anyTicks, (slices) => {
      assert.deepEqual(JSON.parse(text(written(jsonWriter(), slices))), slices.flat());
    }));
  });

  test("NDJSON in any slices is one line per row", () => {
    fc.assert(fc.property(anyBars, (slices) => {
      const lines = text(written(ndjsonWriter(), slices)).split("\n");
      assert.equal(lines.pop(), "");
      assert.deepEqual(lines.map((line) => JSON.parse(line)), slices.flat());
    }));
  });

  test("CSV in any slices is a header and one line per row, with unknown values empty", () => {
    fc.assert(fc.property(anyTicks, (slices) => {
      const lines = text(written(csvWriter(TICK_COLUMNS), slices)).split("\r\n");
      assert.equal(lines.shift(), "seq,symbol,time,price,size,bid,ask");
      assert.equal(lines.pop(), "");
      const known = (value: string) => value === "" ? null : Number(value);
      const rows = lines.map((line) => {
        const [seq, symbol, ...numbers] = line.split(",");
        const [time, price, size, bid, ask] = numbers.map(known);
        return { seq: Number(seq), symbol, time, price, size, bid, ask };
      });
      assert.deepEqual(rows, slices.flat());
    }));
  });

  test("Exported ticks can be sent again", () => {
    const tick = { symbol: "A", time: 1_763_700_000_000.5, price: -1.5e-7, size: null, bid: 1 };
    const row = { seq: 1, ...tick, ask: 1e21 };
    const writers = { json: jsonWriter, ndjson: ndjsonWriter, csv: () => csvWriter(TICK_COLUMNS) };
    for (const [format, writer] of Object.entries(writers)) {
      const sent = readTicks(text(written(writer(), [[row]])), format as "csv", row.time);
      assert.deepEqual(sent.map((each) => ({ seq: 1, ...each })), [row], format);
    }
  });

  test("CSV quotes values with separators", () => {
    const columns: Column<{ a: string; b: string }>[] = [
      { name: "a", kind: "word" },
      { name: "b", kind: "word" },
    ];
    const rows = [{ a: 'say "x"', b: "1,5" }, { a: "two\nlines", b: "plain" }];
    assert.equal(
      text(written(csvWriter(columns), [rows])),
      'a,b\r\n"say ""x""","1,5"\r\n"two\nlines",plain\r\n',
    );
  });

  test("CSV contains no text that begins like a formula, and keeps numbers unchanged", () => {
    const columns: Column<{ a: string; b: number | null }>[] = [
      { name: "a", kind: "word" },
      { name: "b", kind: "number" },
    ];
    const rows = ["=1", "+1", "-1", "@SUM(A1)", "\tx", "A=1"].map((a) => ({ a, b: -1.5 }));
    assert.equal(
      text(written(csvWriter(columns), [rows, [{ a: "A", b: null }]])),
      "a,b\r\n'=1,-1.5\r\n'+1,-1.5\r\n'-1,-1.5\r\n'@SUM(A1),-1.5\r\n'\tx,-1.5\r\nA=1,-1.5\r\nA,\r\n",
    );
  });

  test("An answer without rows has the frame of its format", () => {
    assert.equal(text(written(jsonWriter(), [])), "[]");
    assert.equal(text(written(jsonWriter(), [[], []])), "[]");
    assert.equal(text(written(ndjsonWriter(), [])), "");
    assert.match(text(written(csvWriter(BAR_COLUMNS), [])), /^symbol,interval,time,.*revised\r\n$/);
  });
});
