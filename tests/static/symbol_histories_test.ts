import assert from "node:assert/strict";
import { test } from "node:test";
import { SymbolHistories, SymbolHistoryPool } from "../../static/symbol_histories.js";
import { FakeSource } from "./source.ts";

function pooled() {
  const source = new FakeSource();
  const pool = new SymbolHistoryPool({ source, load: () => Promise.resolve([]), now: () => 0 });
  return { source, pool };
}

test("Charts of the same symbol and interval share one subscription, until the last one closes", () => {
  const { source, pool } = pooled();
  const [first, second] = [new SymbolHistories(pool), new SymbolHistories(pool)];
  first.choose(["A", "B"], "1m", undefined);
  second.choose(["B"], "1m", undefined);
  assert.equal(source.asked.length, 2);
  assert.equal(first.all[1], second.lead);
  first.choose(["A"], "1m", undefined);
  assert.equal(source.left, 0);
  second.choose(["C"], "1m", undefined);
  assert.equal(source.left, 1);
  second.choose(["C"], "5m", undefined);
  assert.deepEqual([source.asked.length, source.left], [4, 2]);
});

test("A track that is already shown stays the same", () => {
  const { source, pool } = pooled();
  const tracks = new SymbolHistories(pool);
  tracks.choose(["A", "B"], "1m", undefined);
  const { lead } = tracks;
  tracks.choose(["A", "C"], "1m", undefined);
  assert.equal(tracks.lead, lead);
  assert.deepEqual([source.asked.length, source.left], [3, 1]);
});

test("Rows of closed tracks still count", () => {
  const { source, pool } = pooled();
  const tracks = new SymbolHistories(pool);
  tracks.choose(["A"], "1m", undefined);
  source.handlers[0]!.onRows(
    [{ symbol: "A", time: 0 }, { symbol: "A", time: 60_000 }],
    {} as never,
  );
  assert.equal(pool.updates, 2);
  tracks.choose([], "1m", undefined);
  assert.equal(pool.updates, 2);
});
