import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isSymbol, type Tick } from "../../src/core/tick.ts";
import { ClientError } from "../../src/hub/client_error.ts";
import { RecordFault } from "../../src/wire/record_fault.ts";
import { readRecords, readTicks, type RecordFormat, toTick } from "../../src/wire/records.ts";

const NOW = Date.UTC(2026, 0, 5, 12);
const DAY = 86_400_000;

/** The tick of one JSON record. */
function read(record: unknown): Tick {
  const [tick, ...others] = readTicks(JSON.stringify(record), "json", NOW);
  assert.equal(others.length, 0);
  return tick!;
}

function reasonOf(text: string, format: RecordFormat): string {
  try {
    readTicks(text, format, NOW);
  } catch (error) {
    assert.ok(error instanceof ClientError, String(error));
    assert.match(error.message, /^Cannot read ticks: /);
    return error.message.slice("Cannot read ticks: ".length);
  }
  assert.fail(`read: ${text}`);
}

const refusal = (fields: Record<string, unknown>): string =>
  reasonOf(JSON.stringify({ symbol: "A", price: 1, ...fields }), "json");

describe("A record's price", () => {
  test("A price is any finite number, negative and zero too", () => {
    for (const price of [1.5, 0, -3.25, 1e-9, 1e300]) {
      assert.equal(read({ symbol: "A", price }).price, price);
    }
  });

  test("A price that is text, null, true, a list or infinite is refused in words", () => {
    assert.equal(refusal({ price: "1.5" }), 'record 1: price "1.5" is not a number');
    assert.equal(refusal({ price: null }), "record 1: price null is not a number");
    assert.equal(refusal({ price: null, bid: 1, ask: 2 }), "record 1: price null is not a number");
    assert.equal(refusal({ price: true }), "record 1: price true is not a number");
    assert.equal(refusal({ price: [1] }), "record 1: price [1] is not a number");
    for (const [price, shown] of [["1e999", "Infinity"], ["-1e999", "-Infinity"]]) {
      const reason = reasonOf(`{"symbol":"A","price":${price}}`, "json");
      assert.equal(reason, `record 1: price ${shown} is not a number`);
    }
    assert.match(reasonOf('{"symbol":"A","price":NaN}', "json"), /JSON|NaN/);
  });

  test("An absent price is the middle of bid and ask, without binary noise", () => {
    assert.equal(read({ symbol: "A", bid: 1.1212, ask: 1.12172 }).price, 1.12146);
    assert.equal(read({ symbol: "A", bid: 0.1, ask: 0.2 }).price, 0.15);
    assert.equal(read({ symbol: "A", bid: -0.3, ask: 0.1 }).price, -0.1);
    assert.equal(read({ symbol: "A", bid: 0, ask: 0 }).price, 0);
  });

  test("A middle is a finite number for any bid and ask", () => {
    const { MAX_VALUE } = Number;
    assert.equal(read({ symbol: "A", bid: MAX_VALUE, ask: MAX_VALUE }).price, MAX_VALUE);
    assert.equal(read({ symbol: "A", bid: -MAX_VALUE, ask: -MAX_VALUE }).price, -MAX_VALUE);
    assert.equal(read({ symbol: "A", bid: -MAX_VALUE, ask: MAX_VALUE }).price, 0);
    assert.equal(read({ symbol: "A", bid: 1e308, ask: 1.2e308 }).price, 1.1e308);
    assert.equal(read({ symbol: "A", bid: 5e-324, ask: 5e-324 }).price, 5e-324);
  });

  test("A middle has no more than one decimal beyond those of bid and ask", () => {
    const cents = fc.integer({ min: 0, max: 100_000_000 });
    fc.assert(fc.property(cents, cents, fc.integer({ min: 0, max: 5 }), (a, b, decimals) => {
      const scale = 10 ** decimals;
      const { price } = read({ symbol: "A", bid: a / scale, ask: b / scale });
      assert.equal(price, Number(((a + b) / 2 / scale).toFixed(decimals + 1)));
    }));
  });

  test("An absent price is an error without both bid and ask", () => {
    for (const fields of [{}, { bid: 1 }, { ask: 1 }, { bid: 1, ask: null }]) {
      const reason = reasonOf(JSON.stringify({ symbol: "A", ...fields }), "json");
      assert.equal(reason, "record 1: price is missing");
    }
  });
});

