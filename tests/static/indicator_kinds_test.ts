import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS, readIndicator, titleOf, writeIndicator } from "../../static/indicator_kinds.js";

test("An indicator is read as it was written", () => {
  for (const text of ["sma-20", "bollinger-20-2.5@ff8800", "macd-12-26-9", "vwap"]) {
    assert.equal(writeIndicator(readIndicator(text)!), text);
  }
  assert.equal(titleOf(readIndicator("rsi")!), "RSI 14");
});

test("Missing parameters get defaults, and extreme ones the nearest allowed value", () => {
  const parameters = (text: string) => readIndicator(text)!.parameters;
  assert.deepEqual(parameters("macd-5"), [5, 26, 9]);
  assert.deepEqual(parameters("sma-0"), [1]);
  assert.deepEqual(parameters("sma-999999"), [500]);
  assert.deepEqual(parameters("sma-2.7"), [3]);
  assert.deepEqual(parameters("bollinger-20-0"), [20, 0.1]);
  assert.deepEqual(parameters("rsi-14-99-99"), [14]);
  assert.equal(readIndicator("ichimoku-9"), undefined);
});

test("Each kind calculates a column for each of its lines", () => {
  const some = Float64Array.from({ length: 60 }, (_, index) => 100 + index % 7);
  const bars = { times: some, highs: some, lows: some, closes: some, volumes: some };
  for (const { name, lines, parameters, reckon } of KINDS) {
    const columns = reckon(bars, parameters.map(({ first }) => first));
    assert.equal(columns.length, lines.length, name);
    for (const column of columns) assert.equal(column.length, 60, name);
    assert.ok(Number.isFinite(columns[0]!.at(-1)), name);
  }
});
