import assert from "node:assert/strict";
import { test } from "node:test";
import { isNestedTooDeeply } from "../../src/core/nesting.ts";

test("JSON may be nested a hundred levels deep, in lists and objects, and no deeper", () => {
  const nested = (depth: number) => '{"a":['.repeat(depth / 2) + "]}".repeat(depth / 2);
  assert.equal(isNestedTooDeeply(""), false);
  assert.equal(isNestedTooDeeply("[1],".repeat(1_000)), false);
  assert.equal(isNestedTooDeeply(nested(100)), false);
  assert.equal(isNestedTooDeeply(nested(102)), true);
  assert.equal(isNestedTooDeeply("[".repeat(101)), true);
});
