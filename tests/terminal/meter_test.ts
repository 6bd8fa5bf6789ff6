import assert from "node:assert/strict";
import { test } from "node:test";
import { meterLine } from "../../src/terminal/meter.ts";

test("meterLine shows the progress, the speed and the remaining time", () => {
  const meter = { startedAt: 0, what: "ticks", count: 50_000, bytes: 5_000, bytesAll: 20_000 };
  assert.equal(
    meterLine(meter, 10_000, 200),
    "[######..................] 25 %  50,000 ticks  5,000/s  4.9 KB  30 s left",
  );
  assert.equal(meterLine(meter, 10_000, 12), "[######.....");
});

test("meterLine shows no progress bar without a known end, and only known counts", () => {
  const meter = { startedAt: 0, what: undefined, count: 0, bytes: 3, bytesAll: undefined };
  assert.equal(meterLine(meter, 0, 200), "3 bytes");
});
