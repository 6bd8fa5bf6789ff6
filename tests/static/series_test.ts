import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BarSeries, TickSeries } from "../../static/series.js";

const tick = (seq: number, time = seq * 10) => ({ seq, time, price: seq / 2, size: 1 });
const bar = (time: number, count: number, closed = false) => ({
  time,
  open: 1,
  high: 2 + count,
  low: 0,
  close: count,
  volume: count,
  count,
  closed,
});

test("TickSeries keeps every tick once and in order, for any order of arrival", () => {
  const ticks = fc.uniqueArray(fc.record({ seq: fc.nat(200), time: fc.nat(20) }), {
    selector: ({ seq }) => seq,
  });
  fc.assert(fc.property(ticks, fc.infiniteStream(fc.nat()), (known, chance) => {
    const order = known.concat(known.filter((_, index) => index % 3 === 0));
    order.sort(() => chance.next().value % 3 - 1);
    const series = new TickSeries();
    for (const { seq, time } of order) series.put(tick(seq, time));
    const sorted = known.toSorted((a, b) => a.time - b.time || a.seq - b.seq);
    assert.deepEqual([...series.column("seq")], sorted.map(({ seq }) => seq));
    assert.deepEqual([...series.column("time")], sorted.map(({ time }) => time));
    assert.deepEqual([...series.column("price")], sorted.map(({ seq }) => seq / 2));
  }));
});

test("TickSeries is bounded, and dropped ticks do not come back", () => {
  const series = new TickSeries(80);
  for (let seq = 101; seq <= 1_000; seq++) {
    series.put(tick(seq));
    assert.ok(series.length <= 80);
  }
  const before = [...series.column("seq")];
  for (let seq = 1; seq <= 500; seq++) series.put(tick(seq));
  assert.deepEqual([...series.column("seq")], before);
  assert.equal(before.at(-1), 1_000);
  assert.equal(before.length, before.at(-1)! - before[0]! + 1);
});

test("BarSeries replaces a bar by a newer state, and never by an older one", () => {
  const states = [bar(60, 1), bar(60, 2), bar(60, 3), bar(60, 3, true)];
  fc.assert(fc.property(fc.shuffledSubarray(states, { minLength: 4 }), (order) => {
    const series = new BarSeries();
    for (const state of [bar(0, 9, true), ...order, bar(120, 1)]) series.put(state);
    assert.deepEqual([...series.column("time")], [0, 60, 120]);
    assert.deepEqual([...series.column("count")], [9, 3, 1]);
    assert.deepEqual([...series.column("closed")], [1, 1, 0]);
  }));
});

test("BarSeries puts a late bar in its place", () => {
  const series = new BarSeries();
  for (const time of [0, 120, 60]) series.put(bar(time, 1));
  assert.deepEqual([...series.column("time")], [0, 60, 120]);
});

test("Series finds the newest point at or before a time", () => {
  const series = new TickSeries();
  for (const seq of [1, 2, 3]) series.put(tick(seq));
  assert.deepEqual([9, 10, 15, 30, 99].map((time) => series.indexAt(time)), [-1, 0, 0, 2, 2]);
  assert.equal(series.at("price", -1), 1.5);
  assert.equal(series.at("price", 7), undefined);
});

test("Series changes its version only when its data changes", () => {
  const series = new BarSeries();
  series.put(bar(0, 2));
  const { version } = series;
  series.put(bar(0, 1));
  assert.equal(series.version, version);
  series.put(bar(0, 3));
  assert.notEqual(series.version, version);
});

test("Series adds many points at once like one by one", () => {
  const part = fc.array(fc.nat(60), { maxLength: 30 });
  fc.assert(fc.property(part, part, part, (first, second, third) => {
    const [one, many] = [new TickSeries(), new TickSeries()];
    for (const seqs of [first, second, third]) {
      for (const seq of seqs) one.put(tick(seq));
      many.putAll(seqs.map((seq) => tick(seq)));
    }
    for (const field of ["time", "seq", "price"]) {
      assert.deepEqual([...many.column(field)], [...one.column(field)]);
    }
  }));
});

test("Series that is full refuses older points, and says so", () => {
  const series = new TickSeries(8);
  series.putAll([5, 6, 7, 8].map((seq) => tick(seq)));
  assert.equal(series.isFull, false);
  series.putAll([1, 2, 3, 4].map((seq) => tick(seq)));
  assert.equal(series.isFull, true);
  series.putAll([tick(0)]);
  assert.deepEqual([...series.column("seq")], [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("An unknown value of a point is NaN, and a missing field is 0", () => {
  const bars = new BarSeries();
  bars.put({ time: 0, open: 1, high: 1, low: 1, close: 1, volume: null, count: 1 });
  assert.deepEqual([bars.at("volume", 0), bars.at("order", 0)], [NaN, 0]);
  bars.putAll([{ time: -60, open: 1, high: 1, low: 1, close: 1, volume: null, count: 1 }]);
  assert.equal(bars.at("volume", 0), NaN);
});
