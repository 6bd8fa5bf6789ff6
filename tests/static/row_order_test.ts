import assert from "node:assert/strict";
import { test } from "node:test";
import { COLUMNS } from "../../static/columns.js";
import { RowOrder } from "../../static/row_order.js";
import { row } from "./source.ts";

const rows = new Map(
  ([["B", 2, "Beta"], ["A", null, "Alpha"], ["C", 1, null]] as const).map((
    [symbol, price, name],
  ) => [symbol, { ...row(symbol, price), name }]),
);

function shown(order: RowOrder, now = 0): string {
  order.update(rows, 1, now);
  return order.symbols.join("");
}

test("RowOrder is the server's order until a column is chosen, and after the third click", () => {
  const order = new RowOrder(COLUMNS);
  assert.equal(shown(order), "BAC");
  order.sortBy("last");
  assert.equal(shown(order), "BCA");
  order.sortBy("last");
  assert.equal(shown(order), "CBA");
  order.sortBy("last");
  assert.equal(shown(order), "BAC");
  order.sortBy("symbol");
  assert.equal(shown(order), "ABC");
  order.sortBy("symbol");
  assert.equal(shown(order), "CBA");
});

test("RowOrder finds symbols and names in any letter case", () => {
  const order = new RowOrder(COLUMNS);
  order.search(" be ");
  assert.equal(shown(order), "B");
  order.search("c");
  assert.equal(shown(order), "C");
  order.search("");
  assert.equal(shown(order), "BAC");
});

test("RowOrder changes by itself at most once a second, and at once for the user", () => {
  const order = new RowOrder(COLUMNS);
  order.sortBy("last");
  assert.equal(order.update(rows, 1, 0), true);
  assert.equal(order.update(rows, 1, 900), false);
  assert.equal(order.update(rows, 1, 1_000), true);
  order.search("a");
  assert.equal(order.update(rows, 1, 1_001), true);
  assert.equal(order.update(rows, 2, 1_002), true);
});

test("An own list has its own order, without symbols that the server lacks", () => {
  const order = new RowOrder(COLUMNS);
  order.list = ["C", "X", "B"];
  assert.equal(shown(order), "CB");
  order.sortBy("last");
  assert.equal(shown(order), "BC");
  order.list = undefined;
  assert.equal(shown(order), "BCA");
});
