import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import {
  formatPosition,
  parsePosition,
  RECEIPTS_MAX,
  type Tape,
  type TickQuery,
} from "../../src/tape/tape.ts";
import { anyTick, tick } from "../core/ticks.ts";

const SYMBOLS = ["A", "B", "C/D"];

/** What `read` has to give, from all ticks that were ever appended. */
function naiveRead(all: readonly TapedTick[], query: TickQuery): TapedTick[] {
  const { symbols, after, from, to, limit } = query;
  const found = all.filter((tick) =>
    (symbols === undefined || symbols.has(tick.symbol)) &&
    (after === undefined || tick.seq > after) &&
    (from === undefined || tick.time >= from) &&
    (to === undefined || tick.time < to)
  );
  const newest = after === undefined && from === undefined;
  return newest ? found.slice(Math.max(0, found.length - limit)) : found.slice(0, limit);
}

/** Six ticks of two symbols whose event times are not in tape order. */
const SIX: readonly Tick[] = [
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
  ["undefined bounds as absent", { symbols: undefined, from: undefined, to: undefined, limit: 1 }, [
    6,
  ]],
];

const bound = (value: fc.Arbitrary<number>) => fc.option(value, { nil: undefined });

const anyQuery = fc.record({
  symbols: fc.option(fc.subarray(SYMBOLS), { nil: undefined }),
  after: bound(fc.integer({ min: 0, max: 40 })),
  from: bound(anyTick("A").map(({ time }) => time)),
  to: bound(anyTick("A").map(({ time }) => time)),
  limit: fc.nat(40),
});

/**
 * The suite that every engine passes. `open` gives a new, empty tape that keeps at least 10,000
 * ticks; each test closes the tape it opened. Seqs grow, but not necessarily by one.
 */
