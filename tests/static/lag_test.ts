import assert from "node:assert/strict";
import { test } from "node:test";
import { Lag } from "../../static/lag.js";

/** Frames of each second with the lags of theirs. */
function after(...lags: number[]): number {
  const lag = new Lag();
  lags.forEach((ms, second) => lag.saw(ms, second * 1_000));
  return lag.ms((lags.length - 1) * 1_000);
}

test("Behind is who gets nothing but late frames for a while", () => {
  assert.equal(after(0, 0, 0, 0, 0, 0), 0);
  assert.equal(after(...Array(12).fill(7_000)), 7_000);
  // One symbol whose data is always late says nothing of the others.
  assert.equal(after(9_000, 9_000, 10, 9_000, 9_000, 9_000, 9_000), 0);
  assert.equal(after(9_000, 9_000), 0);
});

test("Nobody is behind when nothing arrives, or at another moment", () => {
  const lag = new Lag();
  for (let second = 0; second < 12; second++) lag.saw(7_000, second * 1_000);
  assert.equal(lag.ms(11_000), 7_000);
  assert.equal(lag.ms(60_000), 0);
  lag.forget();
  assert.equal(lag.ms(12_000), 0);
});
