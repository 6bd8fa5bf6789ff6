import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTapeSpec } from "../../src/tape/engines.ts";

test("parseTapeSpec splits the name of every engine", () => {
  assert.deepEqual(parseTapeSpec("memory"), { engine: "memory", ticksMax: 250_000 });
  assert.deepEqual(parseTapeSpec("memory:5"), { engine: "memory", ticksMax: 5 });
  assert.deepEqual(parseTapeSpec("sqlite:/a:b.db"), { engine: "sqlite", path: "/a:b.db" });
});

test("parseTapeSpec refuses other texts", () => {
  for (
    const name of ["", "sqlite", "sqlite:", "memory:", "memory:0", "memory:1e9", "nats", "x.db"]
  ) {
    assert.throws(() => parseTapeSpec(name), { name: "RangeError", message: /^Cannot open tape / });
  }
});
