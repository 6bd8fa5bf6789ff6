import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseIso, parseTime } from "../../src/core/time.ts";

const NOON = Date.UTC(2026, 0, 5, 12);
const NOW = NOON + 1_234.5;
const anyMs = fc.integer({ min: 0, max: 4_102_444_800_000 });

describe("parseIso", () => {
  test("parseIso reads a date and time with every form of zone", () => {
    for (
      const text of [
        "2026-01-05T12:00:00Z",
        "2026-01-05T12:00Z",
        "2026-01-05 12:00:00z",
        "2026-01-05t12:00:00.000Z",
        "2026-01-05T12:00:00,000Z",
        "2026-01-05 12:00:00 Z",
        "2026-01-05T13:30:00+01:30",
        "2026-01-05T13:30:00+0130",
        "2026-01-05T07:00-05:00",
        "2026-01-05T12:00:00-00:00",
      ]
    ) assert.deepEqual(parseIso(text), { time: NOON, zoned: true }, text);
  });

  test("parseIso reads a zone with hours only", () => {
    assert.deepEqual(parseIso("2026-01-05 13:00:00+01"), { time: NOON, zoned: true });
    assert.deepEqual(parseIso("2026-01-05T07:00:00.000-05"), { time: NOON, zoned: true });
  });

  test("parseIso reads a time without a zone as UTC and reports that", () => {
    assert.deepEqual(parseIso("2026-01-05T12:00:00"), { time: NOON, zoned: false });
    assert.deepEqual(parseIso("2026-01-05 12:00"), { time: NOON, zoned: false });
    assert.deepEqual(parseIso("2026-01-05"), { time: Date.UTC(2026, 0, 5), zoned: false });
  });

  test("parseIso reads every millisecond that toISOString writes", () => {
    fc.assert(
      fc.property(anyMs, (time) => {
        assert.equal(parseIso(new Date(time).toISOString())?.time, time);
      }),
      { numRuns: 5_000 },
    );
  });

  test("parseIso keeps fractions of a millisecond to a thousandth", () => {
    assert.equal(parseIso("2026-01-05T12:00:00.5Z")?.time, NOON + 500);
    assert.equal(parseIso("2026-01-05T12:00:00.0005Z")?.time, NOON + 0.5);
    assert.equal(parseIso("2026-01-05T12:00:00.123456Z")?.time, NOON + 123.456);
    assert.equal(parseIso("2026-01-05T12:00:00.123456789Z")?.time, NOON + 123.456789);
    fc.assert(fc.property(anyMs, fc.integer({ min: 0, max: 999 }), (time, micros) => {
      const whole = new Date(time).toISOString().slice(0, -1);
      const found = parseIso(`${whole}${String(micros).padStart(3, "0")}Z`)!.time;
      assert.equal(Math.round((found - time) * 1_000) + 0, micros);
    }));
  });

  test("parseIso refuses days, hours and zones that do not exist", () => {
    for (
      const text of [
        "2026-02-30T00:00:00Z",
        "2025-02-29",
        "2026-13-01T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-01-05T25:00:00Z",
        "2026-01-05T12:60:00Z",
        "2026-01-05T12:00:61Z",
        "2026-01-05T12:00:00+99:00",
        "2026-01-05T12:00:00+01:99",
      ]
    ) assert.equal(parseIso(text), undefined, text);
    assert.equal(parseIso("2024-02-29T00:00:00Z")?.time, Date.UTC(2024, 1, 29));
  });

  test("parseIso refuses what is not ISO 8601", () => {
    for (
      const text of [
        "",
        "now",
        "12:00",
        "2026",
        "2026-01",
        "05.01.2026",
        "01/05/2026",
        "Mon, 05 Jan 2026 12:00:00 GMT",
        "2026-1-5",
        "2026-01-05T12",
        "2026-01-05T12:00:00.Z",
        "2026-01-05T12:00:00Z ",
        "2026-01-05T12:00:00EST",
        "2026-01-05T12:00:00.0123456789Z",
      ]
    ) assert.equal(parseIso(text), undefined, JSON.stringify(text));
    fc.assert(fc.property(fc.string(), (text) => {
      const found = parseIso(text);
      assert.ok(found === undefined || Number.isFinite(found.time));
    }));
  });
});

describe("parseTime", () => {
  test("parseTime reads milliseconds with a fraction", () => {
    assert.equal(parseTime("1767614400000", NOW), NOON);
    assert.equal(parseTime("1767614400000.25", NOW), NOON + 0.25);
    assert.equal(parseTime("0", NOW), 0);
  });

  test("parseTime reads times relative to now", () => {
    assert.equal(parseTime("-1h", NOW), NOW - 3_600_000);
    assert.equal(parseTime("-7d", NOW), NOW - 604_800_000);
    assert.equal(parseTime("-0s", NOW), NOW);
  });

  test("parseTime reads ISO 8601, without a zone as UTC", () => {
    assert.equal(parseTime("2026-01-05T12:00:00Z", NOW), NOON);
    assert.equal(parseTime("2026-01-05T12:00:00", NOW), NOON);
    assert.equal(parseTime("2026-01-05", NOW), Date.UTC(2026, 0, 5));
  });

  test("parseTime refuses other texts", () => {
    for (const text of ["", "-", "now", "+1h", "1h", "--1h", "-1x", "1e12", "1.", "- 1h", "NaN"]) {
      assert.equal(parseTime(text, NOW), undefined, JSON.stringify(text));
    }
  });
});
