import assert from "node:assert/strict";
import { test } from "node:test";
import { findCommands } from "../../static/palette.js";

const run = () => {};
const commands = [
  { group: "Interval", text: "1m", run },
  { group: "Export", text: "Save the chart as PNG", run },
  { group: "Symbol", text: "MSFT", hint: "Microsoft", run },
  { group: "Symbol", text: "M", run },
  { group: "Symbol", text: "BTC/USD", hint: "Bitcoin in US dollars", run },
];
const found = (text: string) => findCommands(commands, text).map(({ text }) => text);

test("Commands are found by any of their words, in any order", () => {
  assert.deepEqual(found("png save"), ["Save the chart as PNG"]);
  assert.deepEqual(found("bitcoin"), ["BTC/USD"]);
  assert.deepEqual(found("usd"), ["BTC/USD"]);
  assert.deepEqual(found("tcoin"), ["BTC/USD"]);
  assert.deepEqual(found("symbol btc/usd"), ["BTC/USD"]);
  // A single letter would match nearly every command.
  assert.deepEqual(found("b"), ["BTC/USD"]);
  assert.deepEqual(found("nothing like it"), []);
  assert.equal(found("").length, commands.length);
});

test("An exact match comes first, then names that begin with the text", () => {
  assert.deepEqual(found("m").slice(0, 2), ["M", "MSFT"]);
});
