import assert from "node:assert/strict";
import { test } from "node:test";
import { textsOf } from "../../static/line_layer.js";
import { BarSeries } from "../../static/series.js";

const series = new BarSeries();
for (let minute = 0; minute < 10; minute++) {
  series.put({ time: minute * 60_000, close: 1, count: 1 });
}
const view = { parts: [{ symbol: "A", series }], decimals: 2, interval: "1m" as const };
const point = (minute: number, price: number) => ({ time: minute * 60_000, price });

test("A measure shows change, bars and time, in either direction", () => {
  assert.deepEqual(textsOf(view, { from: point(1, 100), to: point(6, 103) }), [
    "+3.00  +3.00 %",
    "5 bars, 5 min",
  ]);
  assert.deepEqual(textsOf(view, { from: point(3, -2), to: point(2, -3) }), [
    "−1.00  −50.00 %",
    "1 bar, 60 s",
  ]);
  assert.equal(textsOf(view, { from: point(1, 0), to: point(2, 1) })[0], "+1.00  –");
});
