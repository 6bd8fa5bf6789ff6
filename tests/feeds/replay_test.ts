import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parseFeedSpec } from "../../src/feeds/feed.ts";
import { replay } from "../../src/feeds/replay.ts";
import { run, type RunOptions, START } from "./run.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
/** Time of the recordings in this file. */
const THEN = Date.UTC(2024, 4, 6, 7, 8);

const folder = mkdtempSync(join(tmpdir(), "tickwire-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function fileOf(content: string | unknown[], ending = "csv"): string {
  const path = join(folder, `${++files}.${ending}`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const open = (path: string, options = "") => replay(parseFeedSpec(`replay:${path}?${options}`));
const play = (path: string, options = "", limits: RunOptions = {}) =>
  run(open(path, options), limits);

/** Ticks of `A` at the given seconds after `THEN`, with the prices 1, 2, 3 … */
function csvAt(...seconds: number[]): string {
  const lines = seconds.map((second, index) =>
    `${new Date(THEN + second * SECOND).toISOString()},A,${index + 1}`
  );
  return ["time,symbol,price", ...lines, ""].join("\n");
}

describe("replay", () => {
  test("replay plays a CSV file in order at the recorded pace and ends", async () => {
    const { ticks, ended, ready, warnings } = await play(fileOf(csvAt(0, 1, 1, 3.5, 10)));
    assert.deepEqual(ticks.map(({ price }) => price), [1, 2, 3, 4, 5]);
    assert.deepEqual(ticks.map(({ at }) => at - START), [0, 1_000, 1_000, 3_500, 10_000]);
    assert.deepEqual(ticks.map(({ time }) => time - THEN), [0, 1_000, 1_000, 3_500, 10_000]);
    assert.deepEqual(ready, [{ at: START, after: 0 }]);
    assert.equal(ended, true);
    assert.deepEqual(warnings, []);
  });

  test("replay plays JSON and NDJSON like CSV", async () => {
    const records = [0, 2, 5].map((second) => ({
      time: THEN + second * SECOND,
      symbol: "B/C",
      price: second - 1,
      size: second,
      bid: null,
      more: "x",
    }));
    const ndjson = records.map((record) => `${JSON.stringify(record)}\r\n`).join("\r\n");
    for (
      const path of [
        fileOf(records, "json"),
        fileOf(ndjson, "ndjson"),
        fileOf(ndjson, "jsonl"),
        fileOf(records, "JSON"),
      ]
    ) {
      const { ticks } = await play(path);
      assert.deepEqual(ticks.map(({ at }) => at - START), [0, 2_000, 5_000], path);
      assert.deepEqual(
        ticks.map(({ at: _, ...tick }) => tick),
        [0, 2, 5].map((second) => ({
          symbol: "B/C",
          time: THEN + second * SECOND,
          price: second - 1,
          size: second,
          bid: null,
          ask: null,
        })),
      );
    }
  });

  test("replay with speed plays faster by that factor", async () => {
    const path = fileOf(csvAt(0, 60, 90));
    const { ticks } = await play(path, "speed=60");
    assert.deepEqual(ticks.map(({ at }) => at - START), [0, 1_000, 1_500]);
    assert.deepEqual(ticks.map(({ time }) => time - THEN), [0, 60_000, 90_000]);
    const slow = await play(path, "speed=0.5");
    assert.deepEqual(slow.ticks.map(({ at }) => at - START), [0, 120_000, 180_000]);
  });

  test("replay with speed=0 plays without waits, and lets other work run", async () => {
    const path = fileOf(csvAt(...Array.from({ length: 3_500 }, (_, index) => index)));
    const { ticks, batches, sleeps } = await play(path, "speed=0");
    assert.equal(ticks.length, 3_500);
    assert.deepEqual(ticks.map(({ price }) => price), ticks.map((_, index) => index + 1));
    assert.ok(ticks.every(({ at }) => at === START));
    assert.ok(Math.max(...batches) <= 1_000);
    assert.ok(sleeps.length >= batches.length);
  });

  test("replay with rebase moves the recorded times to the time of playing", async () => {
    const path = fileOf(csvAt(0, 30, 90));
    for (const [speed, gaps] of [[1, [0, 30_000, 90_000]], [30, [0, 1_000, 3_000]]] as const) {
      const { ticks } = await play(path, `speed=${speed}&rebase`);
      assert.deepEqual(ticks.map(({ time }) => time - START), gaps);
      assert.deepEqual(ticks.map(({ at }) => at - START), gaps);
    }
    const fast = await play(path, "speed=0&rebase");
    assert.ok(fast.ticks.every(({ time }) => time <= START && time > START - MINUTE * 2));
  });

  test("replay with loop starts again one typical gap after the end", async () => {
    const path = fileOf(csvAt(0, 10, 20));
    const { ticks, ended } = await play(path, "loop", { forMs: 95 * SECOND });
    assert.equal(ended, false);
    const prices = [1, 2, 3, 1, 2, 3, 1, 2, 3];
    assert.deepEqual(ticks.slice(0, 9).map(({ price }) => price), prices);
    const gaps = prices.map((_, index) => index * 10 * SECOND);
    assert.deepEqual(ticks.slice(0, 9).map(({ at }) => at - START), gaps);
    assert.deepEqual(ticks.slice(0, 9).map(({ time }) => time - THEN), gaps);
    const rebased = await play(path, "loop&rebase&speed=10", { forMs: 9_500 });
    assert.deepEqual(
      rebased.ticks.slice(0, 9).map(({ time }) => time - START),
      gaps.map((gap) => gap / 10),
    );
  });

  test("replay with loop always lets time pass, for any times in the file", async () => {
    const files = {
      "one record": csvAt(5),
      "one instant": csvAt(5, 5, 5),
      "newest first": csvAt(30, 20, 10),
    };
    for (const [name, text] of Object.entries(files)) {
      const { ticks } = await play(fileOf(text), "loop", { forMs: 60 * SECOND, ticksMax: 1_000 });
      assert.ok(ticks.length < 1_000, `${name}: ${ticks.length} ticks in a minute`);
    }
  });

  test("replay with map reads fields from columns with other names", async () => {
    const path = fileOf("Date,Close,Vol.,Name\n2024-05-06,1.5,10,A\n2024-05-07,1.6,,A\n");
    const { ticks, warnings } = await play(
      path,
      "speed=86400&map=time:Date,price:Close,size:Vol.,symbol:Name",
    );
    assert.deepEqual(warnings, []);
    assert.deepEqual(ticks, [
      {
        symbol: "A",
        time: Date.UTC(2024, 4, 6),
        price: 1.5,
        size: 10,
        bid: null,
        ask: null,
        at: START,
      },
      {
        symbol: "A",
        time: Date.UTC(2024, 4, 7),
        price: 1.6,
        size: null,
        bid: null,
        ask: null,
        at: START + SECOND,
      },
    ]);
  });

  test("replay with symbol names the symbol of a file without that column", async () => {
    const path = fileOf(
      [{ timestamp: THEN, value: 0.54 }, { timestamp: THEN + MINUTE, value: -1 }],
      "json",
    );
    const { ticks } = await play(path, "symbol=cpu&map=time:timestamp,price:value");
    assert.deepEqual(ticks.map(({ symbol, price }) => [symbol, price]), [["cpu", 0.54], [
      "cpu",
      -1,
    ]]);
    const csv = await play(fileOf("time,price\n2024-05-06,1\n"), "symbol=x");
    assert.deepEqual(csv.ticks.map(({ symbol }) => symbol), ["x"]);
  });

  test("replay with every paces a file without times, and each tick has its sending time", async () => {
    for (
      const [path, options] of [
        [fileOf("value\n3\n1\n2\n"), "map=price:value&"],
        [fileOf([{ value: 3 }, { value: 1 }, { value: 2 }], "json"), "map=price:value&"],
        [fileOf([3, 1, 2], "json"), ""],
        [fileOf("3\n1\n2\n", "ndjson"), ""],
      ] as const
    ) {
      const { ticks, warnings } = await play(path, `${options}symbol=demo&every=100ms`);
      assert.deepEqual(warnings, []);
      assert.deepEqual(ticks.map(({ symbol, price }) => `${symbol} ${price}`), [
        "demo 3",
        "demo 1",
        "demo 2",
      ]);
      assert.deepEqual(ticks.map(({ at }) => at - START), [0, 100, 200]);
      assert.deepEqual(ticks.map(({ time }) => time), ticks.map(({ at }) => at));
    }
  });

  test("replay with every and loop keeps the spacing between passes", async () => {
    for (const values of [[1, 2, 3], [1]]) {
      const path = fileOf(values, "json");
      const { ticks } = await play(path, "symbol=demo&every=100ms&loop", { forMs: 1_050 });
      assert.deepEqual(ticks.map(({ at }) => at - START).slice(0, 10), [
        ...[0, 100, 200, 300, 400, 500, 600, 700, 800, 900],
      ], `${values}`);
      assert.deepEqual(
        ticks.slice(0, 4).map(({ price }) => price),
        [...values, ...values, ...values, ...values].slice(0, 4),
      );
    }
  });

  test("replay reads recorded times in seconds and without a zone", async () => {
    const lines = [
      `${THEN / SECOND}`,
      `${THEN + SECOND}`,
      "2024-05-06 07:08:02",
      "2024-05-06T09:08:03+02:00",
    ];
    const path = fileOf(["time,symbol,price", ...lines.map((time) => `${time},A,1`)].join("\n"));
    const { ticks } = await play(path);
    assert.deepEqual(ticks.map(({ time }) => time - THEN), [0, 1_000, 2_000, 3_000]);
  });

  test("replay reports broken lines by number with the reason, and plays the rest", async () => {
    const path = fileOf(
      "\uFEFFtime,symbol,price\r\n\r\n2024-05-06T07:08:00Z,A,1\r\nyesterday,A,2\r\n" +
        '2024-05-06T07:08:01Z,"A,B",3\r\n2024-05-06T07:08:01Z,A\r\n,A,4\r\n2024-05-06T07:08:02Z,A,x\r\n' +
        "2024-05-06T07:08:03Z,A,5\r\n",
    );
    const { ticks, warnings } = await play(path);
    assert.deepEqual(ticks.map(({ price }) => price), [1, 5]);
    assert.deepEqual(ticks.map(({ at }) => at - START), [0, 3_000]);
    const reasons = [
      /: line 4: time "yesterday" is neither milliseconds nor ISO 8601$/,
      /: line 5: symbol "A,B": a symbol is made of /,
      /: line 6: \d values for 3 columns$/,
      /: line 7: time is missing: name its column with map, or give every=100ms$/,
      /: line 8: price "x" is not a number$/,
      /^Left out 5 broken records of .*, took 2$/,
    ];
    assert.equal(warnings.length, reasons.length);
    for (const [index, reason] of reasons.entries()) assert.match(warnings[index]!, reason);
    for (const warning of warnings) assert.ok(warning.includes(path));
  });

  test("replay counts the records of a JSON file from 1", async () => {
    const path = fileOf([1, null, "x", { price: 3 }, true], "json");
    const { ticks, warnings } = await play(path, "symbol=demo&every=1s");
    assert.deepEqual(ticks.map(({ price }) => price), [1, 3]);
    assert.deepEqual(ticks.map(({ at }) => at - START), [0, 1_000]);
    assert.deepEqual(warnings.map((text) => /record \d/.exec(text)?.[0]), [
      "record 2",
      "record 3",
      "record 5",
      undefined,
    ]);
  });

  test("replay reports at most twenty broken lines one by one", async () => {
    const path = fileOf(`time,symbol,price\n${"x,A,1\n".repeat(1_000)}2024-05-06,A,1\n`);
    const { ticks, warnings } = await play(path);
    assert.equal(ticks.length, 1);
    assert.equal(warnings.length, 21);
    assert.match(warnings.at(-1)!, /^Left out 1000 broken records of .*, took 1$/);
  });

  test("replay ends on a file without ticks, also with loop", async () => {
    for (const text of ["", "time,symbol,price\n", "time,symbol,price\nx,A,1\n"]) {
      const { ticks, ended } = await play(fileOf(text), "loop");
      assert.deepEqual([ticks.length, ended], [0, true]);
    }
    assert.deepEqual((await play(fileOf("[]", "json"), "loop")).ticks, []);
  });

  test("replay reports in words a JSON file that is not JSON", async () => {
    await assert.rejects(
      play(fileOf("[1, 2", "json"), "symbol=a&every=1s"),
      /^RangeError: Cannot /,
    );
  });

  test("replay ends on request", async () => {
    const { ticks } = await play(fileOf(csvAt(0, 1, 2, 3, 4)), "", { forMs: 2_500 });
    assert.deepEqual(ticks.map(({ price }) => price), [1, 2, 3]);
  });

  test("replay that is ended early does not emit its last tick", async () => {
    for (const options of ["", "rebase", "loop"]) {
      const { ticks } = await play(fileOf(csvAt(0, 10)), options, { forMs: 5 * SECOND });
      assert.deepEqual(ticks.map(({ price }) => price), [1], options);
    }
  });

  test("replay merges files by the times of ticks, each with its own symbol", async () => {
    const [a, b, c] = [fileOf(csvAt(0, 2, 4)), fileOf(csvAt(1, 2, 3)), fileOf(csvAt())];
    const { ticks, ended } = await play(`${a},${b},${c}`, "map=symbol:symbol");
    assert.deepEqual(ticks.map(({ at }) => at - START), [0, 1, 2, 2, 3, 4].map((s) => s * SECOND));
    assert.deepEqual(ticks.map(({ price }) => price), [1, 1, 2, 2, 3, 3]);
    assert.equal(ended, true);
    const bare = (...values: number[]) =>
      fileOf(["time,price", ...values.map((v) => `${THEN + v},${v}`)].join("\n"));
    const named = await play(`${bare(1, 3)},${bare(2, 4)}`, "symbol=X,Y&speed=0");
    assert.deepEqual(named.ticks.map(({ symbol, price }) => `${symbol}${price}`), [
      "X1",
      "Y2",
      "X3",
      "Y4",
    ]);
  });

  test("replay merges many ticks in order, to the last", async () => {
    const many = (first: number) =>
      fileOf(csvAt(...Array.from({ length: 3_000 }, (_, index) => first + 2 * index)));
    const { ticks } = await play(`${many(0)},${many(1)}`, "speed=0");
    assert.deepEqual(
      ticks.map(({ time }) => (time - THEN) / SECOND),
      ticks.map((_, index) => index),
    );
    assert.equal(ticks.length, 6_000);
  });

  test("replay plays files without times one after another", async () => {
    const { ticks } = await play(
      `${fileOf([1, 2], "json")},${fileOf([3], "json")}`,
      "symbol=A&every=1s",
    );
    assert.deepEqual(ticks.map(({ price, at }) => [price, at - START]), [[1, 0], [2, 1_000], [
      3,
      2_000,
    ]]);
  });

  test("replay unpacks files, and fails on a truncated one", async () => {
    const path = fileOf("", "csv.gz");
    const packed = gzipSync(csvAt(...Array.from({ length: 5_000 }, (_, index) => index)));
    writeFileSync(path, packed);
    const { ticks } = await play(path, "speed=0");
    assert.equal(ticks.length, 5_000);
    writeFileSync(path, packed.subarray(0, packed.length / 2));
    await assert.rejects(play(path, "speed=0"));
  });

  test("replay plays the part of a recording between two times", async () => {
    const path = fileOf(csvAt(0, 1, 2, 3, 4));
    const { ticks } = await play(path, "from=2024-05-06T07:08:01Z&to=2024-05-06T07:08:03");
    assert.deepEqual(ticks.map(({ price, at }) => [price, at - START]), [[2, 0], [3, 1_000]]);
    const rest = await play(path, `from=${THEN + 4 * SECOND}`);
    assert.deepEqual(rest.ticks.map(({ price }) => price), [5]);
  });

  test("replay emits bars, or plays one price of each bar if a price is named", async () => {
    const path = fileOf("time,open,high,low,close\n2024-05-06,1,3,1,2\n2024-05-07,2,4,2,3\n");
    const { bars } = await play(path, "symbol=A&speed=0");
    assert.deepEqual(
      bars.map(({ interval, time, close }) => [interval, new Date(time).getUTCDate(), close]),
      [["1d", 6, 2], ["1d", 7, 3]],
    );
    for (const option of ["rebase", "loop", "every=1s"]) {
      await assert.rejects(play(path, `symbol=A&${option}`), {
        name: "RangeError",
        message: "Cannot move bars to other times: rebase, loop and every are for ticks",
      });
    }
    const { ticks } = await play(path, "symbol=A&map=price:close&speed=0");
    assert.deepEqual(ticks.map(({ price }) => price), [2, 3]);
  });

  test("replay reports a missing column in words", async () => {
    const path = fileOf(csvAt(0, 1));
    await assert.rejects(play(path, "map=price:Close"), {
      name: "RangeError",
      message:
        `Cannot read ${path}: there is no column Close for price; the columns are time, symbol, price`,
    });
  });

  test("replay detects the format by the first line", async () => {
    const path = fileOf(`{"time":${THEN},"symbol":"A","price":"7"}\n`, "log");
    assert.deepEqual((await play(path)).ticks.map(({ price }) => price), [7]);
  });

  test("replay refuses bad options in words that name the feed", () => {
    const path = fileOf(csvAt(0));
    const wrong: [string, RegExp][] = [
      [
        `replay:${path}?pace=2`,
        /: replay has no option pace; it has speed, loop, rebase, every, /,
      ],
      [`replay:${path}?speed=fast`, /: speed=fast is not a number of at least 0$/],
      [`replay:${path}?every=often`, /: every=often is not a duration$/],
      [`replay:${path}?every=0`, /: every=0 is not a duration$/],
      [`replay:${path}?map=Close`, /: map Close is not FIELD:NAME with a field of symbol, time, /],
      [`replay:${path}?map=cost:Close`, /: map cost:Close is not FIELD:NAME/],
      [`replay:${path}?map=price:`, /: map price: is not FIELD:NAME/],
      [`replay:${path}?symbol=a%20b`, /: symbol "a b": a symbol has no spaces$/],
      [`replay:${path}.missing`, /: there is no such file$/],
      [`replay:${folder}`, /is not a file$/],
      [`replay:${path},${path}`, /is named twice$/],
      [`replay:${path}?symbol=A,B`, /: symbol names 2 for 1 files$/],
      [`replay:${path}?from=-1h`, /: from=-1h is neither milliseconds nor ISO 8601$/],
      [`replay:${path}?from=2024-01-02&to=2024-01-01`, /: from is not before to$/],
      [`replay:${path}?every=1s&from=2024-01-02`, /: every is for files without times, /],
      ["replay:", /: name a file, as in replay:ticks.csv$/],
      ["replay", /: name a file, as in replay:ticks.csv$/],
    ];
    for (const [name, reason] of wrong) {
      assert.throws(() => replay(parseFeedSpec(name)), (error: unknown) => {
        assert.ok(error instanceof RangeError, String(error));
        assert.ok(error.message.startsWith(`Cannot use feed ${name}`), error.message);
        assert.match(error.message, reason);
        return true;
      }, name);
    }
  });
});

describe("replay of real data", () => {
  const pathOf = (name: string) =>
    fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url).href);
  const unless = (name: string) => existsSync(pathOf(name)) ? false : `there is no ${name}`;
  const quotes = "eurusd-quotes-2020-01-01.csv";
  const metrics = "server-metrics.json";

  test(
    "replay plays every quote in order at 60 times the recorded pace",
    { skip: unless(quotes) },
    async () => {
      const { ticks, warnings } = await play(pathOf(quotes), "speed=60&rebase");
      assert.deepEqual(warnings, []);
      const lines = readFileSync(pathOf(quotes), "utf8").trim().split("\n").slice(1);
      const first = Date.parse(lines[0]!.split(",")[0]!);
      assert.equal(ticks.length, lines.length);
      for (const [index, line] of lines.entries()) {
        const [time, symbol, bid, ask] = line.split(",");
        const tick = ticks[index]!;
        assert.deepEqual([tick.symbol, tick.bid, tick.ask], [symbol, Number(bid), Number(ask)]);
        assert.equal(tick.price, Number(((Number(bid) + Number(ask)) / 2).toFixed(7)));
        const due = START + (Date.parse(time!) - first) / 60;
        assert.ok(Math.abs(tick.at - due) < 0.01, `line ${index + 2}: ${tick.at - due} ms late`);
        assert.ok(Math.abs(tick.time - due) < 0.01, `line ${index + 2}: ${tick.time - due} ms`);
      }
    },
  );

  test("replay plays every reading in order, ten a second", { skip: unless(metrics) }, async () => {
    const options = "speed=600&rebase&map=time:timestamp,price:value&symbol=cpu";
    const { ticks, warnings } = await play(pathOf(metrics), options);
    assert.deepEqual(warnings, []);
    const records: { timestamp: number; value: number }[] = JSON.parse(
      readFileSync(pathOf(metrics), "utf8"),
    );
    assert.equal(ticks.length, records.length);
    for (const [index, { timestamp, value }] of records.entries()) {
      const tick = ticks[index]!;
      assert.deepEqual([tick.symbol, tick.price], ["cpu", value]);
      const due = START + (timestamp - records[0]!.timestamp) / 600;
      assert.ok(Math.abs(tick.at - due) < 0.01 && Math.abs(tick.time - due) < 0.01, `${index + 1}`);
    }
    const gaps = ticks.slice(1).map(({ at }, index) => at - ticks[index]!.at);
    assert.ok(gaps.filter((gap) => Math.abs(gap - 100) < 0.01).length > 0.99 * gaps.length);
  });
});
