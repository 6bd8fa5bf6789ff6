import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import type { TapedTick } from "../../src/core/tick.ts";
import { decodeEntry, encodeEntry, EntryFault, NewerEntry } from "../../src/log/entry.ts";
import { type Entry, ENTRY_TICKS_MAX } from "../../src/log/log.ts";
import { bits, taped, tick } from "../core/ticks.ts";

function entry(fields: Partial<Entry> = {}): Entry {
  const nothing = { definitions: [], marks: [], receipts: [], more: false };
  return { first: 1, ticks: [], time: 0, ...nothing, ...fields };
}

/** The entry as a text; texts are equal only if every bit of the entries is. */
function same(found: Entry): string {
  const { first, ticks, time, definitions, marks, receipts, more } = found;
  const list = ticks.map((
    { seq, symbol, time, price, size, bid, ask },
  ) => [seq, symbol, time, price, size, bid, ask]);
  return bits([first, list, time, definitions, marks, receipts, more]);
}

function assertKept(given: Entry): void {
  assert.equal(same(decodeEntry(encodeEntry(given))), same(given));
}

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 5e-324, -5e-324, 1.7e308, -1.7e308, Number.MAX_VALUE, 0.1 + 0.2),
  fc.integer(),
);
const unknownOr = fc.option(number, { nil: null });
const symbol = fc.string({
  unit: fc.constantFrom(..."ABz09/.:_-^="),
  minLength: 1,
  maxLength: 255,
});
const anyTick = fc.record({
  symbol: fc.oneof(symbol, fc.constantFrom("A", "B")),
  ...{ time: number, price: number, size: unknownOr, bid: unknownOr, ask: unknownOr },
});
const text = fc.string({ unit: "grapheme" });
const anyEntry: fc.Arbitrary<Entry> = fc.record({
  first: fc.oneof(fc.nat(), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 5_000 })),
  ticks: fc.array(anyTick, { maxLength: 40 }),
  time: number,
  definitions: fc.array(fc.record({
    symbol,
    fields: fc.record({ name: fc.option(text), decimals: fc.nat(8), shares: fc.option(fc.nat()) }),
  })),
  marks: fc.array(fc.record({ name: text, value: text })),
  receipts: fc.array(
    fc.record({ key: text, accepted: fc.nat(), seq: fc.maxSafeNat(), time: fc.integer() }),
  ),
  more: fc.boolean(),
}).map(({ ticks, ...rest }) => ({
  ...rest,
  ticks: ticks.map((each, index) => ({ ...each, seq: rest.first + index })),
}));

