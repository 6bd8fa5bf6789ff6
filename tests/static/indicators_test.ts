import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { atr, bollinger, donchian, ema, macd, rsi, sma, vwap } from "../../static/indicators.js";

const column = (...values: number[]) => Float64Array.from(values);

/** Checks the known values of a column, and that all values before them are unknown. */
function is(found: Float64Array, first: number, wanted: number[], within = 0.006) {
  assert.ok(found.subarray(0, first).every(Number.isNaN), `unknown before ${first}`);
  wanted.forEach((value, index) => {
    const is = found[first + index] ?? NaN;
    assert.ok(Math.abs(is - value) <= within, `${first + index}: ${is}, wanted ${value}`);
  });
}

// ChartSchool's example for moving averages: 30 days of INTC.
const INTC = column(
  ...[22.27, 22.19, 22.08, 22.17, 22.18, 22.13, 22.23, 22.43, 22.24, 22.29, 22.15, 22.39, 22.38],
  ...[22.61, 23.36, 24.05, 23.75, 23.83, 23.95, 23.63, 23.82, 23.87, 23.65, 23.19, 23.10, 23.33],
  ...[22.68, 23.10, 22.40, 22.17],
);

test("The simple average equals ChartSchool's example", () => {
  const wanted = [22.22, 22.21, 22.23, 22.26, 22.30, 22.42, 22.61, 22.77, 22.91, 23.08, 23.21];
  is(sma(INTC, 10), 9, [...wanted, 23.38, 23.53, 23.65, 23.71, 23.69, 23.61, 23.51, 23.43, 23.28]);
});

test("The exponential average equals ChartSchool's example", () => {
  const wanted = [22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28, 23.34];
  is(ema(INTC, 10), 9, [...wanted, 23.43, 23.51, 23.53, 23.47, 23.40, 23.39, 23.26, 23.23, 23.08]);
});

test("Bollinger bands equal ChartSchool's example", () => {
  const closes = column(
    ...[86.16, 89.09, 88.78, 90.32, 89.07, 91.15, 89.44, 89.18, 86.93, 87.68, 86.96, 89.43, 89.32],
    ...[88.72, 87.45, 87.26, 89.50, 87.90, 89.13, 90.70, 92.90, 92.98, 91.80, 92.66, 92.68, 92.30],
  );
  const { upper, middle, lower } = bollinger(closes, 20, 2);
  is(middle, 19, [88.71, 89.05, 89.24, 89.39, 89.51, 89.69, 89.75]);
  is(upper, 19, [91.29, 91.95, 92.61, 92.93, 93.31, 93.73, 93.90]);
  is(lower, 19, [86.12, 86.14, 85.87, 85.85, 85.70, 85.65, 85.59]);
});

test("Relative strength equals ChartSchool's example", () => {
  const closes = column(
    ...[44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61],
    ...[46.28, 46.28, 46.00, 46.03, 46.41, 46.22, 45.64, 46.21, 46.25, 45.71, 46.45, 45.78, 45.35],
    ...[44.03, 44.18, 44.22, 44.57, 43.42, 42.66, 43.13],
  );
  // The example was calculated from prices with four decimals, and prints two.
  const wanted = [70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71];
  is(rsi(closes, 14), 14, [...wanted, 50.42, 39.99, 41.46, 41.87, 45.46, 37.30, 33.08, 37.77], 0.1);
});

test("Relative strength reaches 0 and 100, and is 50 without changes", () => {
  assert.equal(rsi(column(1, 2, 3, 4), 3)[3], 100);
  assert.equal(rsi(column(4, 3, 2, 1), 3)[3], 0);
  assert.equal(rsi(column(1, 1, 1, 1), 3)[3], 50);
});

test("MACD equals the published AAPL example", () => {
  const closes = column(
    ...[459.99, 448.85, 446.06, 450.81, 442.80, 448.97, 444.57, 441.40, 430.47, 420.05, 431.14],
    ...[425.66, 430.58, 431.72, 437.87, 428.43, 428.35, 432.50, 443.66, 455.72, 454.49, 452.08],
    ...[452.73, 461.91, 463.58, 461.14, 452.08, 442.66, 428.91, 429.79, 431.99, 427.72, 423.20],
    ...[426.21, 426.98],
  );
  const { line, signal, histogram } = macd(closes, 12, 26, 9);
  is(line, 25, [8.27527, 7.703378, 6.416075, 4.23752, 2.552583, 1.378886, 0.102981], 1e-5);
  is(signal, 33, [3.037526, 1.905652], 1e-5);
  is(histogram, 33, [-5.108084, -4.527495], 1e-5);
});

test("The average true range equals ChartSchool's example", () => {
  const highs = column(
    ...[48.70, 48.72, 48.90, 48.87, 48.82, 49.05, 49.20, 49.35, 49.92, 50.19, 50.12, 49.66, 49.88],
    ...[50.19, 50.36, 50.57, 50.65, 50.43, 49.63, 50.33],
  );
  const lows = column(
    ...[47.79, 48.14, 48.39, 48.37, 48.24, 48.64, 48.94, 48.86, 49.50, 49.87, 49.20, 48.90, 49.43],
    ...[49.73, 49.26, 50.09, 50.30, 49.21, 48.98, 49.61],
  );
  const closes = column(
    ...[48.16, 48.61, 48.75, 48.63, 48.74, 49.03, 49.07, 49.32, 49.91, 50.13, 49.53, 49.50, 49.75],
    ...[50.03, 50.31, 50.52, 50.41, 49.34, 49.37, 50.23],
  );
  is(atr(highs, lows, closes, 14), 13, [0.56, 0.59, 0.59, 0.57, 0.62, 0.62, 0.64], 0.008);
});