export function tapeContract(name: string, open: () => Tape | Promise<Tape>): void {
  async function withTape(use: (tape: Tape) => void): Promise<void> {
    const tape = await open();
    try {
      use(tape);
    } finally {
      tape.close();
    }
  }

  describe(`${name}: order`, () => {
    test(`${name} is empty at first`, () =>
      withTape((tape) => {
        assert.equal(tape.head, 0);
        assert.equal(tape.tail, 0);
        assert.deepEqual(tape.read({ limit: 10 }), []);
        assert.deepEqual(tape.read({ after: 0, limit: 10 }), []);
        assert.deepEqual(tape.read({ from: 0, limit: 10 }), []);
      }));

    test(`${name} gives ticks growing seqs and returns them in the order given`, () =>
      withTape((tape) => {
        const taped = [...tape.append(SIX.slice(0, 4)), ...tape.append(SIX.slice(4))];
        assert.deepEqual(taped.map(({ seq: _, ...tick }) => tick), SIX);
        let before = 0;
        for (const { seq } of taped) {
          assert.ok(Number.isSafeInteger(seq) && seq > before);
          before = seq;
        }
      }));

    test(`${name} has the seq of the newest tick as head`, () =>
      withTape((tape) => {
        for (const ticks of [SIX.slice(0, 1), SIX.slice(1, 4), SIX]) {
          assert.equal(tape.append(ticks).at(-1)!.seq, tape.head);
        }
      }));

    test(`${name} reads the same ticks that it returned`, () =>
      withTape((tape) => {
        const taped = tape.append(SIX);
        assert.deepEqual(tape.read({ limit: 10 }), taped);
        assert.deepEqual(tape.read({ after: 0, limit: 10 }), taped);
      }));

    test(`${name} misses nothing after its tail while nothing was dropped`, () =>
      withTape((tape) => {
        const taped = tape.append(SIX);
        assert.ok(tape.tail < taped[0]!.seq);
        assert.deepEqual(tape.read({ after: tape.tail, limit: 10 }), taped);
      }));

    test(`${name} keeps the newest mark of each name with the ticks, or without any`, () =>
      withTape((tape) => {
        assert.equal(tape.mark("a"), undefined);
        tape.append(SIX, { marks: new Map([["a", "1"], ["b c", "x"]]) });
        tape.append(SIX, { marks: new Map([["a", "2"]]) });
        assert.deepEqual([tape.mark("a"), tape.mark("b c"), tape.mark("c")], ["2", "x", undefined]);
        assert.deepEqual(tape.append([], { marks: new Map([["c", "3"]]) }), []);
        assert.equal(tape.mark("c"), "3");
        tape.append(SIX);
        assert.equal(tape.mark("a"), "2");
      }));

    test(`${name} adds nothing for an empty batch`, () =>
      withTape((tape) => {
        assert.deepEqual(tape.append([]), []);
        assert.deepEqual([tape.head, tape.tail], [0, 0]);
        const taped = tape.append(SIX);
        const { head, tail } = tape;
        assert.deepEqual(tape.append([]), []);
        assert.deepEqual([tape.head, tape.tail], [head, tail]);
        assert.deepEqual(tape.read({ limit: 10 }), taped);
      }));

    test(`${name} keeps its epoch, which fits into a position`, () =>
      withTape((tape) => {
        const { epoch } = tape;
        tape.append(SIX);
        assert.equal(tape.epoch, epoch);
        const position = parsePosition(formatPosition(epoch, tape.head));
        assert.deepEqual(position, { epoch, seq: tape.head });
      }));

    test(`${name} gives equal ticks a place each`, () =>
      withTape((tape) => {
        const same = tick({ time: 5, price: 1 });
        tape.append([same, same]);
        tape.append([same]);
        const seqs = tape.read({ limit: 10 }).map(({ seq }) => seq);
        assert.equal(new Set(seqs).size, 3);
      }));

    test(`${name} takes a large batch whole`, () =>
      withTape((tape) => {
        const ticks = Array.from({ length: 5_000 }, (_, index) => tick({ time: index }));
        const taped = tape.append(ticks);
        assert.equal(taped.length, 5_000);
        assert.deepEqual(tape.read({ limit: 10_000 }), taped);
      }));
  });

  describe(`${name}: ticks`, () => {
    test(`${name} keeps every number exactly and null as null`, () =>
      withTape((tape) => {
        const numbers = [0, 1, -1.5, 0.1 + 0.2, 1e-9, -1e21, 5e-324, Number.MAX_VALUE, 1 / 3];
        const ticks = numbers.map((number) =>
          tick({ price: number, size: Math.abs(number), bid: number, ask: number })
        );
        ticks.push(tick({ price: 7 }), tick({ bid: 1 }), tick({ ask: 1 }), tick({ size: 0 }));
        tape.append(ticks);
        const kept = tape.read({ limit: 100 }).map(({ seq: _, ...tick }) => tick);
        assert.deepEqual(kept, ticks);
      }));

    test(`${name} keeps the fraction of event times and times before the epoch`, () =>
      withTape((tape) => {
        const times = [1_763_700_000_123.4, 1_763_700_000_123.001, 0.25, -86_400_000.5];
        tape.append(times.map((time) => tick({ time })));
        assert.deepEqual(tape.read({ limit: 9 }).map(({ time }) => time), times);
      }));

    test(`${name} keeps symbols of any allowed kind and length`, () =>
      withTape((tape) => {
        const symbols = ["a", "A", "BTC/USD", "^GSPC", "EURUSD=X", "x.y_z:1-2", "z".repeat(255)];
        tape.append(symbols.map((symbol) => tick({ symbol })));
        assert.deepEqual(tape.read({ limit: 9 }).map(({ symbol }) => symbol), symbols);
        for (const symbol of symbols) {
          const found = tape.read({ symbols: new Set([symbol]), limit: 9 });
          assert.deepEqual(found.map((tick) => tick.symbol), [symbol]);
        }
      }));

    test(`${name} logs only what a tick has`, () =>
      withTape((tape) => {
        const more = { ...tick(), seq: 999, note: "more" };
        const [taped] = tape.append([more]);
        assert.deepEqual(taped, { ...tick(), seq: tape.head });
        assert.notEqual(tape.head, 999);
        assert.deepEqual(tape.read({ limit: 1 }), [taped]);
      }));

    test(`${name} is not changed by what becomes of the ticks given`, () =>
      withTape((tape) => {
        const given = { ...tick({ price: 1 }) };
        const batch = [given];
        tape.append(batch);
        Object.assign(given, { price: 2 });
        batch.length = 0;
        assert.deepEqual(tape.read({ limit: 9 }).map(({ price }) => price), [1]);
      }));

    test(`${name} is not changed by what becomes of an answer`, () =>
      withTape((tape) => {
        const taped = tape.append(SIX);
        tape.read({ limit: 10 }).reverse().pop();
        assert.deepEqual(tape.read({ limit: 10 }), taped);
      }));
  });

  describe(`${name}: reading`, () => {
    for (const [rule, query, expected] of READS) {
      test(`${name} reads ${rule}`, () =>
        withTape((tape) => {
          tape.append(SIX);
          const prices = tape.read({ limit: 10, ...query }).map(({ price }) => price);
          assert.deepEqual(prices, expected);
        }));
    }

    test(`${name} reads after a seq, which is not included`, () =>
      withTape((tape) => {
        const seqs = tape.append(SIX).map(({ seq }) => seq);
        const prices = (query: TickQuery) => tape.read(query).map(({ price }) => price);
        assert.deepEqual(prices({ after: seqs[1]!, limit: 10 }), [3, 4, 5, 6]);
        assert.deepEqual(prices({ after: seqs[1]!, limit: 2 }), [3, 4]);
        assert.deepEqual(prices({ after: seqs[1]!, to: 300, limit: 2 }), [3, 4]);
        assert.deepEqual(prices({ after: seqs[1]!, from: 300, limit: 10 }), [6]);
        assert.deepEqual(prices({ after: seqs[2]!, from: 100, to: 400, limit: 10 }), [4]);
        const symbols = new Set(["B"]);
        assert.deepEqual(prices({ after: seqs[1]!, symbols, limit: 10 }), [5]);
        assert.deepEqual(prices({ after: seqs[1]!, limit: 0 }), []);
      }));

    test(`${name} reads nothing after its head or beyond`, () =>
      withTape((tape) => {
        tape.append(SIX);
        assert.deepEqual(tape.read({ after: tape.head, limit: 10 }), []);
        assert.deepEqual(tape.read({ after: tape.head + 1_000, limit: 10 }), []);
      }));

    test(`${name} reads what was appended after the last answer`, () =>
      withTape((tape) => {
        tape.append(SIX);
        const { head } = tape;
        const taped = tape.append(SIX.slice(0, 2));
        assert.deepEqual(tape.read({ after: head, limit: 10 }), taped);
      }));

    test(`${name} read in slices gives every tick once, for any symbols and slice`, () =>
      withTape((tape) => {
        const all = tape.append(Array.from({ length: 20 }, () => SIX).flat());
        for (const limit of [1, 7, 120, 121]) {
          for (const symbols of [undefined, new Set(["B"])]) {
            const read: TapedTick[] = [];
            for (let after = 0;;) {
              const slice = tape.read({ symbols, after, limit });
              if (slice.length === 0) break;
              assert.ok(slice.length <= limit);
              read.push(...slice);
              after = slice.at(-1)!.seq;
            }
            assert.deepEqual(read, naiveRead(all, { symbols, limit: Infinity }));
          }
        }
      }));

    test(`${name} equals a filter over all ticks, for any batches and query`, async () => {
      const batches = fc.array(fc.array(anyTick(...SYMBOLS), { maxLength: 12 }), { maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(batches, fc.array(anyQuery), (batches, queries) =>
          withTape((tape) => {
            const all = batches.flatMap((ticks) => tape.append(ticks));
            for (const { symbols, ...query } of queries) {
              const set = symbols && new Set(symbols);
              const expected = naiveRead(all, { ...query, symbols: set });
              assert.deepEqual(tape.read({ ...query, symbols: set }), expected);
            }
          })),
        { numRuns: 50 },
      );
    });
  });
  describe(`${name}: receipts`, () => {
    const keyed = (key: string, accepted: number, end: number, time = 5) => ({
      key,
      accepted,
      end,
      time,
    });

    test(`${name} keeps the receipt of a key with the seq of its last tick`, () =>
      withTape((tape) => {
        const first = tape.append(SIX, { keyed: [keyed("a", 2, 2), keyed("b \u{1F600}", 1, 4)] });
        const [seventh] = tape.append([tick()], { keyed: [keyed("c", 1, 1, 9.5)] });
        assert.deepEqual(tape.receipt("a"), { key: "a", accepted: 2, seq: first[1]!.seq, time: 5 });
        assert.equal(tape.receipt("b \u{1F600}")!.seq, first[3]!.seq);
        assert.deepEqual(tape.receipt("c"), {
          key: "c",
          accepted: 1,
          seq: seventh!.seq,
          time: 9.5,
        });
        for (const key of ["A", "", "b"]) assert.equal(tape.receipt(key), undefined);
      }));

    test(`${name} keeps the receipt of a request without ticks, and adds none`, () =>
      withTape((tape) => {
        assert.deepEqual(tape.append([], { keyed: [keyed("a", 0, 0)] }), []);
        assert.deepEqual(tape.receipt("a"), { key: "a", accepted: 0, seq: 0, time: 5 });
        tape.append(SIX);
        tape.append([], { keyed: [keyed("b", 0, 0)] });
        assert.equal(tape.receipt("b")!.seq, tape.head);
        assert.equal(tape.read({ limit: 9 }).length, 6);
      }));

    test(`${name} has the newest receipt of a key that is used again`, () =>
      withTape((tape) => {
        tape.append(SIX, { keyed: [keyed("a", 6, 6, 1)] });
        tape.append(SIX.slice(0, 1), { keyed: [keyed("a", 1, 1, 2)] });
        assert.deepEqual(tape.receipt("a"), { key: "a", accepted: 1, seq: tape.head, time: 2 });
      }));

    test(`${name} keeps ${RECEIPTS_MAX} receipts and then forgets the oldest for one more`, () =>
      withTape((tape) => {
        const many = Array.from({ length: RECEIPTS_MAX }, (_, n) => keyed(`k${n}`, 0, 0));
        tape.append([], { keyed: many });
        tape.append([], { keyed: [keyed("k0", 0, 0, 6)] });
        assert.equal(tape.receipt("k1")!.time, 5);
        tape.append([], { keyed: [keyed("one more", 0, 0)] });
        tape.append([], { keyed: [keyed("two more", 0, 0)] });
        const kept = ["k0", "k1", "k2", "k3", "one more"].map((key) => tape.receipt(key)?.time);
        // A file may count the place of a receipt that was replaced.
        assert.deepEqual([kept[0], kept[1], kept[3], kept[4]], [6, undefined, 5, 5]);
      }));
  });
}
