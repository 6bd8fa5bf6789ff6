import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../static/settings.js";

const first = {
  zone: "",
  isHour12: false,
  isGrouped: true,
  isFlashing: true,
  colors: "green-red",
};

test("Settings are read as they were stored", () => {
  const kept = {
    zone: "Asia/Tokyo",
    isHour12: true,
    isGrouped: false,
    isFlashing: false,
    colors: "blue-orange",
  };
  assert.deepEqual(readSettings(kept), kept);
});

test("Broken settings get their defaults", () => {
  for (const kept of [null, 7, "x", [], { zone: "Mars/Base", colors: "pink", isHour12: "yes" }]) {
    assert.deepEqual(readSettings(kept), first);
  }
});
