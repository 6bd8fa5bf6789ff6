import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decimate, extremes, firstFrom } from "../../static/decimate.js";

function columnsOf(points: readonly { time: number; price: number }[]) {
  const times = Float64Array.from(points, ({ time }) => time);
  const prices = Float64Array.from(points, ({ price }) => price);
  return { times, opens: prices, highs: prices, lows: prices, closes: prices, volumes: prices };
}

const points = fc.array(
  fc.record({ time: fc.nat(1_000), price: fc.integer({ min: -99, max: 99 }) }),
  { minLength: 1 },
).map((all) => all.toSorted((a, b) => a.time - b.time));

test("Decimation keeps every visible detail, for any number of slots", () => {
  fc.assert(fc.property(points, fc.integer({ min: 1, max: 20 }), (all, slotsMax) => {
    const columns = columnsOf(all);
    const range = { start: 0, end: all.length, from: 0, to: 1_001, slotsMax };
    const slots = decimate(columns, range);
    assert.ok(slots.length <= slotsMax + 2);
    const prices = all.map(({ price }) => price);
    assert.deepEqual(extremes(slots), { min: Math.min(...prices), max: Math.max(...prices) });
    assert.equal(slots.opens[0], prices[0]);
    assert.equal(slots.closes[slots.length - 1], prices.at(-1));
    const sum = slots.volumes.slice(0, slots.length).reduce((a, b) => a + b, 0);
    assert.equal(sum, prices.reduce((a, b) => a + b, 0));
  }));
});

test("Points with a slot of their own stay the same", () => {
  const all = [1, 2, 3].map((time) => ({ time, price: time * 2 }));
  const slots = decimate(columnsOf(all), { start: 1, end: 3, from: 0, to: 10, slotsMax: 5 });
  assert.deepEqual([...slots.times], [2, 3]);
  assert.deepEqual([...slots.closes], [4, 6]);
  assert.equal(
    extremes(decimate(columnsOf([]), { start: 0, end: 0, from: 0, to: 1, slotsMax: 5 })),
    undefined,
  );
});

test("firstFrom finds the first value that is not below a limit", () => {
  const values = Float64Array.of(1, 3, 3, 5);
  assert.deepEqual([0, 3, 4, 9].map((limit) => firstFrom(values, limit)), [0, 1, 3, 4]);
});

test("An unknown or infinite volume is not shown", () => {
  const times = Float64Array.of(0, 1, 2, 3, 4);
  const prices = times.map(() => 1);
  const columns = { times, opens: prices, highs: prices, lows: prices, closes: prices };
  const volumes = Float64Array.of(1, NaN, 1e308, 1e308, 5);
  const range = { start: 0, end: 5, from: 0, to: 6 };
  const single = decimate({ ...columns, volumes }, { ...range, slotsMax: 5 });
  assert.deepEqual([...single.volumes.slice(0, 5)], [1, 0, 1e308, 1e308, 5]);
  const merged = decimate({ ...columns, volumes }, { ...range, slotsMax: 3 });
  assert.deepEqual([...merged.volumes.slice(0, merged.length)], [0, 0, 5]);
});
