import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "../../src/core/nearest.ts";

const NAMES = ["symbol", "interval", "from", "to", "limit", "format", "fill", "key"];

test("nearest finds the intended name of a typing error", () => {
  const meant: [string, string][] = [
    ["intervall", "interval"],
    ["intrval", "interval"],
    ["itnervla", "interval"],
    ["symbols", "symbol"],
    ["smybol", "symbol"],
    ["form", "from"],
    ["fron", "from"],
    ["fromat", "format"],
    ["limits", "limit"],
    ["From", "from"],
    ["TO", "to"],
    ["keys", "key"],
  ];
  for (const [name, known] of meant) assert.equal(nearest(name, NAMES), known, name);
});

test("nearest returns nothing for a different word", () => {
  const others = ["", "_", "t", "ts", "v", "time", "tz", "cb", "nocache", "utm_source", "token"];
  others.push("theme", "page", "offset", "order", "callback", "a".repeat(10_000), "🙂");
  for (const name of others) assert.equal(nearest(name, NAMES), undefined, name);
});

test("nearest returns the closest name, and the first of equally close ones", () => {
  assert.equal(nearest("form", ["format", "from"]), "from");
  assert.equal(nearest("form", ["format"]), "format");
  assert.equal(nearest("cat", ["bat", "car"]), "bat");
  assert.equal(nearest("x", []), undefined);
});
