import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate } from "../../src/feeds/rate.ts";

test("Rate is the average of the last ten whole seconds", () => {
  const rate = new Rate();
  const now = 1_763_700_000_000;
  assert.equal(rate.perSecond(now), 0);
  rate.add(50, now);
  rate.add(50, now + 999);
  assert.equal(rate.perSecond(now + 999), 0);
  assert.equal(rate.perSecond(now + 1_000), 10);
  for (let second = 1; second < 20; second++) rate.add(7, now + second * 1_000);
  assert.equal(rate.perSecond(now + 20_000), 7);
  assert.equal(rate.perSecond(now + 25_000), 3.5);
  assert.equal(rate.perSecond(now + 3_600_000), 0);
  // After the clock is set back, Rate keeps counting.
  rate.add(10, now);
  assert.equal(rate.perSecond(now + 3_601_000), 1);
});
