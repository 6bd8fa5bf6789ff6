import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseFeedSpec } from "../../src/feeds/feed.ts";
import { namingOf, patternFault } from "../../src/feeds/topic_names.ts";

const MQTT = { one: "+", rest: "#", between: "/" };
const NATS = { one: "*", rest: ">", between: "." };

describe("Names of topics", () => {
  test("A topic is the symbol, or a pattern makes the symbol from the wildcards", () => {
    const names = (symbol: string, patterns: string[], topics: string[], of = MQTT) => {
      const spec = parseFeedSpec(`mqtt:?${symbol === "" ? "" : `symbol=${symbol}`}`);
      const { naming, named } = namingOf(spec, patterns, of);
      return [topics.map(naming), named.options.get("symbol")];
    };
    assert.deepEqual(names("", ["a/+"], ["a/b"]), [["a/b"], null]);
    assert.deepEqual(names("X", ["a/+"], ["a/b"]), [[undefined], "X"]);
    assert.deepEqual(names("{site}", ["a/+"], ["a/b"]), [[undefined], "{site}"]);
    assert.deepEqual(
      names("{2}:{1}", ["p/+/+", "q/+/x/#"], ["p/a/b", "q/a/x/y/z", "q/a/x"]),
      [["b:a", "y/z:a", ":a"], null],
    );
    assert.deepEqual(names("{1}", ["q.*.>"], ["q.A.b.c"], NATS), [["A"], null]);
  });

  test("A bad pattern is refused in words", () => {
    assert.equal(patternFault("a/+/b/#", MQTT), undefined);
    assert.equal(patternFault("/a", MQTT), undefined);
    assert.equal(patternFault("a+/b", MQTT), "+ and # stand for whole parts");
    assert.equal(patternFault("a/#/b", MQTT), "# must stand at the end");
    assert.equal(patternFault("a..b", NATS), "a part of it is empty");
    const of = (symbol: string) => () =>
      namingOf(parseFeedSpec(`mqtt:?symbol=${symbol}`), ["a/+"], MQTT);
    assert.throws(of("{2}"), /: symbol has \{2\}, but a\/\+ has fewer wildcards$/);
    assert.throws(of("{0}"), /: symbol has \{0\}, but a\/\+ has fewer wildcards$/);
    assert.throws(of("{1}%20x"), /a symbol has no spaces$/);
  });
});
