import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { FoundColumns } from "../../src/tape/found.ts";
import {
  formatPosition,
  parsePosition,
  type TapeReader,
  type TickQuery,
} from "../../src/tape/tape.ts";
import { anyTick, bits, tick } from "../core/ticks.ts";
import { readAll, type TestStore } from "../helpers/store.ts";

const SYMBOLS = ["A", "B", "C/D"];

/** The ticks that a query selects from all stored ticks. */
export function filtered(all: readonly TapedTick[], query: Omit<TickQuery, "limit">): TapedTick[] {
  const { symbols, after = 0, through = Infinity, from = -Infinity, to = Infinity } = query;
  return all.filter(({ symbol, seq, time }) =>
    (symbols?.has(symbol) ?? true) && seq > after && seq <= through && time >= from && time < to
  );
}

function naiveRead(all: readonly TapedTick[], query: TickQuery): TapedTick[] {
  const found = filtered(all, query);
  const { after, from, limit } = query;
  const isNewest = after === undefined && from === undefined;
  return isNewest ? found.slice(Math.max(0, found.length - limit)) : found.slice(0, limit);
}

/** Checks that a call returns the selected ticks up to the seq of its answer, or from there on. */
export function assertSlices(tape: TapeReader, all: readonly TapedTick[], query: TickQuery): void {
  const bounds = { after: query.after ?? 0, through: query.through ?? Infinity };
  const first = tape.first(query);
  const upTo = filtered(all, { ...query, through: Math.min(first.seq, bounds.through) });
  assert.equal(bits(first.ticks), bits(upTo.slice(0, query.limit)));
  assert.ok(first.ticks.length <= query.limit);
  if (first.ticks.length < query.limit) assert.equal(upTo.length, first.ticks.length);
  else if (query.limit > 0) assert.equal(first.seq, first.ticks.at(-1)!.seq);

  const last = tape.last(query);
  const from = filtered(all, { ...query, after: Math.max(last.seq, bounds.after) });
  assert.equal(bits(last.ticks), bits(from.slice(Math.max(0, from.length - query.limit))));
  if (last.ticks.length < query.limit) assert.equal(from.length, last.ticks.length);
  else if (query.limit > 0) assert.equal(last.seq, last.ticks[0]!.seq - 1);

  const found = new FoundColumns(all.length + 1);
  for (let round = 0; round < 2; round++) {
    // Blocks in memory now cost less, so this call may get farther.
    const through = Math.min(tape.columns(query, found), bounds.through);
    const { columns, seqs, count } = found;
    const ticks = Array.from({ length: count }, (_, at): TapedTick => {
      return { seq: seqs[at]!, symbol: tape.nameOf(columns.symbols[at]!), ...columns.at(at) };
    });
    assert.ok(through >= Math.min(first.seq, bounds.through));
    assert.equal(bits(ticks), bits(filtered(all, { ...query, through }).slice(0, query.limit)));
  }
  // Counting alone gets as far or farther.
  const passed = tape.countFirst(query);
  const through = Math.min(passed.seq, bounds.through);
  assert.ok(passed.seq >= first.seq && passed.count <= query.limit);
  assert.equal(passed.count, filtered(all, { ...query, through }).length);
  const back = tape.countLast(query);
  assert.ok(back.seq <= last.seq && back.count <= query.limit);
  const after = Math.max(back.seq, bounds.after);
  assert.equal(back.count, filtered(all, { ...query, after }).length);
}

/** Six ticks of two symbols whose event times are not in tape order. */
export const SIX: readonly Tick[] = [
  tick({ symbol: "A", time: 100, price: 1 }),
  tick({ symbol: "B", time: 300, price: 2 }),
  tick({ symbol: "A", time: 200, price: 3 }),
  tick({ symbol: "A", time: 200, price: 4 }),
  tick({ symbol: "B", time: 50, price: 5 }),
  tick({ symbol: "A", time: 400, price: 6 }),
];

