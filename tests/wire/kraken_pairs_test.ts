import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Catalogue } from "../../src/core/instrument.ts";
import { Pairs } from "../../src/wire/kraken_pairs.ts";

function pairsOf(...symbols: string[]): Pairs {
  const catalogue = new Catalogue();
  for (const symbol of symbols) catalogue.define(symbol, {});
  return new Pairs(catalogue);
}

describe("Pairs", () => {
  const names: [symbol: string, key: string, altname: string, wsname: string][] = [
    ["BTC/USD", "XXBTZUSD", "XBTUSD", "XBT/USD"],
    ["ETH/BTC", "XETHXXBT", "ETHXBT", "ETH/XBT"],
    ["EUR/USD", "ZEURZUSD", "EURUSD", "EUR/USD"],
    ["SOL/USD", "SOLUSD", "SOLUSD", "SOL/USD"],
    ["ACA/EUR", "ACAEUR", "ACAEUR", "ACA/EUR"],
    ["DOGE/USD", "XDGUSD", "XDGUSD", "XDG/USD"],
    ["DOGE/BTC", "XXDGXXBT", "XDGXBT", "XDG/XBT"],
  ];
  for (const [symbol, key, altname, wsname] of names) {
    test(`Pairs finds ${symbol} by ${key}, ${altname}, ${wsname} and itself`, () => {
      const pairs = pairsOf("AAPL", symbol);
      for (const name of [key, altname, wsname, symbol]) {
        assert.deepEqual(
          { ...pairs.ofName(name), base: 0, quote: 0 },
          { symbol, number: 1, key, altname, wsname, base: 0, quote: 0 },
        );
      }
    });
  }

  test("Pairs accepts as a pair a symbol with one slash and text on both sides", () => {
    const pairs = pairsOf("AAPL", "/USD", "BTC/", "A/B/C", "/", "A/B");
    assert.deepEqual(pairs.all().map(({ symbol }) => symbol), ["A/B"]);
    for (const name of ["AAPL", "/USD", "A/B/C", "toString", "__proto__"]) {
      assert.equal(pairs.ofName(name), undefined);
    }
  });

  test("Pairs finds later instruments, and keeps the numbers of the others", () => {
    const catalogue = new Catalogue();
    const pairs = new Pairs(catalogue);
    assert.deepEqual(pairs.all(), []);
    catalogue.define("A/B", {});
    assert.equal(pairs.ofSymbol("A/B")!.number, 0);
    catalogue.define("X", {});
    catalogue.define("C/D", { decimals: 3 });
    assert.equal(pairs.ofName("CD")!.number, 2);
    assert.equal(pairs.ofNumber(0)!.symbol, "A/B");
    assert.equal(pairs.ofNumber(1), undefined);
    assert.equal(pairs.decimalsOf(pairs.ofNumber(2)!), 3);
  });

  test("Pairs gives a name of two pairs to the older one", () => {
    const pairs = pairsOf("AB/C", "A/BC", "XBT/USD", "BTC/USD");
    assert.equal(pairs.ofName("ABC")!.symbol, "AB/C");
    assert.equal(pairs.ofName("XBT/USD")!.symbol, "XBT/USD");
    assert.equal(pairs.ofName("BTC/USD")!.symbol, "BTC/USD");
  });
});
