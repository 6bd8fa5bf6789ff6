import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Catalogue, decimalsOf, readInstrumentFields } from "../../src/core/instrument.ts";
import { symbolFault } from "../../src/core/tick.ts";

function symbolsOf(instruments: readonly { symbol: string }[]): string[] {
  return instruments.map(({ symbol }) => symbol);
}

describe("decimalsOf", () => {
  const cases: [number, number][] = [
    [0, 2],
    [1, 2],
    [1.5, 2],
    [-1.5, 2],
    [0.25, 2],
    [1.005, 3],
    [2.675, 3],
    [-2.675, 3],
    [64_000.123, 3],
    [1.1234, 4],
    [-0.00001, 5],
    [1.123456, 6],
    [0.1234567, 7],
    [0.12345678, 8],
    [0.123456789, 8],
    [1e-8, 8],
    [1e-9, 8],
    [-1e-9, 8],
    [Number.MIN_VALUE, 8],
    [1 / 3, 8],
    [1e21, 2],
    [-1e21, 2],
    [Number.MAX_SAFE_INTEGER, 2],
  ];
  for (const [price, decimals] of cases) {
    test(`decimalsOf ${price} is ${decimals}`, () => assert.equal(decimalsOf(price), decimals));
  }

  test("decimalsOf ignores the noise of binary fractions", () => {
    assert.equal(decimalsOf(0.1 + 0.2), 2);
    assert.equal(decimalsOf(1.1 + 2.2), 2);
    assert.equal(decimalsOf(-(0.1 + 0.2)), 2);
    assert.equal(decimalsOf(3 * 1.001), 3);
  });

  test("decimalsOf counts the digits of a price, from 2 to 8", () => {
    const digits = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
    fc.assert(
      fc.property(digits, fc.integer({ min: 0, max: 8 }), (digits, decimals) => {
        const text = (Math.abs(digits) / 10 ** decimals).toFixed(decimals);
        const written = (text.split(".")[1] ?? "").replace(/0+$/, "").length;
        assert.equal(decimalsOf(Number(text) * Math.sign(digits)), Math.max(2, written));
      }),
      { numRuns: 500 },
    );
  });
});

