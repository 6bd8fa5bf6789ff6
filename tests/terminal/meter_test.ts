import assert from "node:assert/strict";
import { test } from "node:test";
import { meterLine } from "../../src/terminal/meter.ts";

test("meterLine tells what was done, how fast, and how long it will take", () => {
  const meter = { startedAt: 0, what: "ticks", count: 50_000, bytes: 5_000, bytesAll: 20_000 };
  assert.equal(
    meterLine(meter, 10_000, 200),
    "[######..................] 25 %  50,000 ticks  5,000/s  4.9 KB  30 s left",
  );
  assert.equal(meterLine(meter, 10_000, 12), "[######.....");
});

test("meterLine has no bar where the end is unknown, and counts only what can be counted", () => {
  const meter = { startedAt: 0, what: undefined, count: 0, bytes: 3, bytesAll: undefined };
  assert.equal(meterLine(meter, 0, 200), "3 bytes");
});
