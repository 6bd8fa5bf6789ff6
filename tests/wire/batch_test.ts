import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type BatchFormat, BatchReader, type BatchRules } from "../../src/wire/batch.ts";
import { finish } from "../../src/wire/records.ts";

const NOW = Date.UTC(2026, 0, 5, 12);

const reader = new BatchReader();
const read = (bytes: Uint8Array | string, rules: Omit<BatchRules, "now">) =>
  finish(
    reader.read(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes, {
      ...rules,
      now: NOW,
    }),
  );

describe("A batch", () => {
  test("A batch is read in every format", () => {
    const texts: Record<BatchFormat, string> = {
      json: '[{"symbol":"A","price":1},{"symbol":"A","price":2}]',
      ndjson: '{"symbol":"A","price":1}\n{"symbol":"A","price":2}',
      csv: "symbol,price\nA,1\nA,2",
      influx: "A value=1\nA value=2",
    };
    for (const [format, text] of Object.entries(texts)) {
      const { ticks, skipped } = read(text, { format: format as BatchFormat });
      assert.deepEqual([ticks.map(({ price }) => price), skipped], [[1, 2], 0], format);
    }
  });

  test("A batch that is not plain is read too, with messages for its errors", () => {
    const text = '{"symbol":"A","price":1}\n{"symbol":"\\u0041","price":2,"note":"é","more":[{}]}';
    const { ticks } = read(text, { format: "ndjson" });
    assert.deepEqual(ticks.map(({ symbol, price }) => [symbol, price]), [["A", 1], ["A", 2]]);
    assert.throws(
      () => read(`${text}\n{"symbol":"A"}`, { format: "ndjson" }),
      { message: "Cannot read ticks: line 3: price is missing" },
    );
  });

  test("Invalid UTF-8 is refused in every format", () => {
    const start = new TextEncoder().encode('[{"symbol":"A","price":1,"note":"');
    const bytes = new Uint8Array([...start, 0xff, 0x22, 0x7d, 0x5d]);
    for (const format of ["json", "ndjson", "csv", "influx"] as const) {
      assert.throws(() => read(bytes, { format }), { code: "bad_encoding" });
    }
  });

  test("Long batches are read to their end, in turns", () => {
    const formats = fc.constantFrom<BatchFormat>("json", "ndjson", "csv", "influx");
    const batch = fc.tuple(formats, fc.integer({ min: 0, max: 12_000 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 3 }), (batches) => {
        const readings = batches.map(([format, count, isPlain]) =>
          reader.read(new TextEncoder().encode(written(format, count, isPlain)), {
            format,
            now: NOW,
          })
        );
        const left = new Map(readings.map((reading, index) => [index, reading]));
        while (left.size > 0) {
          for (const [index, reading] of left) {
            const step = reading.next();
            if (!step.done) continue;
            left.delete(index);
            const prices = step.value.ticks.map(({ price }) => price);
            assert.deepEqual(prices, Array.from({ length: batches[index]![1] }, (_, i) => i));
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** A batch of so many ticks, with prices from 0 up. */
function written(format: BatchFormat, count: number, isPlain: boolean): string {
  const prices = Array.from({ length: count }, (_, index) => index);
  if (format === "csv") return ["symbol,price", ...prices.map((price) => `A,${price}`)].join("\n");
  if (format === "influx") return prices.map((price) => `A value=${price}`).join("\n");
  const records = prices.map((price) =>
    `{"symbol":"${isPlain ? "A" : "\\u0041"}","price":${price}}`
  );
  return format === "json" ? `[${records}]` : records.join("\n");
}
