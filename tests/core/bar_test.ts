import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Bar, fillPrevious } from "../../src/core/bar.ts";
import { BarSeries } from "../../src/core/bar_series.ts";
import { INTERVALS, startOf } from "../../src/core/interval.ts";
import type { Tick } from "../../src/core/tick.ts";
import { naiveBars } from "./naive.ts";
import { anyTick, bits, next, quarters, tick } from "./ticks.ts";

const KEEP_ALL = 1_000;

/** Bars of seconds, from ticks written as `[time, price, size?]`. */
function seconds(ticks: [number, number, (number | null)?][], depth = KEEP_ALL): BarSeries {
  const series = new BarSeries("A", "1s", depth);
  for (const [time, price, size = null] of ticks) series.apply(next({ time, price, size }));
  return series;
}

/** One tick in each second from `first` to `last`; the price is the second. */
function everySecond(first: number, last: number, depth: number): BarSeries {
  const series = new BarSeries("A", "1s", depth);
  for (let second = first; second <= last; second++) {
    series.apply(next({ time: second * 1_000, price: second }));
  }
  return series;
}

function all(series: BarSeries): Bar[] {
  return series.range({ limit: Infinity });
}

function startsOf(bars: readonly Bar[]): number[] {
  return bars.map(({ time }) => time);
}

function flags(series: BarSeries): string[] {
  return all(series).map(({ time, closed, revised }) =>
    `${time}${closed ? " closed" : ""}${revised ? " revised" : ""}`
  );
}