describe("A record's other fields", () => {
  test("Size, bid and ask may be missing or null", () => {
    const bare = { symbol: "A", time: NOW, price: 1, size: null, bid: null, ask: null };
    assert.deepEqual(read({ symbol: "A", price: 1 }), bare);
    assert.deepEqual(read({ symbol: "A", price: 1, size: null, bid: null, ask: null }), bare);
    const full = { ...bare, size: 0, bid: -1, ask: 2.5 };
    assert.deepEqual(read({ symbol: "A", price: 1, size: 0, bid: -1, ask: 2.5 }), full);
  });

  test("A negative size, or one that is not a number, is refused with the field's name", () => {
    assert.match(refusal({ size: -1 }), /^record 1: size -1 is negative$/);
    assert.match(refusal({ size: "1" }), /^record 1: size "1" is not a number$/);
    assert.match(refusal({ bid: {} }), /^record 1: bid \{\} is not a number$/);
    assert.match(refusal({ ask: false }), /^record 1: ask false is not a number$/);
  });

  test("A missing or malformed symbol is refused in words", () => {
    assert.equal(reasonOf('{"price":1}', "json"), "record 1: symbol is missing");
    assert.equal(reasonOf('{"price":1,"symbol":null}', "json"), "record 1: symbol is missing");
    assert.equal(refusal({ symbol: "a b" }), 'record 1: symbol "a b": a symbol has no spaces');
    assert.equal(refusal({ symbol: "" }), 'record 1: symbol "": a symbol is not empty');
    assert.match(refusal({ symbol: "x".repeat(256) }), /a symbol has at most 255 characters$/);
    assert.ok(refusal({ symbol: "é".repeat(10_000) }).length < 200);
  });

  test("Unknown fields are ignored", () => {
    const tick = read({
      symbol: "A",
      price: 1,
      exchange: "X",
      Price: 2,
      seq: 9,
      nested: { a: [] },
    });
    assert.deepEqual(tick, { symbol: "A", time: NOW, price: 1, size: null, bid: null, ask: null });
  });

  test("A record that is not an object is refused", () => {
    for (const text of ["5", "null", '"A"', "[[1]]", "[null]", "[5]"]) {
      assert.match(reasonOf(text, "json"), /^record 1: .* is not an object with symbol and price$/);
    }
  });
});

describe("A record's time", () => {
  const timeOf = (time: unknown) => read({ symbol: "A", price: 1, time }).time;

  test("An absent time is now", () => {
    assert.equal(timeOf(undefined), NOW);
    assert.equal(timeOf(null), NOW);
  });

  test("A time is milliseconds and keeps its fraction", () => {
    for (const time of [NOW, NOW - 0.25, 1.6e12 + 0.001, 1e11]) assert.equal(timeOf(time), time);
  });

  test("A time is ISO 8601 with a zone", () => {
    assert.equal(timeOf("2026-01-05T12:00:00Z"), NOW);
    assert.equal(timeOf("2026-01-05T14:30:00.250+02:30"), NOW + 250);
    assert.equal(timeOf("2026-01-05 07:00:00-0500"), NOW);
  });

  test("A time without a zone is refused", () => {
    for (const time of ["2026-01-05T12:00:00", "2026-01-05", "2026-01-05 12:00"]) {
      assert.equal(
        refusal({ time }),
        `record 1: time "${time}" has no zone: end it with Z or an offset`,
      );
    }
  });

  test("A number that looks like seconds or nanoseconds is refused in words", () => {
    assert.match(refusal({ time: 1_767_614_400 }), /^record 1: time 1767614400 looks like seconds/);
    assert.match(refusal({ time: 1_767_614_400.5 }), /looks like seconds: send milliseconds$/);
    assert.match(refusal({ time: 0 }), /looks like seconds/);
    for (const factor of [1e3, 1e6]) {
      assert.match(
        refusal({ time: NOW * factor }),
        /looks like micro- or nanoseconds: send millis/,
      );
    }
    assert.match(reasonOf('{"symbol":"A","price":1,"time":1e999}', "json"), /^record 1: time /);
  });

  test("A time may be at most a day ahead", () => {
    assert.equal(timeOf(NOW + DAY), NOW + DAY);
    for (const time of [NOW + DAY + 1, new Date(NOW + DAY + 1).toISOString()]) {
      assert.match(refusal({ time }), /^record 1: time .* is more than a day ahead$/);
    }
  });

  test("A time that is neither milliseconds nor ISO 8601 is refused", () => {
    for (const time of ["", "now", "1767614400000", "-1h", "2026-02-30T00:00:00Z", true, {}, []]) {
      assert.match(refusal({ time }), /^record 1: time .* is neither milliseconds nor ISO 8601$/);
    }
  });
});

