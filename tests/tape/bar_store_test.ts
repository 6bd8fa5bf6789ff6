import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  barOf,
  type BarRange,
  type BarRecord,
  goneNumbers,
  reviseRecord,
} from "../../src/core/bar.ts";
import { type Interval, lengthOf, startOf } from "../../src/core/interval.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import { migrate } from "../../src/store/schema.ts";
import { TextTable } from "../../src/store/text_table.ts";
import { BarStore } from "../../src/tape/bar_store.ts";
import { Corrections } from "../../src/tape/corrections.ts";
import { SymbolTable } from "../../src/tape/symbol_table.ts";
import { bits, next } from "../core/ticks.ts";

const NONE = { bars: [], late: [] };

/** A store, and a map with the same records. */
class TestBars {
  readonly db = new DatabaseSync(":memory:");
  symbols: SymbolTable;
  store: BarStore;
  readonly all = new Map<string, BarRecord>();

  constructor() {
    migrate(this.db);
    this.symbols = new SymbolTable(this.db);
    this.store = this.#open();
  }

  #open(): BarStore {
    const meta = new TextTable(this.db, "meta");
    const corrections = new Corrections(this.db, meta, this.symbols);
    return new BarStore(this.db, this.symbols, 1_500, corrections);
  }

  record(symbol: string, interval: Interval, tick: TapedTick): BarRecord {
    return { symbol, interval, numbers: reviseRecord(interval, undefined, tick) };
  }

  keep(records: readonly BarRecord[], seq = 1): void {
    this.store.keep(records, seq);
    for (const each of records) {
      const copy = { ...each, numbers: each.numbers.slice() };
      this.all.set(keyOf(each.symbol, each.interval, each.numbers[0]!), copy);
    }
  }

  /** Marks bars as gone. */
  remove(bars: readonly { symbol: string; interval: Interval; time: number }[]): void {
    this.store.keep(
      bars.map(({ symbol, interval, time }) => {
        const start = startOf(interval, time);
        this.all.delete(keyOf(symbol, interval, start));
        return { symbol, interval, numbers: goneNumbers(start, 1) };
      }),
      1,
    );
  }

  late(interval: Interval, tick: TapedTick): void {
    const key = keyOf(tick.symbol, interval, startOf(interval, tick.time));
    const known = this.all.get(key)?.numbers;
    this.store.hold({ ...NONE, late: [{ interval, tick }] }, tick.seq);
    const numbers = reviseRecord(interval, known, tick);
    this.all.set(key, { symbol: tick.symbol, interval, numbers });
  }

  /** Stores some of them. @returns the rest */
  save(max: number, fails = false): number | undefined {
    this.db.exec("BEGIN");
    const stored = this.store.store(max);
    if (fails) {
      this.db.exec("ROLLBACK");
      return undefined;
    }
    const done = this.symbols.store();
    this.db.exec("COMMIT");
    done();
    stored.done();
    return stored.left;
  }

  /** Ends the process and starts another. */
  reopen(): void {
    this.symbols = new SymbolTable(this.db);
    this.store = this.#open();
  }

  check(symbol: string, interval: Interval, range: BarRange): void {
    const { from = -Infinity, to = Infinity, limit } = range;
    const found = [...this.all.values()]
      .filter((each) => each.symbol === symbol && each.interval === interval)
      .sort((a, b) => a.numbers[0]! - b.numbers[0]!)
      .map(({ numbers }) => barOf(symbol, interval, numbers))
      .filter(({ time }) => time >= from && time < to);
    const expected = range.from === undefined
      ? found.slice(Math.max(0, found.length - limit))
      : found.slice(0, limit);
    assert.equal(bits(this.store.range(symbol, interval, range)), bits(expected));
  }
}

function keyOf(symbol: string, interval: Interval, time: number): string {
  return `${symbol} ${interval} ${time}`;
}