describe("BarSeries: figures", () => {
  test("BarSeries is empty before the first tick", () => {
    const series = seconds([]);
    assert.equal(all(series).length, 0);
    assert.equal(series.newestTime, undefined);
    assert.equal(series.forming, false);
    assert.equal(series.close(), undefined);
    assert.equal(series.at(0), undefined);
    assert.equal(series.newest(), undefined);
    assert.deepEqual(all(series), []);
  });

  test("BarSeries makes a bar of one tick", () => {
    const series = seconds([[1_763_700_000_123.5, 150.25, 4]]);
    assert.deepEqual(series.newest(), {
      symbol: "A",
      interval: "1s",
      time: 1_763_700_000_000,
      open: 150.25,
      high: 150.25,
      low: 150.25,
      close: 150.25,
      volume: 4,
      vwap: 150.25,
      count: 1,
      closed: false,
      revised: false,
    });
  });

  test("BarSeries puts the first moment of an interval into it, and its end into the next", () => {
    const series = seconds([[1_000, 1], [1_999.75, 2], [2_000, 3]]);
    assert.deepEqual(all(series).map(({ time, count }) => [time, count]), [[1_000, 2], [2_000, 1]]);
  });

  test("BarSeries opens and closes a bar by event time", () => {
    const { open, close } = seconds([[500, 5], [100, 1], [900, 9], [300, 3]]).newest()!;
    assert.deepEqual([open, close], [1, 9]);
  });

  test("BarSeries opens with the first and closes with the last of ticks with equal times", () => {
    const { open, close } = seconds([[500, 1], [500, 2], [500, 3]]).newest()!;
    assert.deepEqual([open, close], [1, 3]);
  });

  test("BarSeries weighs prices by size, and null sizes do not count", () => {
    const { volume, vwap, count } = seconds([[0, 10, 1], [1, 20, 3], [2, 900], [3, 500, 0]])
      .newest()!;
    assert.deepEqual([volume, vwap, count], [4, 17.5, 4]);
  });

  test("BarSeries has the plain mean as vwap if no tick has a size", () => {
    assert.deepEqual(seconds([[0, 1], [1, 2], [2, 6]]).newest()?.vwap, 3);
    assert.deepEqual(seconds([[0, 1, 0], [1, 2], [2, 6, 0]]).newest()?.vwap, 3);
    assert.equal(seconds([[0, 1]]).newest()?.volume, 0);
  });

  test("BarSeries with an infinite sum or mean has null for the rest of the bar", () => {
    const volume = seconds([[0, 2, 1e308], [1, 3, 1e308], [2, 4, 1], [1_000, 5, 2]]);
    assert.deepEqual(all(volume).map(({ volume, vwap }) => [volume, vwap]), [[null, null], [2, 5]]);
    // A price of 0 adds no weight, but the divisor is unknown.
    const free = seconds([[0, 0, 1e308], [1, 0, 1e308]]).newest()!;
    assert.deepEqual([free.volume, free.vwap], [null, null]);
    const mean = seconds([[0, 1e308], [1, 1e308], [2, -1e308]]).newest()!;
    assert.deepEqual([mean.volume, mean.vwap, mean.high], [0, null, 1e308]);
    const worth = seconds([[0, 1e200, 1e200], [1, -1e200, 1e200]]).newest()!;
    assert.deepEqual([worth.volume, worth.vwap], [2e200, null]);
  });

  test("BarSeries restored from a record with infinite sums gives the same results", () => {
    const series = seconds([[0, 1e200, 1e200], [1, -1e200, 1e200], [2, 1, 1.5e308]]);
    const [record] = series.takeChanges(10);
    const copy = new BarSeries("A", "1s", KEEP_ALL);
    copy.restore([new Float64Array(new Uint8Array(record!.numbers.buffer.slice(0)).buffer)]);
    for (const each of [series, copy]) each.apply(next({ time: 3, price: 2, size: 1e308 }));
    assert.deepEqual(all(copy), all(series));
    assert.equal(copy.newest()!.volume, null);
  });

  test("BarSeries accepts negative and zero prices", () => {
    const { open, high, low, close, vwap } = seconds([[0, -3, 1], [1, 0, 1], [2, -9, 2]]).newest()!;
    assert.deepEqual([open, high, low, close, vwap], [-3, 0, -9, -9, -5.25]);
  });

  test("BarSeries reports whether a tick found its bar, which may have been dropped", () => {
    const series = everySecond(1, 10, 2);
    const found = [10_500, 11_000, 10_999, 1_000].map((time) => series.apply(next({ time })));
    assert.deepEqual(found, [true, true, true, false]);
  });

  test("BarSeries equals a naive aggregation for every interval and order of arrival", () => {
    fc.assert(
      fc.property(fc.array(anyTick("A"), { minLength: 1, maxLength: 60 }), (ticks) => {
        for (const interval of INTERVALS) {
          const series = new BarSeries("A", interval, KEEP_ALL);
          for (const tick of ticks) series.apply(next(tick));
          assert.deepEqual(all(series), naiveBars(interval, ticks));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("BarSeries: closed and revised", () => {
  test("BarSeries closes a bar when a tick of a later interval comes", () => {
    const series = seconds([[0, 1]]);
    assert.equal(series.forming, true);
    assert.deepEqual(flags(series), ["0"]);
    series.apply(next({ time: 3_000 }));
    assert.deepEqual(flags(series), ["0 closed", "3000"]);
    assert.equal(series.newestTime, 3_000);
  });

  test("BarSeries puts a late tick into its true bar and marks that bar revised", () => {
    const series = seconds([[0, 1], [1_000, 2], [2_000, 3], [1_500, 9]]);
    assert.deepEqual(flags(series), ["0 closed", "1000 closed revised", "2000"]);
    assert.deepEqual(all(series).map(({ close }) => close), [1, 9, 3]);
  });

  test("BarSeries makes a bar for a late tick without one", () => {
    const series = seconds([[2_000, 3], [5_000, 6], [3_500, 4], [500, 1]]);
    assert.deepEqual(flags(series), [
      "0 closed revised",
      "2000 closed",
      "3000 closed revised",
      "5000",
    ]);
  });

  test("BarSeries does not mark a forming bar revised when its ticks are out of order", () => {
    assert.deepEqual(flags(seconds([[900, 1], [100, 2]])), ["0"]);
  });

  test("BarSeries closes the newest bar once and revises it after another tick", () => {
    const series = seconds([[0, 1], [1_000, 2]]);
    assert.equal(series.close(), 1_000);
    assert.equal(series.close(), undefined);
    assert.equal(series.forming, false);
    assert.deepEqual(flags(series), ["0 closed", "1000 closed"]);
    series.apply(next({ time: 1_999, price: 7 }));
    assert.deepEqual(flags(series), ["0 closed", "1000 closed revised"]);
    assert.equal(series.newest()?.close, 7);
    assert.equal(series.close(), undefined);
  });

  test("BarSeries keeps a revised bar revised when the next one begins", () => {
    const series = seconds([[0, 1]]);
    series.close();
    series.apply(next({ time: 1 }));
    series.apply(next({ time: 1_000 }));
    assert.deepEqual(flags(series), ["0 closed revised", "1000"]);
  });
});

describe("BarSeries: depth", () => {
  test("BarSeries grows from empty to twice its depth", () => {
    for (const depth of [1, 2, 3, 5, 8, 50]) {
      const series = everySecond(1, 2 * depth, depth);
      assert.deepEqual(all(series).map(({ close }) => close), [
        ...Array.from({ length: 2 * depth }, (_, index) => index + 1),
      ]);
    }
  });

  test("BarSeries drops the oldest bars, keeps at least its depth and has a limit", () => {
    for (const depth of [1, 2, 3, 5, 8, 50]) {
      const series = new BarSeries("A", "1s", depth);
      for (let second = 1; second <= 10 * depth + 7; second++) {
        series.apply(next({ time: second * 1_000, price: second }));
        assert.ok(all(series).length >= Math.min(second, depth));
        assert.ok(all(series).length <= Math.max(4, 2 * depth));
        const prices = all(series).map(({ close }) => close);
        assert.deepEqual(prices, prices.map((_, index) => second - prices.length + 1 + index));
      }
    }
  });

  test("BarSeries that has dropped bars ignores a tick older than all its bars", () => {
    const series = everySecond(1, 50, 4);
    const oldest = all(series)[0]!.time;
    const before = bits(all(series));
    for (const time of [oldest - 0.25, oldest - 1_000, 1_000, 0, -5_000]) {
      series.apply(next({ time, price: 999, size: 999 }));
      assert.equal(bits(all(series)), before);
    }
    series.apply(next({ time: oldest, price: 999 }));
    assert.deepEqual([all(series)[0]?.close, all(series)[0]?.revised], [999, true]);
  });

  test("BarSeries that has dropped no bars accepts a tick older than all its bars", () => {
    const series = everySecond(5, 8, 4);
    series.apply(next({ time: 1_000 }));
    assert.deepEqual(startsOf(all(series)), [1_000, 5_000, 6_000, 7_000, 8_000]);
  });

  test("BarSeries keeps the newest bars complete, for any depth and order of arrival", () => {
    const ticks = fc.array(
      fc.record({ time: quarters(0, 30), price: quarters(-9, 9), size: quarters(0, 5) }),
      { minLength: 1, maxLength: 120 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), ticks, (depth, records) => {
        const series = new BarSeries("A", "1s", depth);
        const applied: Tick[] = [];
        for (const { time, price, size } of records) {
          applied.push(tick({ time: time * 1_000, price, size }));
          series.apply(next(applied.at(-1)));
        }
        const expected = naiveBars("1s", applied);
        assert.ok(all(series).length >= Math.min(expected.length, depth));
        assert.ok(all(series).length <= Math.max(4, 2 * depth));
        assert.deepEqual(all(series), expected.slice(-all(series).length));
      }),
      { numRuns: 500 },
    );
  });
});

describe("BarSeries: reading", () => {
  const gaps = () => seconds([[1_000, 1], [2_000, 2], [4_000, 4], [5_000, 5], [9_000, 9]]);

  test("BarSeries finds a bar by its start only", () => {
    assert.equal(gaps().at(4_000)?.close, 4);
    for (const time of [0, 3_000, 4_001, 3_999, 10_000]) assert.equal(gaps().at(time), undefined);
  });

  test("BarSeries counts back from the newest bar", () => {
    const series = gaps();
    assert.deepEqual([0, 1, 4].map((back) => series.newest(back)?.close), [9, 5, 1]);
    assert.equal(series.newest()?.close, 9);
    assert.equal(series.newest(5), undefined);
  });

  const ranges: [string, { from?: number; to?: number; limit: number }, number[]][] = [
    ["all of them without bounds", { limit: 9 }, [1, 2, 4, 5, 9]],
    ["the newest when only limited", { limit: 2 }, [5, 9]],
    ["none with a limit of 0", { limit: 0 }, []],
    ["from included", { from: 2_000, limit: 9 }, [2, 4, 5, 9]],
    ["those that start at from or later", { from: 2_001, limit: 9 }, [4, 5, 9]],
    ["to not included", { to: 4_000, limit: 9 }, [1, 2]],
    ["those that start before to", { to: 4_001, limit: 9 }, [1, 2, 4]],
    ["the first with from and a limit", { from: 2_000, limit: 2 }, [2, 4]],
    ["the newest before to with a limit", { to: 9_000, limit: 2 }, [4, 5]],
    ["the first between from and to", { from: 1_500, to: 9_000, limit: 2 }, [2, 4]],
    ["no more than there are between", { from: 2_000, to: 5_000, limit: 9 }, [2, 4]],
    ["none with from and a limit of 0", { from: 1_000, limit: 0 }, []],
    ["none when from is to", { from: 4_000, to: 4_000, limit: 9 }, []],
    ["none when from is after to", { from: 5_000, to: 2_000, limit: 9 }, []],
    ["none after the newest", { from: 9_001, limit: 9 }, []],
    ["none before the oldest", { to: 1_000, limit: 9 }, []],
    ["from 0 as a bound", { from: 0, limit: 2 }, [1, 2]],
    ["to 0 as a bound", { to: 0, limit: 2 }, []],
  ];
  for (const [rule, range, expected] of ranges) {
    test(`BarSeries range gives ${rule}`, () => {
      assert.deepEqual(gaps().range(range).map(({ close }) => close), expected);
    });
  }

  test("BarSeries range treats undefined bounds as absent", () => {
    const bars = gaps().range({ from: undefined, to: undefined, limit: 2 });
    assert.deepEqual(bars.map(({ close }) => close), [5, 9]);
  });

  test("BarSeries range equals a filter and a slice, for any bounds", () => {
    const bound = fc.option(quarters(-1, 12), { nil: undefined });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 10 }), { maxLength: 11 }),
        fc.record({ from: bound, to: bound, limit: fc.nat(12) }),
        (starts, { from, to, limit }) => {
          const series = seconds(starts.map((second) => [second * 1_000, second]));
          const found = all(series).filter(({ close }) =>
            close >= (from ?? -Infinity) && close < (to ?? Infinity)
          );
          const range = {
            from: from === undefined ? undefined : from * 1_000,
            to: to === undefined ? undefined : to * 1_000,
            limit,
          };
          const first = from === undefined ? Math.max(0, found.length - limit) : 0;
          assert.deepEqual(series.range(range), found.slice(first, first + limit));
        },
      ),
    );
  });
});

describe("BarSeries: handed-out bars", () => {
  test("BarSeries returns the same object for equal requests, and another after a change", () => {
    const series = seconds([[0, 1], [1_000, 2]]);
    const [closed, forming] = all(series);
    assert.equal(series.at(0), closed);
    assert.equal(series.newest(), forming);
    series.apply(next({ time: 1_500 }));
    assert.equal(series.at(0), closed);
    assert.notEqual(series.newest(), forming);
    series.close();
    assert.equal(series.newest()?.closed, true);
  });

  test("BarSeries never changes a bar that it has returned", () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(anyTick("A"), fc.boolean()), { maxLength: 40 }),
      fc.constantFrom(...INTERVALS),
      fc.constantFrom(2, KEEP_ALL),
      (steps, interval, depth) => {
        const series = new BarSeries("A", interval, depth);
        const handedOut: [Bar, string][] = [];
        for (const [tick, close] of steps) {
          series.apply(next(tick));
          const start = startOf(interval, tick.time);
          const bars = [series.newest(), series.at(start), ...series.range({ limit: 12 })];
          for (const bar of bars) if (bar) handedOut.push([Object.freeze(bar), bits(bar)]);
          if (close) series.close();
        }
        for (const [bar, before] of handedOut) assert.equal(bits(bar), before);
      },
    ));
  });

  test("BarSeries gives the same bars whether or not they were read in between", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyTick("A"), fc.boolean()), { maxLength: 40 }),
        fc.constantFrom(...INTERVALS),
        fc.constantFrom(2, KEEP_ALL),
        (steps, interval, depth) => {
          const read = new BarSeries("A", interval, depth);
          const unread = new BarSeries("A", interval, depth);
          for (const [tick, close] of steps) {
            const taped = next(tick);
            assert.equal(read.apply(taped), unread.apply(taped));
            if (close) assert.equal(read.close(), unread.close());
            all(read);
          }
          assert.equal(bits(all(read)), bits(all(unread)));
        },
      ),
    );
  });
});