describe("Catalogue", () => {
  test("Catalogue is empty at first", () => {
    const catalogue = new Catalogue();
    assert.equal(catalogue.size, 0);
    assert.equal(catalogue.has("A"), false);
    assert.equal(catalogue.get("A"), undefined);
    assert.deepEqual(catalogue.all(), []);
    assert.deepEqual(catalogue.search(""), []);
  });

  test("Catalogue fills with null what a definition leaves open", () => {
    const catalogue = new Catalogue();
    const instrument = catalogue.define("AAPL", { name: "Apple Inc." });
    assert.deepEqual(instrument, {
      symbol: "AAPL",
      name: "Apple Inc.",
      description: null,
      decimals: 2,
      prevClose: null,
      shares: null,
    });
    assert.equal(catalogue.get("AAPL"), instrument);
    assert.equal(catalogue.has("AAPL"), true);
    assert.equal(catalogue.size, 1);
  });

  test("Catalogue changes the fields given and leaves the others", () => {
    const catalogue = new Catalogue();
    catalogue.define("A", { name: "Alpha", description: "First", decimals: 3 });
    catalogue.define("A", { prevClose: 0, shares: 7 });
    assert.deepEqual(catalogue.define("A", { name: "" }), {
      symbol: "A",
      name: "",
      description: "First",
      decimals: 3,
      prevClose: 0,
      shares: 7,
    });
    assert.equal(catalogue.size, 1);
  });

  test("Catalogue replaces instruments and never changes one it handed out", () => {
    const catalogue = new Catalogue();
    const before = Object.freeze(catalogue.define("A", {}));
    catalogue.define("A", { name: "Alpha" });
    catalogue.observe("A", 1.2345);
    assert.deepEqual([before.name, before.decimals], [null, 2]);
    assert.deepEqual([catalogue.get("A")?.name, catalogue.get("A")?.decimals], ["Alpha", 4]);
  });

  test("Catalogue refuses a malformed symbol in words and stays as it was", () => {
    const catalogue = new Catalogue();
    for (const symbol of ["", "a b", "=cmd", "-1", "@SUM", "a".repeat(256)]) {
      assert.throws(() => catalogue.define(symbol, {}), {
        name: "RangeError",
        message: `Cannot define instrument ${JSON.stringify(symbol.slice(0, 100))}: ${
          symbolFault(symbol)
        }`,
      });
    }
    assert.equal(catalogue.size, 0);
  });

  test("Catalogue knows what is on the tape, however its symbol begins", () => {
    const catalogue = new Catalogue();
    catalogue.observe("=cmd", 1.234);
    assert.equal(catalogue.get("=cmd")?.decimals, 3);
    const change = catalogue.takeChange("=cmd");
    assert.ok(change !== undefined && !("gone" in change) && change.learning);
    assert.equal(catalogue.define("=cmd", { name: "Old" }).name, "Old");
  });

  test("Catalogue lists instruments in the order of their first appearance", () => {
    const catalogue = new Catalogue();
    catalogue.define("C", {});
    catalogue.observe("A", 1);
    catalogue.define("B", {});
    catalogue.define("C", { name: "again" });
    catalogue.observe("B", 1.234);
    assert.deepEqual([...catalogue.symbols()], ["C", "A", "B"]);
    assert.deepEqual(symbolsOf(catalogue.all()), ["C", "A", "B"]);
  });

  test("Catalogue creates an undefined instrument with its first price", () => {
    const catalogue = new Catalogue();
    catalogue.observe("NEW", 1.5);
    assert.deepEqual(catalogue.get("NEW"), {
      symbol: "NEW",
      name: null,
      description: null,
      decimals: 2,
      prevClose: null,
      shares: null,
    });
  });

  test("Catalogue learns decimals from the most precise price seen, from 2 up to 8", () => {
    const catalogue = new Catalogue();
    const learned = [5, 1.234, 1.2, 1.2345678, 1e-9, 1].map((price) => {
      catalogue.observe("A", price);
      return catalogue.get("A")?.decimals;
    });
    assert.deepEqual(learned, [2, 3, 3, 7, 8, 8]);
  });

  test("Catalogue learns the decimals of an instrument defined without them", () => {
    const catalogue = new Catalogue();
    catalogue.define("A", { name: "Alpha" });
    catalogue.observe("A", 1.234);
    catalogue.define("A", { shares: 5 });
    assert.equal(catalogue.get("A")?.decimals, 3);
    catalogue.observe("A", 1.2345);
    assert.equal(catalogue.get("A")?.decimals, 4);
  });

  test("Catalogue does not change defined decimals", () => {
    const catalogue = new Catalogue();
    catalogue.define("A", { decimals: 0 });
    catalogue.observe("A", 1.2345);
    assert.equal(catalogue.get("A")?.decimals, 0);
    catalogue.define("A", { name: "Alpha" });
    catalogue.observe("A", 1.2345);
    assert.equal(catalogue.get("A")?.decimals, 0);
  });

  test("Catalogue stops learning once decimals are defined", () => {
    const catalogue = new Catalogue();
    catalogue.observe("A", 1.2345);
    catalogue.define("A", { decimals: 3 });
    catalogue.observe("A", 1.23456);
    assert.equal(catalogue.get("A")?.decimals, 3);
  });

  test("Catalogue finds instruments by a part of symbol or name, in any letter case", () => {
    const catalogue = new Catalogue();
    catalogue.define("AAPL", { name: "Apple Inc." });
    catalogue.define("GOOGL", { name: "Alphabet" });
    catalogue.define("BTC/USD", {});
    assert.deepEqual(symbolsOf(catalogue.search("aap")), ["AAPL"]);
    assert.deepEqual(symbolsOf(catalogue.search("APPLE")), ["AAPL"]);
    assert.deepEqual(symbolsOf(catalogue.search("usd")), ["BTC/USD"]);
    assert.deepEqual(symbolsOf(catalogue.search("c")), ["AAPL", "BTC/USD"]);
    assert.deepEqual(symbolsOf(catalogue.search("")), ["AAPL", "GOOGL", "BTC/USD"]);
    assert.deepEqual(symbolsOf(catalogue.search(".*")), []);
    assert.deepEqual(symbolsOf(catalogue.search("null")), []);
  });

  test("Catalogue deletes a field that is set to null, and learns deleted decimals again", () => {
    const catalogue = new Catalogue();
    const fields = { name: "Alpha", description: "First", decimals: 0, prevClose: 5, shares: 7 };
    catalogue.define("A", fields);
    assert.deepEqual(catalogue.define("A", { name: null, prevClose: null }), {
      symbol: "A",
      ...fields,
      name: null,
      prevClose: null,
    });
    catalogue.observe("A", 1.234);
    assert.equal(catalogue.get("A")?.decimals, 0);
    catalogue.define("A", { decimals: null });
    catalogue.observe("A", 1.234);
    assert.equal(catalogue.get("A")?.decimals, 3);
  });
});

describe("Fields of an instrument as people write them", () => {
  test("Fields are read by their public names, null included", () => {
    assert.deepEqual(readInstrumentFields({}), {});
    assert.deepEqual(
      readInstrumentFields({ name: "", decimals: 8, prev_close: -1.5, shares: 0 }),
      { name: "", decimals: 8, prevClose: -1.5, shares: 0 },
    );
    assert.deepEqual(readInstrumentFields({ description: null }), { description: null });
  });

  test("An unknown or bad field is refused by its name", () => {
    const reason = (written: unknown) => {
      try {
        readInstrumentFields(written);
      } catch (error) {
        assert.ok(error instanceof RangeError);
        return error.message;
      }
      assert.fail("read");
    };
    assert.match(reason({ prevClose: 1 }), /^"prevClose" is no field: known are name, /);
    assert.match(reason({ toString: 1 }), /^"toString" is no field/);
    assert.match(reason({ decimals: -1 }), /^decimals is not a whole number from 0 to 8$/);
    assert.match(reason({ prev_close: Infinity }), /^prev_close is not a number$/);
    assert.match(reason({ description: "x".repeat(2_001) }), /^description is not text of at most/);
    for (const written of [null, [], "x", 5]) assert.match(reason(written), /^it is not an object/);
  });
});
