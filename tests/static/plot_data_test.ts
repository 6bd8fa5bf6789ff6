import assert from "node:assert/strict";
import { test } from "node:test";
import { EVEN_AXIS } from "../../static/time_axis.js";
import { plotDataOf, scaled, type Scaling, unscaled, type View } from "../../static/plot_data.js";
import { BarSeries } from "../../static/series.js";

function bars(...closes: number[]): BarSeries {
  const series = new BarSeries();
  closes.forEach((close, index) =>
    series.put({
      time: index * 60_000,
      open: close - 1,
      high: close + 2,
      low: close - 2,
      close,
      volume: 1,
      count: 1,
    })
  );
  return series;
}

const view = (fields: Partial<View>): View => ({
  parts: [{ symbol: "A", series: bars(100, 110, 120, 130) }],
  interval: "1m",
  look: "candles",
  scale: "auto",
  window: { from: 60_000, to: 180_000 },
  sight: { from: 60_000, to: 180_000 },
  axis: EVEN_AXIS,
  edge: 180_000,
  decimals: 2,
  marks: [],
  ...fields,
});
const size = { width: 1_000, stretch: 1 };

test("A scene has the visible bars and one beyond each end, and spans their prices", () => {
  const { strands: [strand], range: [low, high] } = plotDataOf(view({}), size);
  assert.deepEqual([...strand!.slots.closes], [100, 110, 120, 130]);
  assert.ok(low < 98 && high > 132);
  assert.deepEqual(strand!.last, { time: 180_000, place: 180_000, price: 130, open: 129 });
});

test("A line spans its closes", () => {
  const { strands: [strand] } = plotDataOf(view({ look: "line" }), size);
  assert.deepEqual([...strand!.slots.highs], [100, 110, 120, 130]);
});

test("Compared symbols start at 0 at the left edge, and only the first has candles", () => {
  const parts = [
    { symbol: "A", series: bars(100, 110, 120, 130) },
    { symbol: "B", series: bars(5, 4, 3, 2) },
  ];
  const { strands, decimals } = plotDataOf(view({ parts }), size);
  assert.deepEqual(strands.map(({ scale }) => scale), [{ kind: "percent", base: 110 }, {
    kind: "percent",
    base: 4,
  }]);
  assert.deepEqual(strands.map(({ last, scale }) => Math.round(scaled(last.price, scale))), [
    18,
    -50,
  ]);
  assert.equal(strands[0]!.slots.highs[1], 112);
  assert.equal(strands[1]!.slots.highs[1], 4);
  assert.equal(decimals, 2);
});

test("A symbol compared from price 0 is shown by price, and one without history is not shown", () => {
  const parts = [
    { symbol: "A", series: bars(0, 0, 1) },
    { symbol: "B", series: bars() },
    { symbol: "C", series: bars(1, 2) },
  ];
  const { strands } = plotDataOf(view({ parts }), size);
  assert.deepEqual(strands.map(({ symbol, scale }) => [symbol, scale]), [
    ["A", { kind: "linear" }],
    ["C", { kind: "percent", base: 2 }],
  ]);
});

test("Several bars in one pixel are merged", () => {
  const series = bars(...Array.from({ length: 1_000 }, (_, index) => index));
  const window = { from: 0, to: 60_000_000 };
  const { strands: [strand] } = plotDataOf(
    view({ parts: [{ symbol: "A", series }], window, sight: window }),
    {
      width: 100,
      stretch: 1,
    },
  );
  assert.ok(strand!.isMerged && strand!.slots.length <= 52);
});

test("An infinite range is cut to the largest number", () => {
  const scale = { kind: "percent", base: 5e-324 } as const;
  assert.equal(scaled(1e308, scale), Number.MAX_VALUE);
  assert.equal(scaled(-1e308, scale), -Number.MAX_VALUE);
  const { MAX_VALUE } = Number;
  for (const closes of [[MAX_VALUE, MAX_VALUE], [MAX_VALUE, -MAX_VALUE], [5e-324, MAX_VALUE]]) {
    const series = bars(...closes);
    for (
      const parts of [[{ symbol: "A", series }], [{ symbol: "A", series }, { symbol: "B", series }]]
    ) {
      for (const scale of ["auto", "linear", "log", "percent"] as const) {
        const { range: [low, high] } = plotDataOf(
          view({ parts, scale, sight: { from: 0, to: 120_000 } }),
          size,
        );
        assert.ok(Number.isFinite(high - low) && low < high, `${closes}: ${low} to ${high}`);
      }
    }
  }
});

test("A rising price below zero is a gain in per cent", () => {
  assert.equal(scaled(-1, { kind: "percent", base: -2 }), 50);
});

test("A logarithmic scale has the same range, and is linear with prices of 0 or below", () => {
  const log = plotDataOf(view({ scale: "log" }), size);
  assert.equal(log.strands[0]!.scale.kind, "log");
  assert.ok(log.range[0] < Math.log10(98) && log.range[1] > Math.log10(132));
  const parts = [{ symbol: "A", series: bars(-5, 10, 20) }];
  assert.equal(plotDataOf(view({ parts, scale: "log" }), size).strands[0]!.scale.kind, "linear");
});

test("On a price scale another symbol is scaled to the height of the leading one", () => {
  const parts = [
    { symbol: "A", series: bars(100, 110, 120, 130) },
    { symbol: "B", series: bars(5, 4, 3, 2) },
  ];
  for (const scale of ["linear", "log"] as const) {
    const { strands: [lead, other] } = plotDataOf(view({ parts, scale, look: "line" }), size);
    const [low, high] = [scaled(100, lead!.scale), scaled(130, lead!.scale)];
    assert.ok(Math.abs(scaled(2, other!.scale) - low) < 1e-9);
    assert.ok(Math.abs(scaled(5, other!.scale) - high) < 1e-9);
  }
});

test("A value of the scale converts back to its price", () => {
  const scales: Scaling[] = [
    { kind: "linear" },
    { kind: "log" },
    { kind: "percent", base: 80 },
    { kind: "percent", base: -80 },
    { kind: "fitted", low: 10, factor: 3, to: 100 },
  ];
  for (const scale of scales) {
    assert.ok(Math.abs(unscaled(scaled(120, scale), scale) - 120) < 1e-9, scale.kind);
  }
});
