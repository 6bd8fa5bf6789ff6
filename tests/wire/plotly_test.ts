import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Bar } from "../../src/core/bar.ts";
import { candles } from "../../src/wire/plotly.ts";

const bar = (time: number, open: number, close: number): Bar => ({
  symbol: "A",
  interval: "1m",
  time,
  open,
  high: Math.max(open, close) + 1,
  low: Math.min(open, close) - 1,
  close,
  volume: 10,
  vwap: open,
  count: 2,
  closed: true,
  revised: false,
});
const options = { symbol: "A", theme: "dark", decimals: 2 } as const;

describe("candles", () => {
  test("candles gives one candle and one volume column per bar, at its start", () => {
    const { data } = candles([bar(0, 1, 2), bar(60_000, 2, 1.5)], options);
    const [price, volume] = data;
    assert.equal(price!["type"], "candlestick");
    assert.deepEqual(price!["x"], ["1970-01-01T00:00:00.000Z", "1970-01-01T00:01:00.000Z"]);
    assert.deepEqual(price!["close"], [2, 1.5]);
    assert.deepEqual(volume!["x"], price!["x"]);
    const { color } = volume!["marker"] as { color: string[] };
    assert.notEqual(color[0], color[1]);
  });

  test("candles writes prices with the decimals of the instrument", () => {
    const { layout } = candles([bar(0, 1, 2)], { ...options, decimals: 5 });
    assert.equal((layout["yaxis"] as { tickformat: string }).tickformat, ",.5f");
  });

  test("candles without bars has one empty trace and a text without tags", () => {
    const { data, layout } = candles([], { ...options, symbol: "<b>&" });
    assert.deepEqual(data, [{ type: "scatter", x: [null], y: [null] }]);
    const [note] = layout["annotations"] as { text: string }[];
    assert.equal(note!.text, "No bars of &lt;b>&amp; yet");
  });
});
