import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../../src/core/backoff.ts";

test("backoff is random below a time that doubles up to a limit", () => {
  const bounds = [0, 1, 2, 3, 5, 6, 7, 100, 5_000].map((attempt) => backoff(attempt, () => 1));
  assert.deepEqual(bounds, [500, 1_000, 2_000, 4_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  assert.equal(backoff(9, () => 0), 0);
  assert.equal(backoff(1, () => 0.25), 250);
  assert.equal(backoff(9, () => 0.5, 2_000), 1_000);
});
