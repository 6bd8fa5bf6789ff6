import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BarSeries } from "../../static/series.js";
import { EVEN_AXIS, GaplessAxis } from "../../static/time_axis.js";

const MINUTE = 60_000;

function axisOf(...minutes: number[]) {
  const series = new BarSeries();
  for (const minute of minutes) series.put({ time: minute * MINUTE, close: 1, count: 1 });
  const axis = new GaplessAxis();
  axis.update(series, "1m");
  return { series, axis };
}

test("Time is linear where nothing is left out", () => {
  const { axis, series } = axisOf(1, 2, 3);
  assert.equal(axis.toAxis(2.5 * MINUTE), 2.5 * MINUTE);
  assert.equal(EVEN_AXIS.toTime(5), 5);
  assert.deepEqual(axis.columnOf(series), series.column("time"));
});

test("Bars stand side by side, and the newest one keeps its position", () => {
  const { axis, series } = axisOf(0, 1, 10, 11, 50);
  assert.deepEqual([...axis.columnOf(series)].map((place) => place / MINUTE), [46, 47, 48, 49, 50]);
  assert.equal(axis.toAxis(60 * MINUTE), 60 * MINUTE);
  // Saturday and Sunday are at the start of Monday.
  assert.equal(axis.toAxis(30 * MINUTE), 50 * MINUTE);
});

test("A position converts back to its time, with or without gaps", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 40 }),
    (minutes) => {
      const { axis, series } = axisOf(...minutes);
      const places = axis.columnOf(series);
      series.column("time").forEach((time, index) => {
        assert.equal(axis.toAxis(time), places[index]);
        assert.equal(axis.toTime(places[index]!), time);
      });
      for (let index = 1; index < places.length; index++) {
        assert.equal(places[index]! - places[index - 1]!, MINUTE);
      }
    },
  ));
});

test("Older history does not move newer bars", () => {
  const { axis, series } = axisOf(10, 11, 50);
  const before = axis.toAxis(10 * MINUTE);
  series.put({ time: 0, close: 1, count: 1 });
  axis.update(series, "1m");
  assert.equal(axis.toAxis(10 * MINUTE), before);
  assert.equal(axis.toAxis(0), before - MINUTE);
});
