import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Tick } from "../../src/core/tick.ts";
import { TickColumns } from "../../src/core/tick_columns.ts";
import { seededRandom } from "../../src/feeds/random.ts";
import { type Chunk, CHUNK_TICKS_MAX, decodeChunk, encodeChunk } from "../../src/tape/chunk.ts";

type Fields = Omit<Tick, "symbol">;

const START = Date.UTC(2026, 0, 5);

function fields(some: Partial<Fields>): Fields {
  return { time: START, price: 1, size: null, bid: null, ask: null, ...some };
}

function encode(ticks: readonly Fields[], at = ticks.map((_, index) => index)): Uint8Array {
  const columns = new TickColumns();
  for (const tick of ticks) columns.push(0, tick);
  return encodeChunk(columns, Uint32Array.from(at));
}

function ticksOf({ times, prices, sizes, bids, asks }: Chunk): Fields[] {
  const known = (number: number) => Number.isNaN(number) ? null : number;
  return Array.from(times, (time, index) => ({
    time,
    price: prices[index]!,
    size: known(sizes[index]!),
    bid: known(bids[index]!),
    ask: known(asks[index]!),
  }));
}

/** Checks that the ticks are restored. @returns the number of bytes */
function lossless(ticks: readonly Fields[]): number {
  const bytes = encode(ticks);
  const chunk = decodeChunk(bytes, ticks.length);
  assert.deepEqual([...chunk.places], ticks.map((_, index) => index));
  assert.deepEqual(ticksOf(chunk), ticks);
  return bytes.length;
}

function series(count: number, make: (index: number) => Partial<Fields>): Fields[] {
  return Array.from({ length: count }, (_, index) => fields(make(index)));
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const odd = fc.constantFrom(0, -0, 5e-324, -5e-324, 1.7e308, 0.1 + 0.2, 1e-10, 1e21, 2 ** 53, -1);
/** Numbers of a column, mostly of one kind with some of another. */
const anyNumber = fc.oneof(finite, odd, fc.integer());
const kinds: fc.Arbitrary<number>[] = [
  fc.integer({ min: -50, max: 50 }),
  fc.integer({ min: -50_000, max: 50_000 }).map((cents) => cents / 100),
  fc.integer({ min: 0, max: 9 }).map((tenths) => 100 + tenths * 0.1),
  fc.nat(50).map((thousands) => thousands * 1_000),
  fc.integer().map((units) => units / 1e8),
  fc.double({ min: 19, max: 21, noNaN: true }),
  anyNumber,
];
const mostly = fc.tuple(fc.constantFrom(...kinds), fc.boolean()).map(([kind, isPure]) =>
  isPure ? kind : fc.oneof({ weight: 15, arbitrary: kind }, anyNumber)
);
const anyColumn = (count: number) =>
  mostly.chain((number) => fc.array(number, { minLength: count, maxLength: count }));
const maybeColumn = (count: number): fc.Arbitrary<(number | null)[]> =>
  fc.oneof(
    fc.constant(new Array<null>(count).fill(null)),
    anyColumn(count),
    mostly.chain((number) => fc.array(fc.option(number), { minLength: count, maxLength: count })),
  );
const anyTimes = (count: number) =>
  fc.oneof(
    anyColumn(count),
    fc.array(fc.nat(5_000), { minLength: count, maxLength: count })
      .map((gaps) => gaps.map((gap, index) => START + index * 1_000 + gap / 8)),
    anyColumn(count).map((times) => times.map((time) => START + time)),
  );
const anyTicks = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 200 }))
  .chain((count) =>
    fc.record({
      time: anyTimes(count),
      price: anyColumn(count),
      size: maybeColumn(count),
      bid: maybeColumn(count),
      ask: maybeColumn(count),
      isMiddle: fc.boolean(),
    })
  )
  .map(({ time, price, size, bid, ask, isMiddle }) =>
    price.map((other, index): Fields => {
      const middle = (bid[index]! + ask[index]!) / 2;
      return {
        time: time[index]!,
        price: isMiddle && Number.isFinite(middle) ? middle : other,
        size: size[index]!,
        bid: bid[index]!,
        ask: ask[index]!,
      };
    })
  );

