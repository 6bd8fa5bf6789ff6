import assert from "node:assert/strict";
import { test } from "node:test";
import { Freshness } from "../../static/freshness.js";

test("A symbol is silent after a longer pause than usual", () => {
  const freshness = new Freshness();
  freshness.begin("A", 0, 0);
  for (let now = 1_000; now <= 60_000; now += 1_000) freshness.saw("A", now);
  assert.equal(freshness.silenceMs("A", 85_000), 0);
  assert.equal(freshness.silenceMs("A", 100_000), 40_000);
});

test("A slow symbol becomes silent later", () => {
  const freshness = new Freshness();
  freshness.begin("A", 0, 0);
  for (let minute = 1; minute <= 30; minute++) freshness.saw("A", minute * 60_000);
  assert.equal(freshness.silenceMs("A", 35 * 60_000), 0);
  assert.ok(freshness.silenceMs("A", 60 * 60_000) > 0);
});

test("A symbol with an old row is silent from the start, and an unknown symbol is not", () => {
  const freshness = new Freshness();
  freshness.begin("A", 1_000, 100_000);
  assert.equal(freshness.silenceMs("A", 100_000), 99_000);
  assert.equal(freshness.silenceMs("B", 100_000), 0);
  freshness.forget();
  assert.equal(freshness.silenceMs("A", 100_000), 0);
});
