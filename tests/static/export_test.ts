import assert from "node:assert/strict";
import { test } from "node:test";
import { csvOf, tableOf } from "../../static/export.js";
import { BarSeries } from "../../static/series.js";

test("A table has the visible bars", () => {
  const series = new BarSeries();
  for (const time of [0, 60_000, 120_000, 180_000]) {
    series.put({ time, open: 1, high: 3, low: 0.5, close: 2, volume: 9, count: 4 });
  }
  const window = { from: 60_000, to: 130_000 };
  const { columns, rows } = tableOf({ parts: [{ symbol: "A", series }], interval: "1m", window });
  assert.deepEqual(rows.map(({ time }) => time), [
    "1970-01-01T00:01:00.000Z",
    "1970-01-01T00:02:00.000Z",
  ]);
  assert.equal(
    csvOf({ columns, rows: rows.slice(0, 1) }),
    "symbol,time,open,high,low,close,volume,count\r\nA,1970-01-01T00:01:00.000Z,1,3,0.5,2,9,4\r\n",
  );
});

test("A table has empty cells for unknown values", () => {
  const series = new BarSeries();
  series.put({ time: 0, open: 1, high: 1, low: 1, close: 1, volume: null, count: 2 });
  const window = { from: 0, to: 1 };
  const table = tableOf({ parts: [{ symbol: "A", series }], interval: "1m", window });
  assert.match(csvOf(table), /\r\nA,1970-01-01T00:00:00\.000Z,1,1,1,1,,2\r\n$/);
});

test("CSV quotes where necessary, leaves unknown values empty, and starts no formula", () => {
  const rows = [{ a: 'x "y", z', b: null, c: "=1+1", d: -5 }];
  for (const name of ["=1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"]) {
    const text = csvOf({ columns: ["name"], rows: [{ name }] });
    assert.match(text, /^name\r\n"?'/, name);
  }
  assert.equal(
    csvOf({ columns: ["a", "b", "c", "d"], rows }),
    'a,b,c,d\r\n"x ""y"", z",,\'=1+1,-5\r\n',
  );
});