describe("A batch in JSON", () => {
  test("An empty list adds nothing, a single object is a batch of one", () => {
    assert.deepEqual(readTicks("[]", "json", NOW), []);
    assert.equal(readTicks(' {"symbol":"A","price":1} ', "json", NOW).length, 1);
  });

  test("Errors count records from 1", () => {
    const text = '[{"symbol":"A","price":1},{"symbol":"B","price":"x"},{"price":2}]';
    assert.equal(reasonOf(text, "json"), 'record 2: price "x" is not a number');
  });

  test("A byte order mark is skipped", () => {
    assert.equal(readTicks('\uFEFF{"symbol":"A","price":1}', "json", NOW)[0]?.symbol, "A");
  });

  test("A text that is not JSON is refused as such", () => {
    for (const text of ["", "{", "symbol,price", '{"symbol":"A","price":1}\n{}']) {
      assert.throws(() => readTicks(text, "json", NOW), { code: "bad_json" });
    }
  });
});

describe("A batch in NDJSON", () => {
  test("Lines are records; blank lines, CRLF and a byte order mark are skipped", () => {
    const lines = ['\uFEFF{"symbol":"A","price":1}', "", "  ", '{"symbol":"B","price":2}', ""];
    const ticks = readTicks(lines.join("\r\n"), "ndjson", NOW);
    assert.deepEqual(ticks.map(({ symbol, price }) => [symbol, price]), [["A", 1], ["B", 2]]);
    assert.deepEqual(readTicks("", "ndjson", NOW), []);
    assert.deepEqual(readTicks("\n\n", "ndjson", NOW), []);
  });

  test("Errors name the line, counting blank ones", () => {
    const good = '{"symbol":"A","price":1}';
    assert.match(reasonOf(`${good}\n\n{"symbol":"A"}`, "ndjson"), /^line 3: price is missing$/);
    assert.match(reasonOf(`${good}\r\n\r\n${good}\r\nx\r\n`, "ndjson"), /^line 4: not JSON: /);
    assert.match(reasonOf(`${good}\n[1]`, "ndjson"), /^line 2: \[1\] is not an object/);
  });
});

