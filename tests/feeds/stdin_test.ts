import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseFeedSpec } from "../../src/feeds/feed.ts";
import { stdin } from "../../src/feeds/stdin.ts";
import { run, START } from "./run.ts";

async function* lines(...all: string[]): AsyncGenerator<Uint8Array> {
  for (const line of all) yield new TextEncoder().encode(`${line}\n`);
}

const feed = (options: string, ...all: string[]) =>
  run(stdin(parseFeedSpec(`stdin:?${options}`), () => lines(...all)));

describe("stdin", () => {
  test("stdin reads JSON lines, CSV and plain numbers, and a missing time is now", async () => {
    const json = await feed(
      "",
      `{"symbol":"A","price":1,"time":${START - 5}}`,
      '[{"symbol":"B","bid":1,"ask":3}]',
    );
    assert.deepEqual(json.ticks.map(({ at: _, ...tick }) => tick), [
      { symbol: "A", time: START - 5, price: 1, size: null, bid: null, ask: null },
      { symbol: "B", time: START, price: 2, size: null, bid: 1, ask: 3 },
    ]);
    assert.deepEqual([json.ended, json.ready.length], [true, 1]);
    const csv = await feed("map=price:Close&symbol=C", "Close,Else", "1.5,x", "2.5,y");
    assert.deepEqual(csv.ticks.map(({ symbol, price }) => [symbol, price]), [["C", 1.5], [
      "C",
      2.5,
    ]]);
    const numbers = await feed("symbol=load", "1.5", "2");
    assert.deepEqual(numbers.ticks.map(({ price }) => price), [1.5, 2]);
  });

  test("stdin reports broken lines by number, counts them and goes on", async () => {
    const ran = await feed(
      "",
      '{"symbol":"A","price":1}',
      "{",
      '{"symbol":"A"}',
      '{"symbol":"A","price":"2"}',
    );
    assert.deepEqual(ran.ticks.map(({ price }) => price), [1, 2]);
    assert.equal(ran.leftOut, 2);
    assert.match(ran.warnings[0]!, /^Cannot read standard input: line 2: not JSON: /);
    assert.deepEqual(ran.warnings.slice(1), [
      "Cannot read standard input: line 3: price is missing",
      "Left out 2 broken records of standard input, took 2",
    ]);
  });

  test("stdin reads seconds to nanoseconds and refuses other times", async () => {
    const seconds = Math.floor(START / 1_000);
    const times = [
      seconds,
      START,
      `${seconds}000000`,
      `${seconds}000000000`,
      12.5,
      45_000,
      START * 1.1,
    ];
    const ran = await feed("", "time,symbol,price", ...times.map((time) => `${time},A,1`));
    const whole = seconds * 1_000;
    assert.deepEqual(ran.ticks.map(({ time }) => time), [whole, START, whole, whole]);
    assert.equal(ran.leftOut, 3);
  });

  test("stdin ends in words when the columns are not the announced ones", async () => {
    const wrong: [string, string, RegExp][] = [
      ["map=price:Close&symbol=A", "close\n1", /no column Close for price; the columns are close$/],
      [
        "",
        "time,symbol\n1,2",
        /no column price: name it with map=price:COLUMN, or .*; the columns are time, symbol$/,
      ],
      [
        "",
        "time,price\n1,2",
        /no column symbol: name it with map=symbol:COLUMN, or give symbol=NAME; /,
      ],
      [
        "",
        "symbol,price,price\nA,1,2",
        /^Cannot read standard input: line 1: column "price" appears twice$/,
      ],
    ];
    for (const [options, text, reason] of wrong) {
      await assert.rejects(feed(options, text), (error: Error) => {
        assert.ok(error instanceof RangeError);
        assert.match(error.message, reason);
        return true;
      });
    }
  });

  test("stdin refuses bad options", () => {
    for (
      const [spec, reason] of [
        ["stdin:ticks.csv", /it reads standard input and nothing else$/],
        ["stdin:?speed=2", /stdin has no option speed; it has map, symbol, format, /],
        ["stdin:?format=xml", /format=xml is none of json, ndjson, csv, parquet, arrow$/],
        ["stdin:?map=price:a,price:b", /map names price twice$/],
        [
          "stdin:?map=prise:a",
          /map prise:a is not FIELD:NAME with a field of symbol, time, price, /,
        ],
        ["stdin:?symbol=A&symbol=B", /symbol is given twice$/],
      ] as const
    ) assert.throws(() => stdin(parseFeedSpec(spec)), reason);
  });
});
