import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../helpers/until.mjs";
import { PastPrices } from "../../static/past_prices.js";

test("PastPrices loads earlier prices once for a while, for visible symbols", async () => {
  const asked: string[] = [];
  let now = 10_000_000;
  const past = new PastPrices({
    load: (path) => {
      asked.push(path);
      return Promise.resolve(path.includes("symbol=NEW") ? [] : [{ close: 42 }]);
    },
    now: () => now,
    agoMs: 3_600_000,
    interval: "1m",
    changed: () => {},
  });
  assert.equal(past.of("A"), undefined);
  past.want(["A", "B", "C", "D", "NEW"]);
  await until("all are asked for", () => asked.length, (count) => count === 5);
  assert.equal(asked[0], "bars?symbol=A&interval=1m&to=6400000&limit=1");
  await until("it is known", () => past.of("D"), (price) => price === 42);
  assert.equal(past.of("NEW"), undefined);
  past.want(["A", "B"]);
  assert.equal(asked.length, 5);
  now += 61_000;
  past.want(["A"]);
  assert.equal(asked.length, 6);
});