describe("A batch in CSV", () => {
  const rowsOf = (text: string) => readTicks(text, "csv", NOW);

  test("The header names the columns, in any order", () => {
    assert.deepEqual(
      rowsOf("ask,price,symbol,time,size,bid,note\n3,2,A,2026-01-05T12:00:00Z,0.5,1,x\n"),
      [{ symbol: "A", time: NOW, price: 2, size: 0.5, bid: 1, ask: 3 }],
    );
  });

  test("An empty value is absent", () => {
    assert.deepEqual(rowsOf("symbol,time,price,size,bid,ask\nA,,,,1,2\nB,,5,,,"), [
      { symbol: "A", time: NOW, price: 1.5, size: null, bid: 1, ask: 2 },
      { symbol: "B", time: NOW, price: 5, size: null, bid: null, ask: null },
    ]);
    assert.match(reasonOf("symbol,price\nA,", "csv"), /^line 2: price is missing$/);
    assert.match(reasonOf("symbol,price\n,1", "csv"), /^line 2: symbol "": a symbol is not empty$/);
  });

  test("Numbers are decimal and finite", () => {
    const prices = ["1", "-1.5", "+2", ".5", "1e3", "1E-3"];
    const text = ["symbol,price", ...prices.map((price) => `A,${price}`)].join("\n");
    assert.deepEqual(rowsOf(text).map(({ price }) => price), [1, -1.5, 2, 0.5, 1_000, 0.001]);
    for (
      const price of [
        "x",
        "NaN",
        "null",
        "1e999",
        "-Infinity",
        "--5",
        "1_000",
        "0x10",
        "0b1",
        "1 2",
      ]
    ) {
      const reason = reasonOf(`symbol,price\nA,${price}`, "csv");
      assert.equal(reason, `line 2: price "${price}" is not a number`);
    }
  });

  test("Times are milliseconds or ISO 8601 with a zone", () => {
    const times = [String(NOW), `${NOW}.25`, "2026-01-05T12:00:00Z"];
    const text = ["symbol,price,time", ...times.map((time) => `A,1,${time}`)].join("\n");
    assert.deepEqual(rowsOf(text).map(({ time }) => time), [NOW, NOW + 0.25, NOW]);
    const reason = (time: string) => reasonOf(`symbol,price,time\nA,1,${time}`, "csv");
    assert.match(reason("1767614400"), /^line 2: time "1767614400" looks like seconds/);
    assert.match(reason("2026-01-05 12:00"), /^line 2: time "2026-01-05 12:00" has no zone/);
    assert.match(reason("yesterday"), /^line 2: time "yesterday" is neither/);
  });

  test("Quoted values may hold commas and quotes", () => {
    const text = '"symbol","note","price"\n"A","x, ""y"", z","2"\nB,"a,b,c",3';
    assert.deepEqual(rowsOf(text).map(({ symbol, price }) => [symbol, price]), [["A", 2], [
      "B",
      3,
    ]]);
    assert.match(reasonOf('symbol,price\nA,"1,5"', "csv"), /^line 2: price "1,5" is not a number$/);
  });

  test("Blanks around names and values are ignored", () => {
    assert.deepEqual(rowsOf("symbol, price ,size\n A , 1 ,2").map(({ price }) => price), [1]);
  });

  test("Blank lines, CRLF and a byte order mark are skipped, and errors name the line", () => {
    const text = "\uFEFF\r\nsymbol,price,size\r\n\r\nA,1,\r\n\r\nB,x,\r\n";
    assert.match(reasonOf(text, "csv"), /^line 6: price "x" is not a number$/);
    assert.deepEqual(rowsOf(text.replace("x", "2")).map(({ symbol }) => symbol), ["A", "B"]);
  });

  test("Lines that end with CR only are read", () => {
    const ticks = rowsOf("symbol,price\rA,1\rB,2\r");
    assert.deepEqual(ticks.map(({ symbol, price }) => [symbol, price]), [["A", 1], ["B", 2]]);
  });

  test("A header alone, or an empty text, adds nothing", () => {
    for (const text of ["", "\n", "symbol,price", "symbol,price\r\n"]) {
      assert.deepEqual(rowsOf(text), []);
    }
  });

  test("A line with too few values is refused with their count", () => {
    assert.equal(
      reasonOf("symbol,price,size\nA,1,2\nB,1", "csv"),
      "line 3: 2 values for 3 columns",
    );
    assert.equal(reasonOf("symbol,price\nA", "csv"), "line 2: 1 values for 2 columns");
  });

  test("A line with too many values is refused", () => {
    assert.match(reasonOf("symbol,price,size\nA,1,5,9", "csv"), /^line 2: /);
    // With a decimal comma, the price would be 1 and the size 5.
    assert.match(reasonOf("symbol,price,size,note\nA,1,5,2,x", "csv"), /^line 2: 5 values for 4 c/);
  });

  test("An unclosed quote is refused as such", () => {
    assert.match(reasonOf('symbol,price,size\nA,"1,2\nB,1,2', "csv"), /^line 2: .*quote/);
  });

  test("A repeated column is refused by name, but repeated columns without a name are accepted", () => {
    const twice = 'line 1: column "price" appears twice';
    assert.equal(reasonOf("symbol,price,price\nA,1,2", "csv"), twice);
    assert.equal(reasonOf('\uFEFFprice;symbol;"price"', "csv"), twice);
    assert.deepEqual(rowsOf("symbol,,price,\nA,x,1,y").map(({ price }) => price), [1]);
  });

  test("A missing column is reported for the first line", () => {
    assert.match(reasonOf("price\n1", "csv"), /^line 2: symbol is missing$/);
    assert.match(reasonOf("name,price\nA,1", "csv"), /^line 2: symbol is missing$/);
  });
});