describe("Chunk", () => {
  test("Every tick is restored bit for bit", () => {
    fc.assert(fc.property(anyTicks, (ticks) => void lossless(ticks)), { numRuns: 500 });
  });

  test("Places are indices in the columns, with other symbols between", () => {
    const places = fc.uniqueArray(fc.nat(999), { minLength: 1 })
      .map((some) => some.sort((a, b) => a - b));
    const ticks = series(1_000, (index) => ({ price: index, size: index / 8 }));
    fc.assert(fc.property(places, (at) => {
      const chunk = decodeChunk(encode(ticks, at), at.length);
      assert.deepEqual([...chunk.places], at);
      assert.deepEqual(ticksOf(chunk), at.map((index) => ticks[index]!));
    }));
  });

  test("Extreme numbers are restored in each column", () => {
    const edges = [-0, 0, 5e-324, -5e-324, 1.7e308, -1.7e308, 2 ** 53, 2 ** 51, -(2 ** 51) + 1]
      .concat(2 ** 51 - 1, 1 / 3, -1e-9, 0.1 + 0.2, Number.MAX_VALUE, Number.EPSILON);
    for (const column of ["time", "price", "size", "bid", "ask"] as const) {
      for (const edge of edges) {
        lossless([fields({ [column]: edge })]);
        lossless(series(20, (index) => ({ [column]: index === 10 ? edge : index })));
        lossless(series(20, (index) => ({ bid: 1, ask: 2, [column]: index % 3 ? edge : 1 / 3 })));
      }
    }
  });

  test("A column of prices may begin with integers and continue with fractions", () => {
    lossless(series(1_000, (index) => ({ price: index < 500 ? index : index + 1 / 8 })));
  });

  test("The largest chunk is restored, for steps of any width", () => {
    const random = seededRandom(1);
    for (let bits = 0; bits <= 50; bits += 5) {
      const size = () => Math.floor(random() * 2 ** bits);
      lossless(series(CHUNK_TICKS_MAX, (index) => ({ time: START + index, size: size() })));
    }
  });

  test("A chunk has 1 to 8,192 ticks", () => {
    const ticks = series(CHUNK_TICKS_MAX + 1, () => ({}));
    for (const count of [0, CHUNK_TICKS_MAX + 1]) {
      assert.throws(() => encode(ticks.slice(0, count)), RangeError);
    }
    for (const count of [0, CHUNK_TICKS_MAX + 1, -1, 1.5, NaN, Infinity]) {
      assert.throws(() => decodeChunk(encode(ticks.slice(0, 1)), count), RangeError);
    }
  });

  test("A tick without time or price is refused", () => {
    for (const column of ["time", "price"] as const) {
      const ticks = [fields({}), fields({ [column]: NaN })];
      assert.throws(() => encode(ticks), /^TypeError: Cannot write a chunk: a tick has no/);
      lossless(ticks.slice(0, 1));
    }
  });

  test("The layout is as documented", () => {
    const ticks = [
      fields({ time: 2_000, price: 1.25, size: 300, bid: 1.24 }),
      fields({ time: 3_000, price: 1.27, size: 100, bid: null }),
      fields({ time: 4_000, price: 1.26, size: 200, bid: 1.1 + 0.15 }),
    ];
    const bytes = [
      [1, 0x40, 0x45, 0x41, 0x80 + 0x05, 0x00],
      [0, 0, 1],
      [2, 0, 1],
      [0x80 + 125 % 64, 1, 2, 0x41, 0b0011],
      [2, 1, 0b010010],
      [1, 0, 0b101, 0, 0x41],
    ];
    assert.deepEqual([...encode(ticks)], bytes.flat());
  });
});

