import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NumberedTrades, roundTime } from "../../src/feeds/numbered_trades.ts";

const trade = (id: number, time = id * 10) => ({ id, time, price: id, size: 1 });
const trades = (...ids: number[]) => ids.map((id) => trade(id));
const ids = (taken: readonly { id: number }[] | undefined) => taken?.map(({ id }) => id);

describe("NumberedTrades", () => {
  test("NumberedTrades takes the first snapshot and each trade after it once", () => {
    const line = new NumberedTrades("A", undefined);
    assert.deepEqual(ids(line.receive(trades(1, 2, 3), true)), [1, 2, 3]);
    assert.deepEqual(ids(line.receive(trades(3, 4), false)), [4]);
    assert.deepEqual(line.place, { id: 4, time: 40 });
  });

  test("NumberedTrades requests nothing when the snapshot reaches back far enough", () => {
    const line = new NumberedTrades("A", { id: 4, time: 40 });
    assert.deepEqual(ids(line.receive([], true)), []);
    assert.deepEqual(ids(line.receive(trades(3, 4, 5), true)), [5]);
    line.join();
    assert.deepEqual(ids(line.receive(trades(5), true)), []);
  });

  test("NumberedTrades holds new trades until the earlier ones are fetched", () => {
    const line = new NumberedTrades("A", { id: 4, time: 40 });
    assert.equal(line.receive(trades(8, 9), true), undefined);
    assert.deepEqual(ids(line.receive(trades(10), false)), []);
    assert.deepEqual(line.place, { id: 4, time: 40 });
    const { missed, held } = line.mended(trades(4, 5, 6, 7, 8));
    assert.deepEqual([ids(missed), ids(held)], [[5, 6, 7, 8], [9, 10]]);
    assert.deepEqual(ids(line.receive(trades(11), false)), [11]);
    line.join();
    assert.equal(line.receive(trades(12), false), undefined);
  });

  test("NumberedTrades takes late trades, and detects by times that the exchange numbers anew", () => {
    const line = new NumberedTrades("A", undefined);
    assert.deepEqual(ids(line.receive([trade(1), trade(2, 5), trade(3)], false)), [1, 2, 3]);
    assert.deepEqual(ids(line.receive([trade(1, 50), trade(2, 60)], false)), [1, 2]);
    assert.deepEqual(line.place, { id: 2, time: 60 });
    assert.deepEqual(ids(line.receive([trade(1, 50), trade(2, 60)], true)), []);
  });

  test("NumberedTrades holds no more than its limit", () => {
    const line = new NumberedTrades("A", { id: 0, time: 0 });
    const many = Array.from({ length: 60_000 }, (_, index) => trade(index + 2));
    assert.equal(line.receive(many, false), undefined);
    assert.throws(() => line.receive(many, false), /^Error: More than 100000 trades of A wait/);
  });
});

test("roundTime gives both ways of writing a time the same value", () => {
  assert.equal(roundTime(1790359840.939291 * 1_000), roundTime(1_790_359_840_939 + 0.291));
});
