import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Tick } from "../../src/core/tick.ts";
import { ClientError } from "../../src/hub/client_error.ts";
import { PlainTicks } from "../../src/wire/plain_ticks.ts";
import { finish, readTicks } from "../../src/wire/records.ts";

const NOW = Date.UTC(2026, 0, 5, 12);
const DAY = 86_400_000;

const reader = new PlainTicks();

function plain(text: string, format: "json" | "ndjson"): Tick[] | undefined {
  return finish(reader.read(new TextEncoder().encode(text), format, NOW));
}

/** The result of the reader of records; `undefined` for a refusal. */
function reference(text: string, format: "json" | "ndjson"): Tick[] | undefined {
  try {
    return readTicks(text, format, NOW);
  } catch (error) {
    assert.ok(error instanceof ClientError, String(error));
    return undefined;
  }
}

/** Checks the ticks against the reader of records. @returns whether they were plain */
function agrees(text: string, format: "json" | "ndjson"): boolean {
  const read = plain(text, format);
  if (read !== undefined) assert.deepEqual(read, reference(text, format), text);
  return read !== undefined;
}

const blank = fc.constantFrom("", "", "", " ", "\t", "  ");
const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.integer({ min: 0, max: 24 })).map(
    ([digits, decimals]) => {
      const text = String(digits).padStart(decimals + 1, "0");
      return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
    },
  ),
  fc.constantFrom("0", "-0", "0.0", "-0.0", "1e3", "1E-3", "1e+2", "9007199254740993", "5e-324"),
);
const wrong = fc.constantFrom(
  ...["01", "1.", ".5", "+1", "1e", "-", "1e999", "NaN", "null", "nul", "true", "[1]", "{}", '"1"'],
  ...['""', '"a b"', '"A\\n"', '"A\\u0041"', '"é"', '"\u0001"', "", "1 2", '"A', "'A'"],
);
const time = fc.oneof(
  fc.integer({ min: 1e11, max: NOW + DAY }).map(String),
  fc.constantFrom('"2026-01-05T12:00:00.25Z"', '"2026-01-05 12:00"', '"2026-01-05"', "null"),
  fc.constantFrom("1767614400", String(NOW * 1e6), String(NOW + DAY + 1), `${NOW}.5`),
);
const symbol = fc.string({
  unit: fc.constantFrom(..."ABCabc019._:/^=-"),
  minLength: 1,
  maxLength: 258,
}).map((text) => JSON.stringify(text));
const field = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constantFrom("price", "size", "bid", "ask"), number) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("symbol"), symbol) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("time"), time) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom("price", "size", "bid", "symbol", "time", "x", "symbols", "pric"),
      wrong,
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("bid", "size", "time"), fc.constant("null")) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("x", "Price", "__proto__"), number) },
);
const record = fc.tuple(symbol, number, fc.array(field, { maxLength: 4 }), blank).map(
  ([name, price, fields, space]) => {
    const all = [["symbol", name], ["price", price], ...fields];
    return `{${all.map(([key, value]) => `${space}"${key}"${space}:${value}`).join(`${space},`)}}`;
  },
);

describe("Plain ticks", () => {
  test("Plain ticks equal those of the reader of records", () => {
    let read = 0;
    const records = fc.array(record, { maxLength: 4 });
    fc.assert(
      fc.property(
        records,
        fc.constantFrom("\n", "\r\n", "\n\n \n", "\r"),
        blank,
        (list, end, s) => {
          if (agrees(`${list.join(end)}${s}`, "ndjson")) read++;
          if (agrees(`${s}[${list.join(`${s},`)}${s}]${s}`, "json")) read++;
        },
      ),
      { numRuns: 3_000 },
    );
    // With few plain batches the test would prove nothing.
    assert.ok(read > 500, `${read} were plain`);
  });

  test("A text that the reader of records refuses is never read as plain ticks", () => {
    const pieces = fc.constantFrom(
      ...'{}[],:"\\ \n\r\t0123456789.-+eE',
      ...['"symbol"', '"price"', '"A"', '{"symbol":"A","price":1}', "null", "true", "\uFEFF", "é"],
    );
    const text = fc.array(pieces, { maxLength: 30 }).map((list) => list.join(""));
    fc.assert(
      fc.property(text, fc.constantFrom("json", "ndjson"), (each, format) => {
        agrees(each, format);
      }),
      { numRuns: 5_000 },
    );
  });

  test("A batch with one byte changed to a bad one is never read as plain ticks", () => {
    const good = '[{"symbol":"EUR/USD","price":1.5,"bid":-0.25,"time":1767614400000,"x":"y"}]';
    assert.equal(plain(good, "json")?.length, 1);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 0x7f }), (at, byte) => {
        agrees(good.slice(0, at) + String.fromCharCode(byte) + good.slice(at + 1), "json");
        agrees(good.slice(0, at) + good.slice(at + 1), "json");
        agrees(good.slice(0, at), "json");
      }),
      { numRuns: 3_000 },
    );
  });

  test("Usual batches are plain", () => {
    for (
      const text of [
        '{"symbol":"A","price":1.5}',
        '{"symbol":"A","bid":1,"ask":2,"time":"2026-01-05T12:00:00Z"}\r\n',
        '\n{ "price" : -1e3 , "symbol":"BTC/USD", "size": null, "exchange": "X", "ok": true }\n\n',
        '{"time":1767614400000.25,"symbol":"^GSPC","price":9007199254740993,"size":0}',
        "",
      ]
    ) assert.ok(agrees(text, "ndjson"), text);
    assert.ok(agrees(' [ {"symbol":"A","price":1} ,\n{"symbol":"B","price":2} ]\n', "json"));
    assert.ok(agrees("[]", "json"));
  });

  test("Equal symbols are read correctly after any other symbols", () => {
    const symbols = Array.from({ length: 40_000 }, (_, index) => `S${index * 7919 % 50_000}`);
    const text = symbols.map((name) => `{"symbol":"${name}","price":1}`).join("\n");
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(plain(text, "ndjson")?.map((tick) => tick.symbol), symbols);
    }
  });

  test("Reading a long batch pauses, and other batches are read meanwhile", () => {
    const line = (price: number) => `{"symbol":"A","price":${price}}`;
    for (const format of ["ndjson", "json"] as const) {
      const lines = Array.from({ length: 20_000 }, (_, index) => line(index));
      const text = format === "json" ? `[${lines}]` : lines.join("\n");
      const reading = reader.read(new TextEncoder().encode(text), format, NOW);
      let rests = 0;
      let step = reading.next();
      for (; !step.done; step = reading.next(), rests++) {
        assert.deepEqual(plain(line(7), "ndjson")?.map(({ price }) => price), [7]);
      }
      assert.ok(rests >= 3);
      assert.deepEqual(step.value?.map(({ price }) => price), lines.map((_, index) => index));
    }
  });
});