describe("encodeEntry", () => {
  test("decodeEntry returns what encodeEntry wrote, bit for bit", () => {
    fc.assert(fc.property(anyEntry, assertKept), { numRuns: 300 });
  });

  test("decodeEntry reads an entry from within other bytes", () => {
    fc.assert(fc.property(anyEntry, fc.nat(9), (given, before) => {
      const bytes = encodeEntry(given);
      const all = new Uint8Array(before + bytes.length + 3).fill(0xff);
      all.set(bytes, before);
      const found = decodeEntry(all.subarray(before, before + bytes.length));
      assert.equal(same(found), same(given));
    }));
  });

  const numbers = [0, -0, 5e-324, 1.7e308];
  for (const count of [1, 7, 8, 9, 64]) {
    test(`encodeEntry keeps all combinations of unknown numbers among ${count} ticks`, () => {
      for (let combination = 0; combination < 8; combination++) {
        for (const at of [0, count - 1, undefined]) {
          const has = (bit: number, index: number) =>
            at === undefined || index === at
              ? (combination & bit) !== 0
              : (combination & bit) === 0;
          const value = (bit: number, index: number) =>
            has(bit, index) ? numbers[index % numbers.length]! : null;
          const ticks = Array.from(
            { length: count },
            (_, index) =>
              tick({ size: value(1, index), bid: value(2, index), ask: value(4, index) }),
          );
          assertKept(entry({ ticks: taped(ticks) }));
        }
      }
    });
  }

  for (const symbols of [1, 255, 256, 257, 1_000, ENTRY_TICKS_MAX]) {
    test(`encodeEntry writes a full entry with ticks of ${symbols} symbols`, () => {
      const ticks = Array.from(
        { length: ENTRY_TICKS_MAX },
        (_, index) =>
          tick({
            symbol: `S${(index * 7) % symbols}`,
            price: index,
            bid: index % 3 ? index : null,
          }),
      );
      assertKept(entry({ ticks: taped(ticks) }));
    });
  }

  test("encodeEntry writes symbols of 255 characters", () => {
    const ticks = Array.from(
      { length: 300 },
      (_, index) => tick({ symbol: `${index}:`.padEnd(255, "x"), price: index }),
    );
    assertKept(entry({ ticks: taped(ticks) }));
  });

  test("encodeEntry refuses more ticks than an entry can have", () => {
    const ticks = taped(Array.from({ length: ENTRY_TICKS_MAX + 1 }, () => tick()));
    assert.throws(() => encodeEntry(entry({ ticks })), RangeError);
  });

  test("encodeEntry refuses a number that decodeEntry could not return", () => {
    for (const name of ["time", "price", "size", "bid", "ask"] as const) {
      for (const value of [NaN, Infinity, -Infinity]) {
        const ticks = taped([tick(), tick({ [name]: value })]);
        assert.throws(() => encodeEntry(entry({ ticks })), /Cannot log a tick with /);
      }
    }
  });

  test("encodeEntry writes at most 40 bytes for a tick with time, price, size, bid and ask", () => {
    const full = tick({ size: 1, bid: 1, ask: 1 });
    const size = (count: number) =>
      encodeEntry(entry({ ticks: taped(Array.from({ length: count }, () => full)) })).length;
    assert.equal(size(1_000) - size(0), 41_000 + 2);
  });
});

describe("decodeEntry", () => {
  const whole = encodeEntry(entry({
    first: 77,
    ticks: taped([tick({ symbol: "AB", size: 1, price: 1.5 }), tick({ bid: 3, time: 9 }), tick()])
      .map((each): TapedTick => ({ ...each, seq: each.seq + 76 })),
    definitions: [{ symbol: "A", fields: { name: "a" } }],
    marks: [{ name: "m", value: "v" }],
    receipts: [{ key: "k", accepted: 3, seq: 79, time: 5 }],
    more: true,
  }));

  test("decodeEntry detects a change of any byte", () => {
    for (let at = 0; at < whole.length; at++) {
      for (let flip = 1; flip < 256; flip++) {
        const bytes = whole.slice();
        bytes[at]! ^= flip;
        assert.throws(() => decodeEntry(bytes), EntryFault, `byte ${at} flipped by ${flip}`);
      }
    }
  });

  test("decodeEntry detects missing and additional bytes", () => {
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => decodeEntry(whole.subarray(0, length)), EntryFault);
    }
    assert.throws(() => decodeEntry(Uint8Array.of(...whole, 0)), EntryFault);
    assert.throws(() => decodeEntry(new Uint8Array(500)), EntryFault);
  });

  test("decodeEntry distinguishes an entry of a newer version from a damaged one", () => {
    const bytes = whole.slice();
    bytes[0] = 3;
    assert.throws(() => decodeEntry(bytes), (error) => {
      assert.ok(error instanceof NewerEntry);
      assert.match(error.message, /version 3, this program knows 2/);
      return true;
    });
  });

  test("decodeEntry expects the CRC-32 of all other bytes in an entry", () => {
    const rest = Uint8Array.of(...whole.subarray(0, 4), ...whole.subarray(8));
    assert.equal(new DataView(whole.buffer).getUint32(4, true), crc32(rest));
  });
});
