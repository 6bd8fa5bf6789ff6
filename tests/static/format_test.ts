import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changeText,
  dayTimeText,
  decimalsOf,
  durationText,
  percentText,
  priceText,
  setStyle,
  timeText,
  volumeText,
  zoneOffsetMs,
} from "../../static/format.js";

test("Prices have their decimals, and an unknown price is a dash", () => {
  assert.equal(priceText(64000.5, 2), "64,000.50");
  assert.equal(priceText(-1.5, 5), "−1.50000");
  assert.equal(priceText(0, 2), "0.00");
  assert.equal(priceText(null, 2), "–");
  assert.equal(priceText(1e300, 2), "1.0000e+300");
});

test("A value smaller than its decimals is not shown as 0", () => {
  assert.equal(priceText(1e-9, 2), "1e−9");
  assert.equal(priceText(-1.25e-9, 8), "−1.25e−9");
  assert.equal(priceText(1e-9, 9), "0.000000001");
});

test("An infinite value is a dash", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    for (const text of [priceText(value, 2), changeText(value, 2), volumeText(value)]) {
      assert.equal(text, "–");
    }
    assert.equal(percentText(value), "–");
  }
  assert.equal(percentText(1e307), "–");
  assert.equal(percentText(1e306), "1.0000e+308 %");
});

test("Changes have a sign", () => {
  assert.equal(changeText(4.58, 2), "+4.58");
  assert.equal(changeText(-4.58, 2), "−4.58");
  assert.equal(changeText(0, 2), "0.00");
  assert.equal(changeText(null, 2), "–");
});

test("A fraction is written in per cent", () => {
  assert.equal(percentText(0.0306), "+3.06 %");
  assert.equal(percentText(-0.5), "−50.00 %");
  assert.equal(percentText(-0.00001), "0.00 %");
  assert.equal(percentText(null), "–");
});

test("Volumes have at most four digits", () => {
  assert.equal(volumeText(1_495_263), "1.495M");
  assert.equal(volumeText(0.01), "0.01");
  assert.equal(volumeText(0), "0");
  assert.equal(volumeText(null), "–");
});

test("decimalsOf counts the decimals of a price", () => {
  assert.deepEqual([1, 1.5, 64000.123, 0.00000001].map(decimalsOf), [0, 1, 3, 8]);
  assert.deepEqual([1e-9, 0.1 + 0.2, 1e12, -2.5, 0, 1e300].map(decimalsOf), [9, 1, 0, 1, 0, 0]);
});

test("Times are as precise as their distance requires", () => {
  const time = new Date(2026, 4, 7, 13, 4, 5).getTime();
  assert.equal(timeText(time, 1_000), "13:04:05");
  assert.equal(timeText(time, 60_000), "13:04");
  assert.equal(timeText(time, 86_400_000), "7 May");
  assert.equal(timeText(time, 30 * 86_400_000), "May 2026");
});

test("A moment is shown to the second or the millisecond, and an unknown moment is a dash", () => {
  const time = new Date(2026, 4, 7, 13, 4, 5, 60).getTime();
  assert.equal(dayTimeText(time), "Thu 7 May, 13:04:05");
  assert.equal(dayTimeText(time, true), "Thu 7 May, 13:04:05.060");
  assert.equal(dayTimeText(Infinity), "–");
});

test("A duration is shown in one unit", () => {
  const texts = [0, 45_000, 150_000, 7_200_000, 200_000_000].map(durationText);
  assert.deepEqual(texts, ["0 s", "45 s", "3 min", "2 h", "2 d"]);
});

test("Numbers and times follow the settings", () => {
  const time = Date.UTC(2026, 6, 7, 13, 4, 5);
  setStyle({ zone: "Asia/Kolkata", isHour12: true, isGrouped: false });
  assert.equal(priceText(64000.5, 2), "64000.50");
  assert.equal(timeText(time, 60_000).toLowerCase(), "06:34 pm");
  assert.equal(zoneOffsetMs(time), 5.5 * 3_600_000);
  setStyle({ zone: "America/New_York" });
  assert.equal(zoneOffsetMs(time), -4 * 3_600_000);
  setStyle({ zone: "UTC", isHour12: false, isGrouped: true });
  assert.equal(dayTimeText(time), "Tue 7 Jul, 13:04:05");
  assert.equal(zoneOffsetMs(time), 0);
  setStyle({ zone: "" });
});