const SYMBOLS = ["A", "B"];
const SPANS: Interval[] = ["1s", "1m"];
const anyPlace = fc.record({
  symbol: fc.constantFrom(...SYMBOLS),
  interval: fc.constantFrom(...SPANS),
  time: fc.nat(40).map((second) => second * 500),
  price: fc.nat(20),
});
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ keep: fc.array(anyPlace, { maxLength: 8 }) }) },
  { weight: 4, arbitrary: fc.record({ late: anyPlace }) },
  { weight: 2, arbitrary: fc.record({ gone: fc.array(anyPlace, { maxLength: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ save: fc.nat(6), fails: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant("read" as const) },
  { weight: 1, arbitrary: fc.constant("reopen" as const) },
);
const anyRange: fc.Arbitrary<BarRange> = fc.record({
  from: fc.option(fc.nat(22_000), { nil: undefined }),
  to: fc.option(fc.nat(22_000), { nil: undefined }),
  limit: fc.nat(12),
});

describe("BarStore", () => {
  test("BarStore equals a map of records, for any order of keeping, storing, reading and failing", () => {
    const steps = fc.array(anyStep, { maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.array(anyRange, { maxLength: 4 }), (steps, ranges) => {
        const bars = new TestBars();
        const checkAll = () => {
          for (const symbol of SYMBOLS) {
            for (const interval of SPANS) {
              for (const range of [{ limit: 1e9 }, ...ranges]) bars.check(symbol, interval, range);
            }
          }
        };
        for (const step of steps) {
          if (step === "read") checkAll();
          else if (step === "reopen") {
            for (let saves = 0; bars.store.freshCount > 0; saves++) {
              assert.ok(saves < 999);
              bars.save(3);
            }
            bars.reopen();
          } else if ("keep" in step) {
            bars.keep(
              step.keep.map(({ symbol, interval, ...rest }) =>
                bars.record(symbol, interval, next({ ...rest, symbol }))
              ),
            );
          } else if ("gone" in step) bars.remove(step.gone);
          else if ("late" in step) {
            const { interval, ...rest } = step.late;
            bars.late(interval, next(rest));
          } else bars.save(step.save, step.fails);
        }
        checkAll();
        bars.db.close();
      }),
      { numRuns: 100 },
    );
  });

  test("BarStore stores the bars of a series by time, for any order of arrival", () => {
    const bars = new TestBars();
    const times = [7, 3, 9, 1, 5].map((second) => second * 1_000);
    bars.keep(times.map((time) => bars.record("A", "1s", next({ time }))));
    bars.store.range("A", "1s", { limit: 9 });
    bars.keep([bars.record("A", "1s", next({ time: 2_000 }))]);
    const stored: unknown[] = [];
    for (let save = 0; save < 6; save++) {
      bars.save(1);
      stored.push(bars.db.prepare("SELECT max(time) AS time FROM bar").get()!["time"]);
      bars.check("A", "1s", { limit: 9 });
    }
    assert.deepEqual(stored, [1_000, 2_000, 3_000, 5_000, 7_000, 9_000]);
  });

  test("BarStore finds as many bars as asked before one that is gone", () => {
    const bars = new TestBars();
    const placesOf = (...seconds: number[]) =>
      seconds.map((second) => ({ symbol: "A", interval: "1s" as const, time: second * 1_000 }));
    const keep = (...seconds: number[]) =>
      bars.keep(placesOf(...seconds).map((place) => bars.record("A", "1s", next(place))));
    keep(1, 2);
    bars.save(2);
    keep(3, 4, 5);
    bars.save(0);
    bars.remove(placesOf(5));
    bars.check("A", "1s", { limit: 2 });
    bars.check("A", "1s", { from: 1, limit: 9 });
    keep(6);
    bars.remove(placesOf(3));
    bars.check("A", "1s", { from: 3_000, limit: 2 });
  });

  test("BarStore has the seq from which on some records are only in memory", () => {
    const bars = new TestBars();
    const records = (symbol: string, count: number) =>
      Array.from(
        { length: count },
        (_, second) => bars.record(symbol, "1s", next({ time: second * 1_000 })),
      );
    assert.equal(bars.save(10), undefined);
    bars.keep(records("A", 5), 7);
    assert.equal(bars.store.freshCount, 5);
    assert.equal(bars.save(3), 7);
    bars.keep(records("B", 2), 9);
    assert.equal(bars.store.freshCount, 4);
    // Records that came during a save wait for it.
    assert.equal(bars.save(3), 9);
    assert.equal(bars.store.freshCount, 2);
    assert.equal(bars.save(3), undefined);
    bars.keep(records("A", 1), 20);
    assert.equal(bars.save(3, true), undefined);
    assert.equal(bars.store.freshCount, 1);
    assert.equal(bars.save(0), 20);
    assert.equal(bars.save(1), undefined);
  });

  test("BarStore reads in order after a partial save of unordered records", () => {
    const bars = new TestBars();
    const times = Array.from({ length: 50 }, (_, index) => ((index * 37) % 50) * 1_000);
    bars.keep(times.map((time) => bars.record("A", "1s", next({ time }))));
    for (let save = 0; save < 10; save++) {
      bars.check("A", "1s", { limit: 1e9 });
      bars.check("A", "1s", { from: 20_000, to: 40_000, limit: 7 });
      bars.save(6);
    }
  });

  test("BarStore adds a late tick to a bar that is stored, being stored, or neither", () => {
    const bars = new TestBars();
    for (const stored of [0, 1, 2]) {
      const symbol = `S${stored}`;
      bars.keep([bars.record(symbol, "1m", next({ symbol, price: 1 }))]);
      if (stored > 0) bars.save(stored === 1 ? 0 : 9);
      bars.late("1m", next({ symbol, price: 5, time: 3_000 }));
      bars.late("1m", next({ symbol, price: 3, time: 4_000 }));
      bars.check(symbol, "1m", { limit: 9 });
      const [{ high, close, count, revised }] = bars.store.range(symbol, "1m", { limit: 9 }) as [
        ReturnType<typeof barOf>,
      ];
      assert.deepEqual([high, close, count, revised], [5, 3, 3, true]);
      // A repeated tick counts once.
      const again = next({ symbol, price: 9, time: 5_000 });
      bars.late("1m", again);
      bars.store.hold({ ...NONE, late: [{ interval: "1m", tick: again }] }, again.seq);
      bars.check(symbol, "1m", { limit: 9 });
    }
  });

  test("BarStore reads months of minutes without ticks", () => {
    const bars = new TestBars();
    const minute = lengthOf("1m");
    const count = 50_000;
    bars.db.exec("BEGIN");
    bars.keep(
      Array.from(
        { length: count },
        (_, index) => bars.record("A", "1m", next({ time: index * minute, price: index })),
      ),
    );
    bars.db.exec("COMMIT");
    bars.save(count);
    assert.equal(bars.store.freshCount, 0);
    const found = bars.store.range("A", "1m", { from: 0, limit: 1e9 });
    assert.equal(found.length, count);
    assert.ok(found.every(({ time, open }, index) => time === index * minute && open === index));
    assert.deepEqual(bars.store.range("A", "1m", { limit: 2 }), found.slice(-2));
    const range = { from: 10 * minute, to: 20 * minute, limit: 5 };
    assert.deepEqual(bars.store.range("A", "1m", range), found.slice(10, 15));
  });

  test("BarStore has no bars of a symbol without ticks, and does not create it", () => {
    const bars = new TestBars();
    assert.deepEqual(bars.store.range("NONE", "1m", { limit: 9 }), []);
    assert.equal(bars.symbols.size, 0);
  });
});