describe("Recorded data", () => {
  const recorded = (record: unknown, symbol?: string, asText = false) =>
    toTick(record, { now: NOW, recorded: true, symbol }, asText);

  test("Recorded times may be seconds or without a zone, which then is UTC", () => {
    assert.equal(recorded({ symbol: "A", price: 1, time: NOW / 1_000 }).time, NOW);
    assert.equal(recorded({ symbol: "A", price: 1, time: NOW / 1_000 + 0.5 }).time, NOW + 500);
    assert.equal(recorded({ symbol: "A", price: 1, time: NOW }).time, NOW);
    assert.equal(recorded({ symbol: "A", price: 1, time: "2026-01-05 12:00" }).time, NOW);
    assert.equal(
      recorded({ symbol: "A", price: "1", time: `${NOW / 1_000}` }, "A", true).time,
      NOW,
    );
  });

  test("Recorded times may not be nanoseconds, negative or more than a day ahead", () => {
    for (const time of [NOW * 1e6, -5, NOW + DAY + 1, "x"]) {
      assert.throws(() => recorded({ symbol: "A", price: 1, time }), RecordFault);
    }
  });

  test("The symbol option is the symbol of records without one", () => {
    assert.equal(recorded({ price: 1 }, "cpu").symbol, "cpu");
    assert.equal(recorded({ symbol: "A", price: 1 }, "cpu").symbol, "A");
    assert.throws(() => recorded({ price: 1 }), /symbol is missing/);
  });
});

describe("What is written reads back equal", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
  const unknownOr = (value: fc.Arbitrary<number>) => fc.option(value, { nil: null });
  const letters = "ABCXYZabcxyz0189._:/^=-";
  const anyTick: fc.Arbitrary<Tick> = fc.record({
    symbol: fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 255 })
      .filter(isSymbol),
    time: fc.oneof(
      fc.integer({ min: 1e11, max: NOW + DAY }),
      fc.double({ min: 1e11, max: NOW, noNaN: true }),
    ),
    price: number,
    size: unknownOr(number.map(Math.abs)),
    bid: unknownOr(number),
    ask: unknownOr(number),
  }, { noNullPrototype: true });
  const names = ["symbol", "time", "price", "size", "bid", "ask"] as const;
  const blanks = fc.constantFrom("\n", "\r\n", "\n\n", "\r\n \r\n");

  test("Ticks written as JSON read back equal", () => {
    fc.assert(fc.property(fc.array(anyTick), (ticks) => {
      assert.deepEqual(readTicks(JSON.stringify(ticks), "json", NOW), ticks);
    }));
  });

  test("Ticks written as NDJSON read back equal", () => {
    fc.assert(fc.property(fc.array(anyTick), blanks, (ticks, end) => {
      const text = ticks.map((tick) => JSON.stringify(tick) + end).join("");
      assert.deepEqual(readTicks(text, "ndjson", NOW), ticks);
    }));
  });

  test("Ticks written as CSV read back equal, quoted or not, in any order of columns", () => {
    const order = fc.shuffledSubarray([...names], { minLength: names.length });
    fc.assert(
      fc.property(fc.array(anyTick), blanks, order, fc.boolean(), (ticks, end, columns, quoted) => {
        const write = (value: unknown) => quoted ? `"${value ?? ""}"` : `${value ?? ""}`;
        const lines = [
          columns.map(write).join(","),
          ...ticks.map((tick) => columns.map((name) => write(tick[name])).join(",")),
        ];
        assert.deepEqual(readTicks(lines.map((line) => line + end).join(""), "csv", NOW), ticks);
      }),
    );
  });

  test("Times written as ISO 8601 read back equal to the millisecond", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: NOW }), (time) => {
      const text = JSON.stringify({ symbol: "A", price: 1, time: new Date(time).toISOString() });
      assert.equal(readTicks(text, "json", NOW)[0]?.time, time);
    }));
  });

  test("Any text is read or refused in words", () => {
    const pieces = fc.constantFrom(
      ",",
      '"',
      "\n",
      "\r",
      ";",
      "\t",
      "symbol",
      "price",
      "A",
      "1",
      " ",
    );
    const anyText = fc.oneof(fc.string(), fc.array(pieces).map((list) => list.join("")));
    const anyFormat = fc.constantFrom<RecordFormat>("json", "ndjson", "csv");
    fc.assert(
      fc.property(anyText, anyFormat, (text, format) => {
        try {
          readTicks(text, format, NOW);
        } catch (error) {
          assert.ok(error instanceof ClientError, `${format}: ${error}`);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

test("readRecords numbers records and goes on after bad ones", () => {
  assert.deepEqual([...readRecords("[5,{}]", "json")], [
    { number: 1, value: 5 },
    { number: 2, value: {} },
  ]);
  const found = [...readRecords("a,b\n1,2\n\n3\n4,5", "csv")];
  assert.deepEqual(found.map(({ number }) => number), [2, 4, 5]);
  assert.deepEqual(found[0]?.value, { a: "1", b: "2" });
  assert.ok(found[1]?.value instanceof RecordFault);
  assert.deepEqual(found[2]?.value, { a: "4", b: "5" });
});
