import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isSpelled, isSymbol, SYMBOL_LENGTH_MAX, symbolFault } from "../../src/core/tick.ts";

const SPACES = "a symbol has no spaces";
const ALPHABET = "a symbol is made of A-Z a-z 0-9 . _ : / ^ = -";

describe("isSymbol", () => {
  for (
    const text of ["A", "AAPL", "BTC/USD", "^GSPC", "EURUSD=X", "a_b", "x:y", "BRK.B", "9", "a-"]
  ) {
    test(`isSymbol accepts ${text}`, () => assert.equal(isSymbol(text), true));
  }

  for (
    const text of [
      "",
      " ",
      "a b",
      "AAPL ",
      "AAPL\n",
      "a,b",
      "BTC/*",
      "é",
      "a%b",
      "\0",
      "a\\b",
      "💶",
      "=cmd",
      "-",
      "-1",
      "@SUM",
      "+1",
    ]
  ) {
    test(`isSymbol refuses ${JSON.stringify(text)}`, () => assert.equal(isSymbol(text), false));
  }

  test("isSymbol accepts 255 characters and refuses 256", () => {
    assert.equal(SYMBOL_LENGTH_MAX, 255);
    assert.equal(isSymbol("a".repeat(255)), true);
    assert.equal(isSymbol("a".repeat(256)), false);
  });
});

describe("symbolFault", () => {
  test("symbolFault finds nothing wrong with a symbol", () => {
    assert.equal(symbolFault("BTC/USD"), undefined);
    assert.equal(symbolFault("a".repeat(255)), undefined);
  });

  test("symbolFault describes an empty text", () => {
    assert.equal(symbolFault(""), "a symbol is not empty");
  });

  test("symbolFault says that spaces are not allowed, also in a long text", () => {
    assert.equal(symbolFault("a b"), SPACES);
    assert.equal(symbolFault(" "), SPACES);
    assert.equal(symbolFault("A\t"), SPACES);
    assert.equal(symbolFault("A\n"), SPACES);
    assert.equal(symbolFault("a ".repeat(40)), SPACES);
  });

  test("symbolFault gives the maximum length of a symbol", () => {
    assert.equal(symbolFault("a".repeat(256)), "a symbol has at most 255 characters");
    assert.equal(symbolFault("é".repeat(256)), "a symbol has at most 255 characters");
  });

  test("symbolFault names the characters that cannot begin a symbol", () => {
    const words = "a symbol does not begin with = - or @";
    for (const text of ["=cmd", "-1", "@SUM", "="]) assert.equal(symbolFault(text), words);
  });

  test("isSpelled accepts the symbols of older tapes, and nothing else", () => {
    for (const text of ["A", "=cmd", "-", "a".repeat(255)]) assert.equal(isSpelled(text), true);
    for (const text of ["", "@a", "a b", "é", "-\n", "a".repeat(256)]) {
      assert.equal(isSpelled(text), false);
    }
  });

  test("symbolFault names the allowed characters", () => {
    for (const text of ["é", "a,b", "*", "a#b", "\0"]) assert.equal(symbolFault(text), ALPHABET);
  });

  test("symbolFault finds a fault in exactly the texts that isSymbol refuses", () => {
    const letter = fc.constantFrom(..."AZaz09._:/^=-@ ,*é\t");
    const text = fc.oneof(fc.string(), fc.string({ unit: letter, maxLength: 270 }));
    fc.assert(fc.property(text, (text) => {
      assert.equal(symbolFault(text) === undefined, isSymbol(text));
    }));
  });
});
