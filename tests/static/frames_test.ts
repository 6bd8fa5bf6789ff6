import assert from "node:assert/strict";
import { test } from "node:test";
import { epochOf, isPosition, Newest, RowReader, seqOf, withSpeed } from "../../static/frames.js";

test("RowReader makes objects of rows, with the symbol of each", () => {
  const reader = new RowReader({ columns: ["seq", "symbol", "price"], symbols: ["A"] });
  reader.add(["B"]);
  const rows = [[7, 1, 2.5], [8, 0, null]];
  assert.deepEqual(reader.read(rows), [
    { seq: 7, symbol: "B", price: 2.5 },
    { seq: 8, symbol: "A", price: null },
  ]);
  reader.restart(["B"]);
  assert.deepEqual(reader.read([[9, 0, 3]]), [{ seq: 9, symbol: "B", price: 3 }]);
});

test("RowReader returns objects unchanged", () => {
  const rows = [{ seq: 7, symbol: "A" }];
  assert.equal(new RowReader({ symbols: ["A"] }).read(rows), rows);
});

test("A position has an epoch and a seq, and is not read as a time", () => {
  assert.equal(epochOf("k3f9:1042"), "k3f9");
  assert.equal(seqOf("k3f9:1042"), 1042);
  assert.ok(isPosition("k3f9:0"));
  for (const from of ["-1h", "2025-11-21T04:40:00Z", 1_763_700_000_000, "k3f9:", undefined]) {
    assert.ok(!isPosition(from), String(from));
  }
});

test("A request can be given another speed, or none", () => {
  assert.deepEqual(withSpeed({ symbols: "A" }, 10), { symbols: "A", speed: 10 });
  assert.deepEqual(withSpeed({ symbols: "A", speed: 10 }, undefined), { symbols: "A" });
});

test("Newest grows within an epoch, and starts again in another", () => {
  const newest = new Newest();
  newest.saw(7);
  assert.equal(newest.position, undefined);
  newest.sawPosition("e:10");
  newest.sawPosition("e:4");
  newest.saw(9);
  assert.equal(newest.position, "e:10");
  newest.saw(12);
  assert.equal(newest.position, "e:12");
  newest.sawPosition("f:3");
  assert.equal(newest.position, "f:3");
});
