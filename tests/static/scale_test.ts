import assert from "node:assert/strict";
import { test } from "node:test";
import type { Interval } from "../../static/model.js";
import { increments, priceRange, windowOf } from "../../static/scale.js";
import { BarSeries } from "../../static/series.js";

function bars(count: number): BarSeries {
  const series = new BarSeries();
  for (let index = 0; index < count; index++) series.put({ time: index * 1_000, count: 1 });
  return series;
}

function barsInSight(known: number, width: number, zoom = 1): number {
  const view = { series: bars(known), interval: "1s" as Interval, decimals: 2 };
  const { from, to } = windowOf({ ...view, edge: known * 1_000 }, width, zoom);
  return Math.round((to - from) / 1_000);
}

test("A window of ticks is two minutes up to the present, with some room to the right", () => {
  const view = { series: bars(1), interval: "tick" as Interval, decimals: 2, edge: 500_000 };
  const { from, to } = windowOf(view, 800, 1);
  assert.equal(to - from, 120_000);
  assert.ok(to > 500_000 && to < 510_000);
});

test("A window of bars holds as many as fit, and the forming one entirely", () => {
  assert.equal(barsInSight(1_000, 800), 100);
  assert.equal(barsInSight(1_000, 8_000), 300);
  assert.equal(barsInSight(1_000, 800, 2), 200);
  const view = { series: bars(10), interval: "1s" as Interval, decimals: 2, edge: 9_400 };
  assert.equal(windowOf(view, 800, 1).to, 10_400);
});

test("A window of few bars is not stretched without end", () => {
  assert.equal(barsInSight(50, 800), 51);
  assert.equal(barsInSight(1, 800), 30);
});

test("Prices fill the height, and a flat line lies in the middle", () => {
  const view = { interval: "tick" as Interval, decimals: 2 };
  const [low, high] = priceRange(100, 101, view);
  assert.ok(low < 100 && low > 99.8 && high > 101 && high < 101.2);
  const [bottom, top] = priceRange(50, 50, view);
  assert.ok(top - bottom >= 0.1);
  assert.ok(Math.abs((bottom + top) / 2 - 50) < 1e-9);
  assert.deepEqual(priceRange(null, null, view), [0, 1]);
});

test("Volumes have their place below the prices", () => {
  const [withVolume] = priceRange(100, 101, { interval: "1m", decimals: 2 });
  const [without] = priceRange(100, 101, { interval: "tick", decimals: 2 });
  assert.ok(withVolume < without);
});

test("Steps between labels are never finer than the decimals", () => {
  assert.equal(increments(2)[0], 0.01);
  assert.ok(increments(2).includes(50));
});