test("VWAP starts again each day, and bars without volume have no weight", () => {
  const [day, hour] = [86_400_000, 3_600_000];
  const times = column(day, day + hour, day + 2 * hour, 2 * day, 2 * day + hour);
  const closes = column(10, 20, 99, 50, 60);
  const found = vwap(times, closes, closes, closes, column(1, 3, NaN, 0, 2));
  assert.deepEqual([...found], [10, 17.5, 17.5, NaN, 60]);
  const one = vwap(column(0), column(12), column(9), column(10.5), column(5));
  assert.equal(one[0], 10.5);
});

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 700 });
const periods = fc.integer({ min: 1, max: 60 });

/** A naive calculation: each result from the last values alone. */
function windows(values: number[], period: number, reckon: (last: number[]) => number): number[] {
  return values.map((_, index) =>
    index < period - 1 ? NaN : reckon(values.slice(index - period + 1, index + 1))
  );
}

function agree(found: Float64Array, wanted: number[]) {
  assert.equal(found.length, wanted.length);
  wanted.forEach((value, index) => {
    const isSame = Number.isNaN(value)
      ? Number.isNaN(found[index])
      : Math.abs(found[index]! - value) <= 1e-6;
    assert.ok(isSame, `${index}: ${found[index]}, wanted ${value}`);
  });
}

test("Averages and channels equal a naive calculation", () => {
  fc.assert(fc.property(values, periods, (values, period) => {
    const all = Float64Array.from(values);
    const mean = (last: number[]) => last.reduce((sum, value) => sum + value / period, 0);
    agree(sma(all, period), windows(values, period, mean));
    const { upper, lower } = donchian(all, all, period);
    agree(upper, windows(values, period, (last) => Math.max(...last)));
    agree(lower, windows(values, period, (last) => Math.min(...last)));
    const scatter = (last: number[]) =>
      Math.sqrt(last.reduce((sum, value) => sum + (value - mean(last)) ** 2 / period, 0));
    const bands = bollinger(all, period, 2);
    agree(bands.upper, windows(values, period, (last) => mean(last) + 2 * scatter(last)));
  }));
});

/** The weighted sum of the values so far; the mean of the first `period` values is the start. */
function smoothed(values: readonly number[], period: number, weight: number): number[] {
  return values.map((_, last) => {
    if (last < period - 1) return NaN;
    let sum = 0, left = 1;
    for (let at = last; at >= period; at--) {
      sum += left * weight * values[at]!;
      left *= 1 - weight;
    }
    return sum + left * values.slice(0, period).reduce((all, value) => all + value / period, 0);
  });
}

test("Smoothed indicators equal a naive calculation", () => {
  // The quotient of two denormal numbers has no exact digits, so the values are rounded.
  const cents = values.map((all) => all.map((value) => Math.round(100 * value) / 100));
  fc.assert(fc.property(cents, periods, (values, period) => {
    const all = Float64Array.from(values);
    const average = (length: number) => smoothed(values, length, 2 / (length + 1));
    agree(ema(all, period), average(period));

    const { line, signal, histogram } = macd(all, period, 2 * period, 3);
    const [fast, slow] = [average(period), average(2 * period)];
    const lines = values.map((_, at) => fast[at]! - slow[at]!);
    agree(line, lines);
    const begin = 2 * period - 1;
    const signals = [...lines.slice(0, begin), ...smoothed(lines.slice(begin), 3, 1 / 2)];
    agree(signal, signals);
    agree(histogram, lines.map((value, at) => value - signals[at]!));

    const [highs, lows] = [all.map((value) => value + 1), all.map((value) => value - 2)];
    const ranges = values.map((value, at) => {
      const before = values[at - 1] ?? value;
      return Math.max(value + 1, before) - Math.min(value - 2, before);
    });
    agree(atr(highs, lows, all, period), smoothed(ranges, period, 1 / period));

    const steps = values.slice(1).map((value, at) => value - values[at]!);
    const gains = smoothed(steps.map((step) => Math.max(step, 0)), period, 1 / period);
    const losses = smoothed(steps.map((step) => Math.max(-step, 0)), period, 1 / period);
    const strengths = gains.map((gain, at) =>
      gain + losses[at]! === 0 ? 50 : 100 * gain / (gain + losses[at]!)
    );
    agree(rsi(all, period), values.length === 0 ? [] : [NaN, ...strengths]);
  }));
});

test("One infinite value does not spoil later values", () => {
  const all = new Float64Array(50).fill(1);
  all[10] = Infinity;
  assert.equal(sma(all, 5)[20], 1);
});

test("Columns without enough bars are unknown", () => {
  for (const length of [0, 1, 3]) {
    const all = new Float64Array(length).fill(7);
    for (const found of [sma(all, 5), ema(all, 5), rsi(all, 5), atr(all, all, all, 5)]) {
      assert.equal(found.length, length);
      assert.ok(found.every(Number.isNaN));
    }
  }
});
