import assert from "node:assert/strict";
import { test } from "node:test";
import { evenLayout, gridOf, moveBorder, readLayout, writeLayout } from "../../static/layout.js";

const read = (text: string) => readLayout(new URLSearchParams(text));

test("A layout is read as it was written", () => {
  const layout = {
    ...evenLayout(6),
    links: ["range", "symbol"] as const,
    board: 25,
    columns: [50, 25, 25],
    rows: [60, 40],
  };
  const query = new URLSearchParams("symbol=AAPL");
  writeLayout(query, layout);
  assert.equal(query.get("symbol"), "AAPL");
  assert.deepEqual(readLayout(query), layout);
});

test("Defaults are not written", () => {
  const query = new URLSearchParams("layout=4&link=range&split=board:20");
  writeLayout(query, evenLayout(1));
  assert.equal(query.toString(), "");
  writeLayout(query, { ...evenLayout(2), links: [] });
  assert.equal(query.toString(), "layout=2&link=none");
});

test("Absurd parts of a layout are ignored", () => {
  for (
    const text of [
      "layout=3",
      "layout=1e9",
      "layout=-2&split=columns:1-2",
      "split=board:999,columns:0-0,rows:NaN",
    ]
  ) assert.deepEqual(read(text), evenLayout(1), text);
  const { columns, links } = read("layout=4&split=columns:3-97&link=range,moon");
  assert.deepEqual(columns, [50, 50]);
  assert.deepEqual(links, ["range"]);
});

test("Charts fill a grid", () => {
  for (const count of [1, 2, 4, 6] as const) {
    const { columns, rows } = gridOf(count);
    assert.equal(columns * rows, count);
  }
});

test("Moving a border changes two shares, and neither becomes too small", () => {
  assert.deepEqual(moveBorder([50, 25, 25], 0, -10), [40, 35, 25]);
  assert.deepEqual(moveBorder([50, 25, 25], 1, 40), [50, 40, 10]);
});
