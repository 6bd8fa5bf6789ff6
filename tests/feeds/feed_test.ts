import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkOptions, flagOption, numberOption, parseFeedSpec } from "../../src/feeds/feed.ts";

describe("parseFeedSpec", () => {
  test("parseFeedSpec takes kind, what and options apart", () => {
    const { name, kind, what, options } = parseFeedSpec(
      "replay:some/ticks.csv?speed=10&loop&map=time:Date,price:Close",
    );
    assert.equal(name, "replay:some/ticks.csv?speed=10&loop&map=time:Date,price:Close");
    assert.deepEqual([kind, what], ["replay", "some/ticks.csv"]);
    assert.deepEqual([...options], [["speed", "10"], ["loop", ""], [
      "map",
      "time:Date,price:Close",
    ]]);
  });

  test("parseFeedSpec keeps colons and slashes of what, and the options after the first ?", () => {
    const { kind, what, options } = parseFeedSpec("kraken:wss://ws.kraken.com/v2?symbols=BTC/USD");
    assert.deepEqual([kind, what, options.get("symbols")], [
      "kraken",
      "wss://ws.kraken.com/v2",
      "BTC/USD",
    ]);
  });

  test("parseFeedSpec reads a kind alone", () => {
    for (const name of ["synthetic", "synthetic:", "synthetic:?"]) {
      const { kind, what, options } = parseFeedSpec(name);
      assert.deepEqual([kind, what, [...options]], ["synthetic", "", []], name);
    }
  });

  test("parseFeedSpec gives no kind to what has none", () => {
    for (const name of ["", ":x", "Replay:x", "ticks.csv", "a b:x"]) {
      assert.equal(parseFeedSpec(name).kind, "", name);
    }
  });
});

describe("Options of a feed", () => {
  const spec = (options: string) => parseFeedSpec(`kind:?${options}`);

  test("checkOptions names the option that is unknown and those that are known", () => {
    checkOptions(spec("a=1&b"), ["a", "b"]);
    assert.throws(() => checkOptions(spec("a=1&c"), ["a", "b"]), {
      name: "RangeError",
      message: "Cannot use feed kind:?a=1&c: kind has no option c; it has a, b",
    });
  });

  test("numberOption reads a number of at least 0, or what is set when it is absent", () => {
    assert.equal(numberOption(spec(""), "n", 7), 7);
    for (const [text, number] of [["0", 0], ["1.5", 1.5], ["1e3", 1_000]] as const) {
      assert.equal(numberOption(spec(`n=${text}`), "n", 7), number);
    }
    for (const text of ["", "x", "-1", "Infinity", "NaN", "10x"]) {
      assert.throws(() => numberOption(spec(`n=${text}`), "n", 7), RangeError, text);
    }
  });

  test("flagOption is yes when present, unless it says false or 0", () => {
    assert.equal(flagOption(spec(""), "loop"), false);
    for (const text of ["loop", "loop=", "loop=true", "loop=1"]) {
      assert.equal(flagOption(spec(text), "loop"), true, text);
    }
    for (const text of ["loop=false", "loop=0"]) {
      assert.equal(flagOption(spec(text), "loop"), false);
    }
  });
});
