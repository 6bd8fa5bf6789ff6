import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatOfLine, readStream } from "../../src/feeds/record_stream.ts";
import type { RecordFormat } from "../../src/wire/records.ts";

async function read(text: string, format?: RecordFormat) {
  async function* chunks() {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5);
  }
  const found: unknown[] = [];
  for await (const { format: is, records } of readStream(chunks(), format)) {
    for (const { number, value } of records) {
      found.push([is, number, value instanceof Error ? value.message.slice(0, 8) : value]);
    }
  }
  return found;
}

describe("readStream", () => {
  test("formatOfLine tells CSV, JSON on each line and a JSON document apart", () => {
    const lines: [string, RecordFormat][] = [
      ['{"symbol":"A","price":1}', "ndjson"],
      ['[{"price":1},{"price":2}]', "ndjson"],
      ['{"symbol": broken', "ndjson"],
      ["1.5", "ndjson"],
      ["-2e3", "ndjson"],
      ["[", "json"],
      [" {", "json"],
      ['[{"price":1},', "json"],
      ["time,symbol,price", "csv"],
      ["price", "csv"],
      ["1.5,2", "csv"],
    ];
    for (const [line, format] of lines) assert.equal(formatOfLine(line), format, line);
  });

  test("readStream reads lines as they come, a line with a list as several records", async () => {
    assert.deepEqual(await read('\n{"a":1}\n[2,3]\nx\n4'), [
      ["ndjson", 2, { a: 1 }],
      ["ndjson", 3, 2],
      ["ndjson", 3, 3],
      ["ndjson", 4, "not JSON"],
      ["ndjson", 5, 4],
    ]);
    assert.deepEqual(await read("a;b\n1;2\n3\n"), [
      ["csv", 2, { a: "1", b: "2" }],
      ["csv", 3, "1 values"],
    ]);
  });

  test("readStream reads a JSON document over many lines", async () => {
    const records = [["json", 1, { a: 1 }], ["json", 2, { a: 2 }]];
    assert.deepEqual(await read('[\n {"a": 1},\n\n {"a": 2}\n]\n'), records);
    assert.deepEqual(await read('[{"a":1},{"a":2}]', "json"), records);
    await assert.rejects(read("[\n1,"), /^Error: Cannot read ticks: /);
  });

  test("readStream keeps to the format it is given", async () => {
    assert.deepEqual(await read("price\n1\n", "csv"), [["csv", 2, { price: "1" }]]);
    assert.deepEqual(await read("price\n1\n", "ndjson"), [["ndjson", 1, "not JSON"], [
      "ndjson",
      2,
      1,
    ]]);
  });
});
