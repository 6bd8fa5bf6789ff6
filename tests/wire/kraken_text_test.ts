import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  ALL_MINUTES,
  fixed,
  intervalOf,
  isRequestNumber,
  minutesOf,
  priceText,
  seconds,
  timestamp,
  unknownPair,
} from "../../src/wire/kraken_text.ts";

describe("Kraken's numbers and times", () => {
  test("fixed keeps trailing zeros, and has no sign before zero", () => {
    assert.equal(fixed(0.0004478, 8), "0.00044780");
    assert.equal(fixed(77_400, 1), "77400.0");
    assert.equal(fixed(-0.001, 2), "0.00");
    assert.equal(fixed(-0.51, 2), "-0.51");
    assert.equal(fixed(0, 0), "0");
  });

  test("fixed writes 0 for an unknown or infinite number", () => {
    assert.equal(fixed(null, 8), "0.00000000");
    for (const value of [NaN, Infinity, -Infinity]) assert.equal(fixed(value, 2), "0.00");
    assert.equal(Number(fixed(Number.MAX_VALUE, 8)), Number.MAX_VALUE);
  });

  test("priceText has at least five decimals", () => {
    assert.equal(priceText(83_942.7, 1), '"83942.70000"');
    assert.equal(priceText(1.0623, 5), '"1.06230"');
    assert.equal(priceText(0.02097, 6), '"0.020970"');
  });

  test("seconds and timestamp are exact to the microsecond", () => {
    assert.equal(seconds(1_790_401_259_939.649), "1790401259.939649");
    assert.equal(seconds(1_763_700_000_000), "1763700000.000000");
    assert.equal(timestamp(1_790_358_506_844.359), "2026-09-25T17:48:26.844359Z");
    assert.equal(timestamp(1_763_700_000_000, true), "2025-11-21T04:40:00.000000000Z");
    fc.assert(fc.property(fc.integer({ min: 0, max: 4e15 }), (micros) => {
      const [whole, fraction] = seconds(micros / 1_000).split(".");
      assert.equal(Number(whole) * 1e6 + Number(fraction), micros);
      assert.equal(fraction!.length, 6);
      const text = timestamp(micros / 1_000);
      assert.equal(text.slice(-7, -1), fraction);
      assert.equal(Date.parse(`${text.slice(0, 19)}Z`) / 1_000, Number(whole));
    }));
  });

  test("Minutes and intervals convert both ways, and 15 days have no interval", () => {
    assert.deepEqual(ALL_MINUTES, [1, 5, 15, 30, 60, 240, 1440, 10080]);
    for (const minutes of ALL_MINUTES) assert.equal(minutesOf(intervalOf(minutes)!), minutes);
    for (const other of [21600, 0, 2, "1", null, NaN]) assert.equal(intervalOf(other), undefined);
  });

  test("isRequestNumber accepts whole numbers of 64 bits", () => {
    for (const number of [0, -1, 2 ** 53, 2 ** 64]) assert.ok(isRequestNumber(number));
    for (const other of [2 ** 65, 1.5, NaN, "1", null, undefined]) {
      assert.ok(!isRequestNumber(other));
    }
  });

  test("unknownPair distinguishes a name without a slash from an unknown pair", () => {
    assert.equal(unknownPair("MAG/USD"), "Currency pair not supported MAG/USD");
    assert.equal(unknownPair("FOOBAR"), "Currency pair not in ISO 4217-A3 format FOOBAR");
  });
});