const READS: [string, Omit<TickQuery, "limit"> & { limit?: number }, number[]][] = [
  ["all ticks in tape order, not by event time", {}, [1, 2, 3, 4, 5, 6]],
  ["the newest when only limited", { limit: 2 }, [5, 6]],
  ["after a seq, which is not included", { after: 2 }, [3, 4, 5, 6]],
  ["after a seq and no more than asked for", { after: 2, limit: 2 }, [3, 4]],
  ["through a seq, which is included", { through: 4 }, [1, 2, 3, 4]],
  ["the newest through a seq", { through: 4, limit: 2 }, [3, 4]],
  ["nothing after the seq through which it reads", { after: 4, through: 4 }, []],
  ["between two seqs by symbol", { symbols: new Set(["B"]), after: 1, through: 5 }, [2, 5]],
  ["after a seq by time", { after: 2, from: 300 }, [6]],
  ["after a seq within a time", { after: 3, from: 100, to: 400 }, [4]],
  ["from included", { from: 200 }, [2, 3, 4, 6]],
  ["from with a fraction", { from: 200.25 }, [2, 6]],
  ["to not included", { to: 200 }, [1, 5]],
  ["to with a fraction", { to: 200.25 }, [1, 3, 4, 5]],
  ["what lies between from and to", { from: 100, to: 300 }, [1, 3, 4]],
  ["the first in tape order with from and a limit", { from: 200, limit: 2 }, [2, 3]],
  ["the newest in tape order with to and a limit", { to: 300, limit: 2 }, [4, 5]],
  ["the first with from, to and a limit", { from: 50, to: 300, limit: 2 }, [1, 3]],
  ["nothing when from is to", { from: 200, to: 200 }, []],
  ["nothing when from is after to", { from: 300, to: 100 }, []],
  ["from 0 as a bound", { from: 0, limit: 2 }, [1, 2]],
  ["to 0 as a bound", { to: 0 }, []],
  ["one symbol", { symbols: new Set(["B"]) }, [2, 5]],
  ["several symbols in tape order", { symbols: new Set(["B", "A"]) }, [1, 2, 3, 4, 5, 6]],
  ["nothing of no symbols", { symbols: new Set() }, []],
  ["nothing of an unknown symbol", { symbols: new Set(["X"]) }, []],
  ["a symbol in its letter case", { symbols: new Set(["a"]) }, []],
  ["the newest of a symbol", { symbols: new Set(["A"]), limit: 2 }, [4, 6]],
  ["the first of a symbol with from", { symbols: new Set(["A"]), from: 150, limit: 2 }, [3, 4]],
  ["nothing with a limit of 0", { limit: 0 }, []],
  ["nothing with from and a limit of 0", { from: 0, limit: 0 }, []],
  ["nothing after its head or beyond", { after: 1_000 }, []],
  ["undefined bounds as absent", { symbols: undefined, from: undefined, to: undefined, limit: 1 }, [
    6,
  ]],
];

const bound = (value: fc.Arbitrary<number>) => fc.option(value, { nil: undefined });

/** A query whose seqs may be anywhere among so many ticks. */
export const anyQuery = (symbols: readonly string[], ticks: number): fc.Arbitrary<TickQuery> =>
  fc.record({
    symbols: fc.option(fc.subarray([...symbols]).map((some) => new Set(some)), { nil: undefined }),
    after: bound(fc.nat(ticks)),
    through: bound(fc.nat(ticks)),
    from: bound(anyTick("A").map(({ time }) => time)),
    to: bound(anyTick("A").map(({ time }) => time)),
    limit: fc.oneof(fc.nat(ticks), fc.constant(Infinity)),
  });

/**
 * The suite that every tape passes. `open` makes an empty tape; `settle` is called after each
 * batch, and may move ticks to another place or reopen the tape.
 */
