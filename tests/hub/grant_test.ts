import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ClientError } from "../../src/hub/client_error.ts";
import { ALL, NONE, Scope } from "../../src/hub/grant.ts";
import { Selection } from "../../src/hub/topic.ts";

const name = fc.string({ unit: fc.constantFrom("A", "B", "/"), minLength: 1, maxLength: 4 })
  .filter((text) => !text.startsWith("/"));
const pattern = fc.oneof(name, name.map((text) => `${text}*`), fc.constant("*"));
const patterns = fc.array(pattern, { minLength: 1, maxLength: 5 });
const fits = (pattern: string, symbol: string) =>
  pattern.endsWith("*") ? symbol.startsWith(pattern.slice(0, -1)) : symbol === pattern;

describe("Scope", () => {
  test("Scope.has is true for symbols that match one of its patterns", () => {
    fc.assert(fc.property(patterns, name, (patterns, symbol) => {
      const expected = patterns.some((pattern) => fits(pattern, symbol));
      assert.equal(new Scope(patterns).has(symbol), expected);
    }));
  });

  test("Scope covers a pattern if it has every name that matches", () => {
    fc.assert(fc.property(patterns, pattern, name, (patterns, asked, symbol) => {
      const scope = new Scope(patterns);
      if (scope.covers(asked) && fits(asked, symbol)) assert.ok(scope.has(symbol));
    }));
    assert.ok(new Scope(["A*"]).covers("AB*"));
    assert.ok(!new Scope(["AB*", "A"]).covers("A*"));
  });

  test("Scopes with the same content have one key, and all and none are recognised", () => {
    assert.equal(new Scope(["B", "A*", "B"]).key, new Scope(["A*", "B"]).key);
    assert.equal(new Scope(["A", "*"]).key, ALL.key);
    assert.deepEqual([ALL.isAll, ALL.isNone, NONE.isAll, NONE.isNone], [true, false, false, true]);
    for (const wrong of ["A*B", "", "a b", "**"]) {
      assert.throws(() => new Scope([wrong]), RangeError);
    }
  });

  test("Selection.within matches what both match, and refuses names outside the scope", () => {
    fc.assert(fc.property(patterns, patterns, name, (asked, granted, symbol) => {
      const scope = new Scope(granted);
      const isRefused = asked.some((each) => !each.endsWith("*") && !scope.has(each));
      const narrow = () => new Selection(asked).within(scope);
      if (isRefused) return assert.throws(narrow, ClientError);
      const selection = narrow();
      const expected = asked.some((each) => fits(each, symbol)) && scope.has(symbol);
      assert.equal(selection.matches(symbol), expected);
      const known = { has: () => true, symbols: () => [symbol] };
      if (asked.every((each) => each.endsWith("*"))) {
        assert.deepEqual(selection.resolve(known).symbols, expected ? [symbol] : []);
      }
      assert.equal(selection.isAll, asked.includes("*") && scope.isAll);
    }));
  });

  test("Selection.within returns the same selection if the scope changes nothing, so that clients share frames", () => {
    const selection = new Selection(["BTC/*"]);
    assert.equal(selection.within(ALL), selection);
    assert.equal(selection.within(new Scope(["B*"])), selection);
    assert.notEqual(new Selection(["*"]).within(new Scope(["B*"])).key, "*");
  });
});