describe("Chunk: size", () => {
  const random = seededRandom(2);
  let cents = 50_000;
  const walk = () => (cents += Math.floor(17 * random()) - 8) / 100;
  const cases: { what: string; ticks: Fields[]; most: number }[] = [
    { what: "one tick", ticks: [fields({ price: 101.25, size: 3 })], most: 20 },
    { what: "ticks that never change", ticks: series(1_000, () => ({ size: 5 })), most: 0.1 },
    {
      what: "regular times, whatever their unit",
      ticks: series(1_000, (index) => ({ time: START + index * 62.5 })),
      most: 0.1,
    },
    {
      what: "prices that are the middle",
      ticks: series(1_000, (index) => {
        const [bid, ask] = [1.1 + (index % 16) / 1e5, 1.1 + (index % 16 + 1) / 1e5];
        return { price: (bid + ask) / 2, bid, ask };
      }),
      most: 3,
    },
    {
      what: "what arithmetic adds",
      ticks: series(1_000, (index) => {
        const price = 100 + (index % 16) / 100;
        return { price, bid: price - 0.01, ask: price + 0.01 };
      }),
      most: 2,
    },
    {
      what: "trades",
      ticks: series(1_000, (index) => ({
        time: START + 100 * index + Math.floor(100 * random()),
        price: walk(),
        size: Math.ceil(1_000 * random()),
      })),
      most: 4,
    },
    {
      what: "sensors with all their digits",
      ticks: series(1_000, () => ({ price: 20 + random() })),
      most: 8,
    },
    {
      what: "times of nanoseconds",
      ticks: series(1_000, (index) => ({ time: START + index + random() })),
      most: 3,
    },
  ];
  for (const { what, ticks, most } of cases) {
    test(`Chunk has at most ${most} bytes per tick for ${what}`, () => {
      const bytes = lossless(ticks) / ticks.length;
      assert.ok(bytes <= most, `${bytes} bytes a tick`);
    });
  }
});

describe("Chunk: damage", () => {
  test("A chunk that is cut, or has more bytes, is refused", () => {
    fc.assert(
      fc.property(anyTicks, (ticks) => {
        const bytes = encode(ticks);
        for (let length = 0; length < bytes.length; length++) {
          assert.throws(() => decodeChunk(bytes.subarray(0, length), ticks.length), SyntaxError);
        }
        assert.throws(() => decodeChunk(Uint8Array.of(...bytes, 0), ticks.length), SyntaxError);
      }),
      { numRuns: 30 },
    );
  });

  test("A chunk with changed bytes is refused or has the right number of ticks", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyTicks, changes, (ticks, changes) => {
        const bytes = encode(ticks);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        refusedOrTicks(bytes, ticks.length);
      }),
      { numRuns: 1_000 },
    );
  });

  test("Any bytes are refused or have the right number of ticks", () => {
    const forms = fc.array(fc.constantFrom(0, 0x40, 0x45, 0x55, 0x85, 0xc0), { minLength: 5 });
    const bytes = fc.tuple(forms, fc.uint8Array({ maxLength: 400 }))
      .map(([forms, rest]) => Uint8Array.of(1, ...forms.slice(0, 5), ...rest));
    const counts = fc.integer({ min: 1, max: CHUNK_TICKS_MAX });
    fc.assert(fc.property(bytes, counts, refusedOrTicks), { numRuns: 1_000 });
  });

  test("A chunk of another version, or with impossible columns, is refused", () => {
    const bytes = encode(series(3, (index) => ({ size: index, bid: 1, ask: 2 })));
    const changed = (at: number, byte: number) => bytes.slice().fill(byte, at, at + 1);
    const cases: [RegExp, Uint8Array][] = [
      [/version is 2/, changed(0, 2)],
      [/form 79/, changed(1, 0x4f)],
      [/form 1/, changed(3, 1)],
      [/form 96/, changed(2, 0x60)],
      [/has no time/, changed(1, 0)],
      [/has no time/, changed(1, 0x80)],
      [/has no price/, changed(2, 0x80)],
    ];
    for (const [why, wrong] of cases) {
      assert.throws(() => decodeChunk(wrong, 3), { name: "SyntaxError", message: why });
    }
  });

  test("A chunk that fails does not affect the next one", () => {
    const ticks = series(9, (index) => ({ price: index / 3 }));
    assert.throws(() => encode([fields({ price: NaN })]), TypeError);
    assert.throws(() => decodeChunk(encode(ticks).slice(0, 9), 9), SyntaxError);
    lossless(ticks);
  });
});

function refusedOrTicks(bytes: Uint8Array, count: number): void {
  let chunk: Chunk;
  try {
    chunk = decodeChunk(bytes, count);
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    return;
  }
  for (const column of Object.values(chunk)) assert.equal(column.length, count);
  assert.ok(chunk.places.every((place, index) => index === 0 || place > chunk.places[index - 1]!));
}