describe("fillPrevious", () => {
  const gaps = () => {
    const series = seconds([[1_000, 1, 2], [1_500, 3, 2], [4_000, 7, 1], [5_000, 8]]);
    return all(series);
  };
  const short = (bars: readonly Bar[]) =>
    bars.map(({ time, close, count }) => [time, close, count]);

  test("fillPrevious of no bars is empty", () => {
    assert.deepEqual(fillPrevious([], 10), []);
  });

  test("fillPrevious adds flat bars only where there are no ticks", () => {
    const bars = gaps();
    const filled = fillPrevious(bars, 10);
    const flat = {
      symbol: "A",
      interval: "1s",
      open: 3,
      high: 3,
      low: 3,
      close: 3,
      volume: 0,
      vwap: 3,
      count: 0,
      closed: true,
      revised: false,
    };
    assert.deepEqual(filled, [
      bars[0],
      { ...flat, time: 2_000 },
      { ...flat, time: 3_000 },
      bars[1],
      bars[2],
    ]);
    assert.equal(filled.at(-1)?.closed, false);
  });

  test("fillPrevious with a limit keeps the first bars, counting flat ones", () => {
    assert.deepEqual(short(fillPrevious(gaps(), 2)), [[1_000, 3, 2], [2_000, 3, 0]]);
    assert.deepEqual(fillPrevious(gaps(), 0), []);
  });

  test("fillPrevious makes no more bars than requested in a gap of years", () => {
    const bars = all(seconds([[0, 1], [1_763_700_000_000, 2]]));
    assert.deepEqual(startsOf(fillPrevious(bars, 3)), [0, 1_000, 2_000]);
  });

  test("fillPrevious does not mark a flat bar after a revised one as revised", () => {
    const bars = all(seconds([[0, 1], [3_000, 2], [500, 5]]));
    const revised = fillPrevious(bars, 9).map(({ close, revised }) => [close, revised]);
    assert.deepEqual(revised, [[5, true], [5, false], [5, false], [2, false]]);
  });

  test("fillPrevious steps over weeks from Monday to Monday", () => {
    const series = new BarSeries("A", "1w", KEEP_ALL);
    series.apply(next({ time: Date.UTC(2026, 0, 1) }));
    series.apply(next({ time: Date.UTC(2026, 0, 15) }));
    assert.deepEqual(startsOf(fillPrevious(all(series), 9)), [
      Date.UTC(2025, 11, 29),
      Date.UTC(2026, 0, 5),
      Date.UTC(2026, 0, 12),
    ]);
  });

  test("fillPrevious equals a naive calculation, cut to the limit", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 1 }),
        fc.nat(25),
        (starts, limit) => {
          const bars = all(seconds(starts.map((second) => [second * 1_000, second])));
          const first = Math.min(...starts), last = Math.max(...starts);
          const expected: [number, number][] = [];
          for (let second = first; second <= last; second++) {
            const close = Math.max(...starts.filter((start) => start <= second));
            expected.push([second * 1_000, close]);
          }
          const pairs = (bars: Bar[]) => bars.map(({ time, close }) => [time, close]);
          assert.deepEqual(pairs(fillPrevious(bars, limit)), expected.slice(0, limit));
        },
      ),
    );
  });
});