export function tapeContract(
  name: string,
  open: () => TestStore,
  settle: (store: TestStore) => TestStore = (store) => store,
): void {
  /** Runs a function with a tape of these batches. */
  async function withTape(
    batches: readonly (readonly Tick[])[],
    use: (tape: TapeReader, all: TapedTick[]) => void,
  ): Promise<void> {
    let store = open();
    try {
      const all: TapedTick[] = [];
      for (const batch of batches) {
        all.push(...await store.append(batch));
        store = settle(store);
      }
      use(store.tape, all);
    } finally {
      store.close();
    }
  }

  describe(`${name}: order`, () => {
    test(`${name} is empty at first`, () =>
      withTape([], (tape) => {
        assert.deepEqual([tape.head, tape.tail, tape.countFirst({ limit: Infinity }).count], [
          0,
          0,
          0,
        ]);
        assert.deepEqual(readAll(tape, { limit: 10 }), []);
        assert.deepEqual(tape.first({ limit: 10 }).ticks, []);
        assert.deepEqual(tape.last({ from: 0, limit: 10 }).ticks, []);
        assert.equal(tape.before(0), 0);
        assert.equal(tape.countLast({ limit: 5 }).count, 0);
      }));

    test(`${name} has all ticks in the given order, with the seq of the newest as head`, () =>
      withTape([SIX.slice(0, 1), SIX.slice(1, 4), SIX.slice(4)], (tape, all) => {
        assert.deepEqual(all.map(({ seq: _, ...tick }) => tick), SIX);
        assert.deepEqual(readAll(tape, { limit: 10 }), all);
        assert.deepEqual(readAll(tape, { after: 0, limit: 10 }), all);
        assert.deepEqual([tape.head, tape.tail, tape.countFirst({ limit: Infinity }).count], [
          6,
          0,
          6,
        ]);
      }));

    test(`${name} gives equal ticks different seqs`, () => {
      const same = tick({ time: 5, price: 1 });
      return withTape([[same, same], [same]], (tape) => {
        const seqs = readAll(tape, { limit: 10 }).map(({ seq }) => seq);
        assert.deepEqual(seqs, [1, 2, 3]);
      });
    });

    test(`${name} has an epoch that is valid in a position`, () =>
      withTape([SIX], (tape) => {
        const position = parsePosition(formatPosition(tape.epoch, tape.head));
        assert.deepEqual(position, { epoch: tape.epoch, seq: 6 });
      }));
  });

  describe(`${name}: ticks`, () => {
    test(`${name} keeps every number exactly, and null as null`, () => {
      const numbers = [0, -0, 1, -1.5, 0.1 + 0.2, 1e-9, -1e21, 5e-324, 1.7e308, 1 / 3];
      const times = [1_763_700_000_123.4, 1_763_700_000_123.001, 0.25, -86_400_000.5];
      const ticks = [...numbers, ...times].map((number) =>
        tick({ time: number, price: number, size: Math.abs(number), bid: number, ask: number })
      );
      ticks.push(tick({ price: 7 }), tick({ bid: 1 }), tick({ ask: -0 }), tick({ size: 0 }));
      return withTape([ticks, ticks], (tape) => {
        for (const symbols of [undefined, new Set(["A"])]) {
          const kept = readAll(tape, { symbols, limit: 100 }).map(({ seq: _, ...tick }) => tick);
          assert.equal(bits(kept), bits([...ticks, ...ticks]));
        }
      });
    });

    test(`${name} keeps symbols of any allowed kind and length`, () => {
      const symbols = ["a", "A", "BTC/USD", "^GSPC", "EURUSD=X", "x.y_z:1-2", "z".repeat(255)];
      return withTape([symbols.map((symbol) => tick({ symbol }))], (tape) => {
        assert.deepEqual(readAll(tape, { limit: 9 }).map(({ symbol }) => symbol), symbols);
        for (const symbol of symbols) {
          const found = readAll(tape, { symbols: new Set([symbol]), limit: 9 });
          assert.deepEqual(found.map((tick) => tick.symbol), [symbol]);
        }
      });
    });

    test(`${name} does not change when an answer is changed`, () =>
      withTape([SIX], (tape, all) => {
        readAll(tape, { limit: 10 }).reverse().pop();
        tape.first({ limit: 10 }).ticks.length = 0;
        assert.deepEqual(readAll(tape, { limit: 10 }), all);
      }));
  });

  describe(`${name}: reading`, () => {
    for (const [rule, query, expected] of READS) {
      test(`${name} reads ${rule}`, () =>
        withTape([SIX.slice(0, 4), SIX.slice(4)], (tape) => {
          const prices = readAll(tape, { limit: 10, ...query }).map(({ price }) => price);
          assert.deepEqual(prices, expected);
        }));
    }

    test(`${name} read in slices gives every tick once, for any symbols and slices`, () =>
      withTape(Array.from({ length: 20 }, () => SIX), (tape, all) => {
        for (const limit of [1, 7, 120, 121]) {
          for (const symbols of [undefined, new Set(["B"])]) {
            const read: TapedTick[] = [];
            for (let after = 0; after < tape.head;) {
              const { ticks, seq } = tape.first({ symbols, after, limit });
              assert.ok(seq > after && ticks.length <= limit);
              read.push(...ticks);
              after = seq;
            }
            assert.deepEqual(read, filtered(all, { symbols }));
            const back: TapedTick[] = [];
            for (let through = tape.head; through > 0;) {
              const { ticks, seq } = tape.last({ symbols, through, limit });
              assert.ok(seq < through && ticks.length <= limit);
              back.unshift(...ticks);
              through = seq;
            }
            assert.deepEqual(back, read);
          }
        }
      }));

    test(`${name} filters by hundreds of symbols`, () => {
      const names = Array.from({ length: 400 }, (_, index) => `S${index}`);
      const batch = names.map((symbol) => tick({ symbol }));
      return withTape([batch, batch], (tape, all) => {
        for (const count of [1, 16, 17, 200]) {
          const symbols = new Set(names.filter((_, index) => index % 2 === 0).slice(0, count));
          assert.deepEqual(
            readAll(tape, { symbols, after: 0, limit: 9_999 }),
            filtered(all, { symbols }),
          );
        }
      });
    });

    test(`${name} equals a filter over all ticks, for any batches and query`, async () => {
      const batches = fc.array(fc.array(anyTick(...SYMBOLS), { maxLength: 12 }), { maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(
          batches,
          fc.array(anyQuery(SYMBOLS, 40)),
          (batches, queries) =>
            withTape(batches, (tape, all) => {
              for (const query of queries) {
                assert.equal(bits(readAll(tape, query)), bits(naiveRead(all, query)));
                assertSlices(tape, all, query);
              }
              assert.equal(tape.countFirst({ limit: Infinity }).count, all.length);
              for (const { time } of all.slice(0, 3)) {
                const first = all.find((each) => each.time >= time)!;
                assert.ok(tape.before(time) < first.seq);
              }
            }),
        ),
        { numRuns: 15 },
      );
    });
  });
}
