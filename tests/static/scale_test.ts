import assert from "node:assert/strict";
import { test } from "node:test";
import { increments, logMarks, priceRange, timeMarks } from "../../static/scale.js";

const plain = { decimals: 2, hasVolume: false };

test("Prices fill the height, and a flat line lies in the middle", () => {
  const [low, high] = priceRange({ min: 100, max: 101 }, plain);
  assert.ok(low < 100 && low > 99.8 && high > 101 && high < 101.2);
  const [bottom, top] = priceRange({ min: 50, max: 50 }, plain);
  assert.ok(top - bottom >= 0.1 && bottom < 50 && top > 50);
  assert.deepEqual(priceRange(undefined, plain), [0, 1]);
});

test("Volumes are below the prices", () => {
  const [withVolume] = priceRange({ min: 100, max: 101 }, { ...plain, hasVolume: true });
  const [without] = priceRange({ min: 100, max: 101 }, plain);
  assert.ok(withVolume < without);
});

test("The user can widen or narrow the visible range", () => {
  const [low, high] = priceRange({ min: 100, max: 101 }, { ...plain, stretch: 3 });
  assert.ok(high - low > 3);
});

test("Extreme values have a scale of finite numbers", () => {
  for (
    const [low, high] of [
      priceRange({ min: -1.7e308, max: 1.7e308 }, plain),
      priceRange({ min: 1e308, max: 1e308 }, plain),
      priceRange({ min: 5e-324, max: 5e-324 }, plain),
    ]
  ) {
    assert.ok(Number.isFinite(low) && Number.isFinite(high) && low < high, `${low} ${high}`);
  }
});

test("Steps between labels are never finer than the decimals", () => {
  assert.equal(increments(2)[0], 0.01);
  assert.ok(increments(2).includes(50));
});

test("Time marks are at usual times, and no closer than their labels", () => {
  const noon = new Date(2026, 4, 7, 12).getTime();
  const texts = (from: number, to: number, labelsMax: number) =>
    timeMarks(from, to, labelsMax).times.map((time) => new Date(time).toTimeString().slice(0, 8));
  assert.deepEqual(texts(noon - 1_000, noon + 3_700_000, 5), [
    "12:00:00",
    "12:15:00",
    "12:30:00",
    "12:45:00",
    "13:00:00",
  ]);
  assert.deepEqual(texts(noon, noon + 20_000, 3), ["12:00:00", "12:00:10", "12:00:20"]);
  assert.ok(timeMarks(0, 1e13, 4).times.length <= 5);
  assert.deepEqual(timeMarks(5, 5, 4).times.length <= 1, true);
});

test("Marks of a logarithmic scale are at round prices, and no closer than their labels", () => {
  const prices = (low: number, high: number, labelsMax: number) =>
    logMarks(Math.log10(low), Math.log10(high), labelsMax).map((mark) => +(10 ** mark).toFixed(6));
  assert.deepEqual(prices(1, 1_000, 12), [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]);
  assert.deepEqual(prices(100, 110.5, 6), [100, 102, 104, 106, 108, 110]);
  assert.ok(prices(1e-9, 1e12, 8).length <= 9);
  assert.deepEqual(logMarks(5, 5, 4).length <= 1, true);
});

test("Marks are at round times of the chosen zone", () => {
  const noon = Date.UTC(2026, 4, 7, 12);
  const { times } = timeMarks(noon, noon + 4 * 3_600_000, 2, 5.5 * 3_600_000);
  assert.deepEqual(times.map((time) => new Date(time).toISOString().slice(11, 16)), [
    "12:30",
    "14:30",
  ]);
});
