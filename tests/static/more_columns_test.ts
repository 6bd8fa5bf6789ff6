import assert from "node:assert/strict";
import { test } from "node:test";
import { allColumns } from "../../static/more_columns.js";
import { row } from "./source.ts";

const columns = allColumns({
  hour: (symbol) => symbol === "A" ? 100 : undefined,
  day: () => -50,
});
const column = (name: string) => columns.find((each) => each.name === name)!;

test("Columns show spread, size and changes", () => {
  const known = { ...row("A", 110), bid: 109.5, ask: 110, size: 1_500 };
  assert.equal(column("spread").text(known, 2), "0.50");
  assert.equal(column("size").text(known, 2), "1.5K");
  assert.equal(column("hour").text(known, 2), "+10.00 %");
  // A price below zero that rises is a gain.
  assert.equal(column("day").text({ ...known, price: -25 }, 2), "+50.00 %");
});

test("An unknown value is a dash, and is sorted as unknown", () => {
  const unknown = { ...row("B", null), bid: 1, ask: null, time: null };
  for (const name of ["spread", "hour", "size", "open", "time"]) {
    assert.equal(column(name).text(unknown, 2), "–", name);
    assert.equal(column(name).key!(unknown), null, name);
  }
});
