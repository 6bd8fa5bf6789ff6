import assert from "node:assert/strict";
import { test } from "node:test";
import { BoardChoice, moveBefore, readChoice } from "../../static/board_choice.js";
import { recallJson, remember } from "../../static/storage.js";

const first = { lists: [], list: "", columns: [], isDense: false, hasTiles: true };

test("Broken stored choices get their defaults", () => {
  for (const kept of [null, 7, "x", [], { lists: "none", list: "Tech", columns: 3, hasTiles: 1 }]) {
    assert.deepEqual(readChoice(kept), first);
  }
  const { lists, list } = readChoice({
    lists: [{ name: "A", symbols: ["X", 7, "X", ""] }, { name: "" }, null, { name: "A" }],
    list: "A",
  });
  assert.deepEqual([lists, list], [[{ name: "A", symbols: [] }], "A"]);
});

test("A list is made, filled and deleted, and each change is kept", () => {
  remember("board", "");
  let changes = 0;
  const choice = new BoardChoice(() => changes++);
  choice.add("  Tech ");
  choice.change((symbols) => [...symbols, "AAPL", "MSFT", "AAPL"]);
  assert.deepEqual(choice.list, { name: "Tech", symbols: ["AAPL", "MSFT"] });
  choice.add("Tech");
  assert.equal(choice.value.lists.length, 1);
  assert.deepEqual(new BoardChoice(() => {}).list, choice.list);
  choice.remove();
  assert.equal(choice.list, undefined);
  assert.deepEqual(recallJson("board"), first);
  assert.equal(changes, 4);
});

test("A symbol is moved before another one, or to the end", () => {
  const symbols = ["A", "B", "C"];
  assert.deepEqual(moveBefore(symbols, "C", "A"), ["C", "A", "B"]);
  assert.deepEqual(moveBefore(symbols, "A", "C"), ["B", "A", "C"]);
  assert.deepEqual(moveBefore(symbols, "A", undefined), ["B", "C", "A"]);
  assert.deepEqual(moveBefore(symbols, "B", "B"), symbols);
});
