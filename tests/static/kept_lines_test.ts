import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptLines, readLines } from "../../static/kept_lines.js";
import { recallJson } from "../../static/storage.js";

const trend = { kind: "trend", from: { time: 1, price: 2 }, to: { time: 3, price: 4 } } as const;

test("Lines are stored by symbol, and a symbol without lines is removed", () => {
  const lines = new KeptLines();
  lines.set("AAPL", [{ kind: "level", price: 150 }, trend]);
  lines.keep();
  assert.deepEqual(readLines(recallJson("lines")).get("AAPL"), [
    { kind: "level", price: 150 },
    trend,
  ]);
  lines.set("AAPL", []);
  lines.keep();
  assert.deepEqual(recallJson("lines"), {});
});

test("Invalid lines are left out", () => {
  const kept = {
    A: [{ kind: "level", price: "1" }, { kind: "level", price: 1 }, null, 7],
    B: "none",
    C: [{ kind: "trend", from: { time: 1 }, to: { time: 2, price: 3 } }],
  };
  assert.deepEqual([...readLines(kept)], [["A", [{ kind: "level", price: 1 }]]]);
  for (const broken of [null, 7, "x", [1, 2]]) assert.equal(readLines(broken).size, 0);
});

test("The number of lines is limited", () => {
  const lines = new KeptLines();
  lines.set("A", Array.from({ length: 200 }, (_, price) => ({ kind: "level", price }) as const));
  assert.equal(lines.of("A").length, 50);
});
