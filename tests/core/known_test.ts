import assert from "node:assert/strict";
import { test } from "node:test";
import { known } from "../../src/core/known.ts";

test("A finite number is known, and an infinite number or NaN is not", () => {
  for (const value of [0, -1.5, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE]) {
    assert.equal(known(value), value);
  }
  for (const value of [NaN, Infinity, -Infinity]) assert.equal(known(value), null);
});
