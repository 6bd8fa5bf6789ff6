import assert from "node:assert/strict";
import { test } from "node:test";
import { Decimals } from "../../static/decimals.js";
import type { Point } from "../../static/series.js";
import { row } from "./source.ts";

test("Decimals come from the server, and are requested again when a price needs more", async () => {
  let answers: Point[] = [{ symbol: "A", decimals: 4 }];
  let later = () => {};
  let changes = 0;
  const decimals = new Decimals({
    load: () => Promise.resolve(answers),
    later: (action) => later = action,
    changed: () => changes++,
  });
  const ask = async () => {
    const action = later;
    later = () => {};
    action();
    await new Promise((done) => setImmediate(done));
  };
  decimals.saw(row("A", 1.5));
  assert.equal(decimals.of("A"), 2);
  await ask();
  assert.equal(decimals.of("A"), 4);
  decimals.saw(row("A", 1.1234));
  await ask();
  assert.equal(changes, 1);
  answers = [{ symbol: "A", decimals: 6 }];
  decimals.saw(row("A", 1.123456));
  await ask();
  assert.deepEqual([changes, decimals.of("A")], [2, 6]);
  // Before the server answers, the prices decide.
  decimals.saw(row("B", 0.12345));
  assert.equal(decimals.of("B"), 5);
});
