import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseDuration } from "../../src/core/duration.ts";

describe("parseDuration", () => {
  test("parseDuration reads every unit, and a bare number as milliseconds", () => {
    const durations: [string, number][] = [
      ["0", 0],
      ["250", 250],
      ["250ms", 250],
      ["0.5ms", 0.5],
      ["10s", 10_000],
      ["1.5h", 5_400_000],
      ["2m", 120_000],
      ["7d", 604_800_000],
      ["1w", 604_800_000],
    ];
    for (const [text, ms] of durations) assert.equal(parseDuration(text), ms, text);
  });

  test("parseDuration refuses other texts", () => {
    const texts = [
      ..."s|-1s|+1s|1 s| 1s|1s |1S|1x|1e3|.5s|1.s|1h30m|Infinity|NaN|1y|1month|0x10|1_000".split(
        "|",
      ),
      "",
      "10s\n",
      "١s",
    ];
    for (const text of texts) assert.equal(parseDuration(text), undefined, JSON.stringify(text));
  });

  test("parseDuration returns a number of at least 0 or undefined, for any text", () => {
    fc.assert(fc.property(fc.string(), (text) => {
      const duration = parseDuration(text);
      assert.ok(duration === undefined || duration >= 0);
    }));
  });
});
