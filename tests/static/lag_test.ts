import assert from "node:assert/strict";
import { test } from "node:test";
import { Lag } from "../../static/lag.js";

/** The lag after frames with these lags, one a second. */
function after(...lags: number[]): number {
  const lag = new Lag();
  lags.forEach((ms, second) => lag.saw(ms, second * 1_000));
  return lag.ms((lags.length - 1) * 1_000);
}

test("A client is behind after a time of late frames only", () => {
  assert.equal(after(0, 0, 0, 0, 0, 0), 0);
  assert.equal(after(...Array(12).fill(7_000)), 7_000);
  // One symbol with late data does not make the client late.
  assert.equal(after(9_000, 9_000, 10, 9_000, 9_000, 9_000, 9_000), 0);
  assert.equal(after(9_000, 9_000), 0);
});

test("A client without frames, or at another moment, is not behind", () => {
  const lag = new Lag();
  for (let second = 0; second < 12; second++) lag.saw(7_000, second * 1_000);
  assert.equal(lag.ms(11_000), 7_000);
  assert.equal(lag.ms(60_000), 0);
  lag.forget();
  assert.equal(lag.ms(12_000), 0);
});
