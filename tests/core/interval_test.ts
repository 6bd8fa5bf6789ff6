import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DAY_MS, INTERVALS, isInterval, lengthOf, startOf } from "../../src/core/interval.ts";
import { LENGTHS, naiveStart } from "./naive.ts";
import { anyTime } from "./ticks.ts";

const anyInterval = fc.constantFrom(...INTERVALS);

/** Times from 1970 to 2100, with any fraction of a millisecond. */
const longTime = fc.oneof(
  anyTime,
  fc.double({ min: 0, max: 4_102_444_800_000, noNaN: true }),
  fc.integer({ min: 0, max: 4_102_444_800 }).map((second) => second * 1_000),
);

describe("Intervals", () => {
  test("INTERVALS are the twelve widths, shortest first", () => {
    assert.deepEqual([...INTERVALS], LENGTHS.map(([name]) => name));
    const lengths = INTERVALS.map(lengthOf);
    assert.deepEqual(lengths, [...lengths].sort((a, b) => a - b));
  });

  test("lengthOf an interval is its milliseconds", () => {
    for (const [name, length] of LENGTHS) assert.equal(lengthOf(name), length);
    assert.equal(DAY_MS, 86_400_000);
  });

  test("isInterval accepts exactly the intervals", () => {
    for (const name of INTERVALS) assert.equal(isInterval(name), true);
    for (const text of ["", "2m", "1M", "60", "1 m", "1mo", "toString", "__proto__"]) {
      assert.equal(isInterval(text), false, text);
    }
  });
});

describe("startOf", () => {
  test("startOf agrees with the UTC calendar for any time and interval", () => {
    fc.assert(
      fc.property(anyInterval, longTime, (interval, time) => {
        assert.equal(startOf(interval, time), naiveStart(interval, time));
      }),
      { numRuns: 1_000 },
    );
  });

  test("startOf gives the interval that contains the time", () => {
    fc.assert(fc.property(anyInterval, longTime, (interval, time) => {
      const start = startOf(interval, time);
      assert.ok(start <= time && time < start + lengthOf(interval));
      assert.equal(startOf(interval, start), start);
      assert.equal(startOf(interval, start + lengthOf(interval)), start + lengthOf(interval));
    }));
  });

  test("startOf a week is Monday 00:00 UTC", () => {
    const monday = Date.UTC(2026, 0, 5);
    assert.equal(new Date(monday).getUTCDay(), 1);
    assert.equal(startOf("1w", monday), monday);
    assert.equal(startOf("1w", monday + 7 * DAY_MS - 0.25), monday);
    assert.equal(startOf("1w", monday - 0.25), monday - 7 * DAY_MS);
    assert.equal(startOf("1w", Date.UTC(2026, 0, 8, 12, 30)), monday);
    fc.assert(fc.property(longTime, (time) => {
      const start = new Date(startOf("1w", time));
      assert.equal(start.getUTCDay(), 1);
      assert.match(start.toISOString(), /T00:00:00\.000Z$/);
    }));
  });

  test("startOf a week is correct in the first week of the epoch and before it", () => {
    assert.equal(startOf("1w", 0), Date.UTC(1969, 11, 29));
    assert.equal(startOf("1w", Date.UTC(1970, 0, 5)), Date.UTC(1970, 0, 5));
    assert.equal(startOf("1w", Date.UTC(1969, 11, 28)), Date.UTC(1969, 11, 22));
  });

  test("startOf is aligned to UTC, not to the first tick or local time", () => {
    const time = Date.UTC(2026, 2, 29, 13, 47, 38, 901) + 0.5;
    const starts = INTERVALS.map((name) => new Date(startOf(name, time)).toISOString());
    assert.deepEqual(starts, [
      "2026-03-29T13:47:38.000Z",
      "2026-03-29T13:47:35.000Z",
      "2026-03-29T13:47:30.000Z",
      "2026-03-29T13:47:30.000Z",
      "2026-03-29T13:47:00.000Z",
      "2026-03-29T13:45:00.000Z",
      "2026-03-29T13:45:00.000Z",
      "2026-03-29T13:30:00.000Z",
      "2026-03-29T13:00:00.000Z",
      "2026-03-29T12:00:00.000Z",
      "2026-03-29T00:00:00.000Z",
      "2026-03-23T00:00:00.000Z",
    ]);
  });

  test("startOf rounds times before the epoch down", () => {
    assert.equal(startOf("1s", -1), -1_000);
    assert.equal(startOf("1d", -0.25), -DAY_MS);
  });
});
