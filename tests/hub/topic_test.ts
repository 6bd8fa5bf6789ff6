import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { INTERVALS } from "../../src/core/interval.ts";
import { ClientError } from "../../src/hub/client_error.ts";
import { channelName, parseChannel, Selection } from "../../src/hub/topic.ts";

describe("Channel", () => {
  it("parseChannel reads every channel and channelName writes it back", () => {
    for (const name of ["tick", "quote", ...INTERVALS.map((interval) => `bar:${interval}`)]) {
      assert.equal(channelName(parseChannel(name)), name);
    }
  });

  it("parseChannel refuses an unknown channel", () => {
    for (const name of ["", "ticks", "bar", "bar:", "bar:2m", "bar:1m:x ", "quote:1m", "Tick"]) {
      assert.throws(() => parseChannel(name), ClientError, name);
    }
  });
});

describe("Selection", () => {
  const known = new Set(["AAPL", "BTC/USD", "BTC/EUR", "ETH/USD"]);
  const catalogue = { has: (symbol: string) => known.has(symbol), symbols: () => known };

  it("Selection resolves names, prefixes and the star, without duplicates, in the order of the request", () => {
    const { symbols, unknown } = new Selection(["ETH/USD", "BTC/*", "NOPE", "BTC/USD", "ETH/USD"])
      .resolve(catalogue);
    assert.deepEqual(symbols, ["ETH/USD", "BTC/USD", "BTC/EUR"]);
    assert.deepEqual(unknown, ["NOPE"]);
    assert.deepEqual(new Selection(["*"]).resolve(catalogue).symbols, [...known]);
  });

  it("Selection matches symbols that appear later", () => {
    const selection = new Selection(["NEW", "BTC/*"]);
    assert.ok(selection.matches("NEW"));
    assert.ok(selection.matches("BTC/GBP"));
    assert.ok(!selection.matches("NEWER"));
    assert.ok(!selection.matches("BTC"));
  });

  it("Selection has the same key for the same content in another order", () => {
    assert.equal(new Selection(["B", "A", "B"]).key, new Selection(["A", "B"]).key);
    assert.notEqual(new Selection(["A"]).key, new Selection(["A*"]).key);
  });

  it("Selection accepts a name that begins like a formula only if the symbol exists", () => {
    const selection = new Selection(["A", "=cmd", "-*"]);
    selection.check(new Set(["=cmd"]));
    assert.throws(
      () => selection.check(new Set()),
      { code: "bad_symbol", message: /"=cmd": a symbol does not begin with = - or @$/ },
    );
  });

  it("Selection refuses an empty list, a star before the end and malformed names", () => {
    for (
      const patterns of [[], ["*A"], ["A*B"], ["a b"], [""], ["x".repeat(256)], ["@a"], ["ü"], [
        "A,B",
      ]]
    ) {
      assert.throws(() => new Selection(patterns), ClientError, String(patterns));
    }
  });
});
