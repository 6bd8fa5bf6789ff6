import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { LINE_LENGTH_MAX } from "../../src/records/lines.ts";
import { readTables } from "../../src/records/source.ts";
import { formatOfLine } from "../../src/records/text_reader.ts";
import { formOfQuery, read } from "./reading.ts";

async function rowsOf(text: string, query = "", isLive = false) {
  async function* chunks() {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5);
  }
  const found: unknown[] = [];
  for await (const table of readTables({ chunks: chunks(), form: formOfQuery(query), isLive })) {
    for (const { number, value } of table.rows) {
      const is = table.found.format;
      found.push([is, number, value instanceof Error ? value.message.slice(0, 8) : value]);
    }
  }
  return found;
}

const quotes = (line: string) => `time,price\n2024-01-02,1\n${line}\n2024-01-03,2\n`;

describe("TextReader", () => {
  test("formatOfLine distinguishes CSV, NDJSON and a JSON document", () => {
    const lines: [string, string][] = [
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

  test("TextReader reads lines as they come, and a line with a list as several records", async () => {
    for (const isLive of [true, false]) {
      assert.deepEqual(await rowsOf('\n{"a":1}\n[2,3]\nx\n4', "", isLive), [
        ["ndjson", 2, { a: 1 }],
        ["ndjson", 3, 2],
        ["ndjson", 3, 3],
        ["ndjson", 4, "not JSON"],
        ["ndjson", 5, 4],
      ]);
      assert.deepEqual(await rowsOf("a;b\n1;2\n3\n", "", isLive), [
        ["csv", 2, ["1", "2"]],
        ["csv", 3, "1 values"],
      ]);
    }
  });

  test("TextReader reads a JSON document over many lines", async () => {
    const records = [["json", 1, { a: 1 }], ["json", 2, { a: 2 }]];
    assert.deepEqual(await rowsOf('[\n {"a": 1},\n\n {"a": 2}\n]\n'), records);
    assert.deepEqual(await rowsOf('[{"a":1},{"a":2}]', "format=json"), records);
    assert.deepEqual(await rowsOf('[{"a":1},{"a":2}]'), records);
    await assert.rejects(rowsOf("[\n1,"), /^RangeError: it is not JSON: /);
  });

  test("TextReader uses the given format", async () => {
    assert.deepEqual(await rowsOf("price\n1\n", "format=csv"), [["csv", 2, ["1"]]]);
    assert.deepEqual(await rowsOf("price\n1\n", "format=ndjson"), [
      ["ndjson", 1, "not JSON"],
      ["ndjson", 2, 1],
    ]);
  });

  test("TextReader reports a line in another format by number, and goes on", async () => {
    const wrong: [string, string][] = [
      ["2024-01-02;1", "line 3: 1 values for 2 columns"],
      ["2024-01-02,1,5", "line 3: 3 values for 2 columns"],
      ['2024-01-02,"1', "line 3: a quote is not closed"],
      ['2024-01-02,"1"5', "line 3: text follows a closing quote"],
      ["time,price", 'line 3: price "price" is not a number'],
      ["31.02.2024,1", 'line 3: time "31.02.2024" is neither milliseconds nor ISO 8601'],
      ["2024-02-31,1", 'line 3: time "2024-02-31" is neither milliseconds nor ISO 8601'],
      ["2024-01-02,1,5\n", "line 3: 3 values for 2 columns"],
      ["\uFFFD", "line 3: not UTF-8 text"],
      ["x".repeat(LINE_LENGTH_MAX + 1), `line 3: longer than ${LINE_LENGTH_MAX} characters`],
    ];
    for (const [line, reason] of wrong) {
      const { ticks, broken } = await read(quotes(line));
      assert.deepEqual([ticks.map(([, , price]) => price), broken], [[1, 2], [reason]], line);
    }
  });

  test("TextReader gives up an unclosed quote after a hundred lines, and loses none of the lines", async () => {
    const lines = Array.from({ length: 300 }, (_, index) => `2024-01-02,${index}`);
    const { ticks, broken } = await read(`time,price\n2024-01-01,"7\n${lines.join("\n")}\n`);
    assert.deepEqual([ticks.length, broken], [300, ["line 2: a quote is not closed"]]);
  });

  test("TextReader asks for an option when a text is ambiguous", async () => {
    const wrong: [string, string, RegExp][] = [
      [
        "a,b;c,d\n1,2;3,4\n",
        "symbol=X",
        /^line 1: , and ; could both be the delimiter: give delim/,
      ],
      [
        "time;price\n2024-01-02;1.234\n",
        "symbol=X",
        /^"1.234" can be read in two ways: give decimal=/,
      ],
      ['time,price\n2024-01-02,"1,234"\n', "symbol=X", /^"1,234" can be read in two ways/],
      ["time;price\n2024-01-02;1,5\n2024-01-03;1.5\n", "symbol=X", /can be read in two ways/],
      ["time,price\n201202010000,1\n", "symbol=X", /time-format=YYYYMMDDHHmm or time-unit=ms$/],
      ["time,price\n01/02/03,1\n", "symbol=X", /can be read in several ways: give time-format=/],
      [
        "price (USD),price (EUR),time\n1,2,3\n",
        "symbol=X",
        /^price \(USD\) and price \(EUR\) could both be price: say which, as in map=price:price \(USD\)$/,
      ],
      [
        "time,open,high,low,close\n2024-01-02,1,1,1,1\n",
        "symbol=X",
        /^one bar does not tell what it spans: give interval= with one of 1s, /,
      ],
      [
        "time,open,high,low,close\n1704153600,1,1,1,1\n1704153607,1,1,1,1\n",
        "symbol=X",
        /^the bars are 7 seconds apart, which is no interval: /,
      ],
      ["time,price\n2024-01-02,1\n", "", /^there is no column symbol: .*, or give symbol=NAME; /],
      ["price,symbol\n1,A\n", "", /^there is no column time: name it with map=time:COLUMN; /],
      ["time,price\n2024-01-02,1\n", "symbol=X&values=b", /^there is no column b for values; /],
      ["time,price\n2024-01-02,1\n", "symbol=X&time=a+b", /^there is no column a for time; /],
      ["time,price\n2024-01-02,1\n", "symbol={n}", /^there is no column n for symbol; /],
      ["time,price,price\n1,2,3", "symbol=X", /^line 1: column "price" appears twice$/],
      ["<html>\nx", "symbol=X", /^it is HTML or XML, not JSON or CSV$/],
      ["[1,2]\n[3,4]", "symbol=X&format=json", /^it is not JSON: /],
      ["[[1,2]]", "symbol=X", /^name the columns, as in columns=time,price .* there are 1 1, 2 2$/],
      ["{}", "symbol=X&path=data.items", /^there is no data.items in it$/],
    ];
    for (const [text, query, message] of wrong) {
      await assert.rejects(read(text, query), { name: "RangeError", message }, text);
    }
  });

  test("TextReader names the format of compressed and foreign files", async () => {
    const packed = gzipSync("time,price\n".repeat(5_000));
    const wrong: [Uint8Array, RegExp][] = [
      [packed.subarray(0, packed.length - 20), /^what is packed in it is damaged or cut off: /],
      [Buffer.from("PK\x03\x04xlsx"), /^it is a ZIP archive, as XLSX is: unpack it, /],
      [Buffer.from("PAR1 and no more PAR1"), /^it is not Parquet that can be read: /],
      [Buffer.from("ARROW1 and no more"), /^it is not Arrow that can be read: /],
      [gzipSync(gzipSync(gzipSync("a,b\n1,2\n"))), /^it is packed again and again$/],
    ];
    for (const [bytes, message] of wrong) {
      await assert.rejects(read(bytes), { name: "RangeError", message });
    }
  });
});
