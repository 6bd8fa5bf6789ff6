import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  checkOptions,
  type FeedSpec,
  flagOption,
  numberOption,
  openFeeds,
  parseFeedSpec,
} from "../../src/feeds/feed.ts";

describe("parseFeedSpec", () => {
  test("parseFeedSpec splits kind, source and options", () => {
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

  test("parseFeedSpec keeps colons and slashes of the source, and reads options after the first ?", () => {
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

  test("parseFeedSpec gives an empty kind for a text without a kind", () => {
    for (const name of ["", ":x", "Replay:x", "ticks.csv", "a b:x"]) {
      assert.equal(parseFeedSpec(name).kind, "", name);
    }
  });
});

describe("Options of a feed", () => {
  const spec = (options: string) => parseFeedSpec(`kind:?${options}`);

  test("checkOptions names the unknown option and the known ones", () => {
    checkOptions(spec("a=1&b"), ["a", "b"]);
    assert.throws(() => checkOptions(spec("a=1&c"), ["a", "b"]), {
      name: "RangeError",
      message: "Cannot use feed kind:?a=1&c: kind has no option c; it has a, b",
    });
  });

  test("numberOption reads a number of at least 0, or gives the default", () => {
    assert.equal(numberOption(spec(""), "n", 7), 7);
    for (const [text, number] of [["0", 0], ["1.5", 1.5], ["1e3", 1_000]] as const) {
      assert.equal(numberOption(spec(`n=${text}`), "n", 7), number);
    }
    for (const text of ["", "x", "-1", "Infinity", "NaN", "10x"]) {
      assert.throws(() => numberOption(spec(`n=${text}`), "n", 7), RangeError, text);
    }
  });

  test("flagOption is true when present, except for false or 0", () => {
    assert.equal(flagOption(spec(""), "loop"), false);
    for (const text of ["loop", "loop=", "loop=true", "loop=1"]) {
      assert.equal(flagOption(spec(text), "loop"), true, text);
    }
    for (const text of ["loop=false", "loop=0"]) {
      assert.equal(flagOption(spec(text), "loop"), false);
    }
  });
});

describe("openFeeds", () => {
  const kinds = { a: ({ name, options }: FeedSpec) => ({ name, run: async () => {}, options }) };
  const open = (...names: string[]) => openFeeds(names, kinds, { TOKEN: "s3&cret" });

  test("openFeeds opens each named feed except none, with values of the environment", () => {
    const feeds = open("a:x?to=${TOKEN}", "none", "a:y");
    assert.deepEqual(feeds.map(({ name }) => name), ["a:x?to=${TOKEN}", "a:y"]);
    assert.equal((feeds[0] as unknown as FeedSpec).options.get("to"), "s3&cret");
  });

  test("openFeeds refuses unknown, repeated and unset names in words, without secrets", () => {
    assert.throws(() => open("b:x?key=abc"), {
      name: "RangeError",
      message: "Cannot use feed b:x?key=…: its kind is none of a, none",
    });
    assert.throws(() => open("toString:x"), /its kind is none of a, none$/);
    assert.throws(() => open("a:x", "a:x"), /^RangeError: Cannot use feed a:x: it is named twice$/);
    assert.throws(() => open("a:x?y=${NO}"), /: NO is not set in the environment$/);
    assert.equal(open("a:x?key=1", "a:x?key=2").length, 2);
  });
});
