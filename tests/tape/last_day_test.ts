import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Market } from "../../src/core/market.ts";
import { LastDay, type Span } from "../../src/tape/last_day.ts";
import type { Archive } from "../../src/tape/tape.ts";

const MINUTE = 60_000, DAY = 86_400_000;
/** 2025-11-21 04:47:00 UTC. */
const START = 1_763_700_420_000;

/** A market with few bars, and another with all bars. */
class Both {
  readonly market = new Market({ barsKept: 120 });
  readonly #all = new Market({ barsKept: 10_000 });
  readonly lastDay: LastDay;
  #seq = 0;

  constructor() {
    const bars: Archive["bars"] = (...args) => this.#all.bars(...args);
    this.lastDay = new LastDay(this.market, { bars } as Archive);
  }

  tick(time: number, price: number, size: number | null): void {
    const tick = { seq: ++this.#seq, symbol: "A", time, price, size, bid: null, ask: null };
    this.market.apply(tick);
    this.#all.apply(tick);
  }

  /** The sum of the minutes of the last day, one by one. */
  naive(now: number): Span | undefined {
    const minute = Math.floor(now / MINUTE) * MINUTE;
    const bars = this.#all.bars("A", "1m", { from: minute - DAY + MINUTE, limit: 10_000 });
    if (bars.length === 0) return undefined;
    const total = (of: (bar: Span) => number | null) =>
      bars.reduce((sum, bar) => sum + (of(bar) ?? NaN), 0);
    const volume = total((bar) => bar.volume), count = total((bar) => bar.count);
    return {
      open: bars[0]!.open,
      high: Math.max(...bars.map(({ high }) => high)),
      low: Math.min(...bars.map(({ low }) => low)),
      close: bars.at(-1)!.close,
      volume,
      count,
      vwap: volume > 0
        ? total((bar) => bar.vwap! * bar.volume!) / volume
        : total((bar) => bar.vwap! * bar.count) / count,
    };
  }
}

function assertEqual(found: Span | undefined, expected: Span | undefined): void {
  if (expected === undefined) return assert.equal(found, undefined);
  assert.ok(found);
  for (const name of ["open", "high", "low", "close", "count"] as const) {
    assert.equal(found[name], expected[name], name);
  }
  for (const name of ["volume", "vwap"] as const) {
    const wanted: number = expected[name]!;
    assert.ok(Math.abs(found[name]! - wanted) <= 1e-9 * Math.abs(wanted), name);
  }
}

describe("LastDay", () => {
  it("has nothing for a symbol without ticks in the last day", () => {
    const both = new Both();
    assert.equal(both.lastDay.of("A", START), undefined);
    both.tick(START, 5, 1);
    assert.equal(both.lastDay.of("A", START)?.volume, 1);
    assert.equal(both.lastDay.of("A", START + DAY - MINUTE)?.volume, 1);
    assert.equal(both.lastDay.of("A", START + DAY), undefined);
  });

  it("has null for infinite values, in one part or in the sum", () => {
    const both = new Both();
    const figures = (now: number) => {
      const { volume, vwap } = both.lastDay.of("A", now)!;
      return [volume, vwap];
    };
    // Prices without sizes have no weight beside sized ones, even if the mean of those is unknown.
    both.tick(START, 1e308, null);
    both.tick(START, 1e308, null);
    assert.deepEqual(figures(START), [0, null]);
    both.tick(START + 3_600_000, 2, 4);
    assert.deepEqual(figures(START + 3_600_000), [4, 2]);
    both.tick(START + 7_200_000, 2, 1e308);
    both.tick(START + 10_800_000, 2, 1e308);
    assert.deepEqual(figures(START + 10_800_000), [null, null]);
    both.tick(START + 7_200_000, 2, 1e308);
    assert.deepEqual(figures(START + 10_800_000), [null, null]);
    const next = START + DAY + 9_000_000;
    both.tick(next, 3, 1);
    assert.deepEqual(figures(next), [1e308, null]);
  });

  it("equals the sum of the last 1,440 minutes for any ticks, late or not", () => {
    const tick = fc.record({
      after: fc.nat(3 * 3_600_000),
      late: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(2 * DAY)),
      price: fc.integer({ min: 1, max: 100 }),
      size: fc.option(fc.integer({ min: 1, max: 9 })),
      idle: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(DAY)),
    });
    fc.assert(
      fc.property(fc.array(tick, { minLength: 1, maxLength: 60 }), (ticks) => {
        const both = new Both();
        let now = START;
        for (const { after, late, price, size, idle } of ticks) {
          now += after;
          both.tick(now - late, price, size);
          now += idle;
          assertEqual(both.lastDay.of("A", now), both.naive(now));
        }
      }),
    );
  });
});
