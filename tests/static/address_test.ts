import assert from "node:assert/strict";
import { test } from "node:test";
import { queryText, readView, writeView } from "../../static/address.js";

const read = (text: string) => readView(new URLSearchParams(text));

test("An address describes the view, and a copied address shows the same", () => {
  const texts = [
    "?symbol=BTC/USD&interval=1m",
    "?symbol=AAPL&interval=tick&look=line&range=600s",
    "?symbol=AAPL&interval=1h&compare=MSFT,BTC/USD&time=2026-05-07T13:00:00.250Z",
    "?symbol=A&interval=5m&indicators=sma-20,bollinger-20-2@ff8800&scale=log&gaps=out",
    "?symbol=A&interval=1d&range=2026-05-01T00:00:00.000Z..2026-05-02T00:00:00.000Z",
  ];
  for (const text of texts) {
    const query = new URLSearchParams();
    writeView(query, read(text));
    assert.equal(queryText(query), text);
  }
});

test("Missing and invalid parts of an address get their defaults", () => {
  const usual = {
    symbol: "",
    interval: "1m",
    look: "candles",
    compare: [],
    indicators: [],
    scale: "auto",
    isGapless: false,
    panes: undefined,
    range: {},
    time: undefined,
  };
  assert.deepEqual(read(""), usual);
  const wrong = "interval=2m&look=pie&compare=a b,<i>&range=0s&time=tomorrow" +
    "&indicators=SMA,sma--1,<b>,sma-1-2-3-4-5,sma@red&scale=cubic&gaps=maybe&panes=99";
  assert.deepEqual(read(wrong), usual);
  for (const range of ["9..1", "x..y", "99999999999d", "2026-05-07T13:00:00Z.."]) {
    assert.deepEqual(read(`range=${range}`).range, {}, range);
  }
});

test("At most three symbols are compared with the leading one, each once", () => {
  assert.deepEqual(read("compare=A,B,A,C,D").compare, ["A", "B", "C"]);
});

test("Milliseconds are accepted as a time, and unknown parameters stay", () => {
  assert.equal(read("time=1763700000000").time, 1763700000000);
  const query = new URLSearchParams("theme=dark&time=1");
  writeView(query, read("symbol=A"));
  assert.equal(queryText(query), "?theme=dark&symbol=A&interval=1m");
});

test("Each chart has its own part of the address", () => {
  const query = new URLSearchParams("symbol=A&interval=1h&symbol2=B&interval2=1d&look2=line");
  const { symbol, interval, look } = readView(query, "2");
  assert.deepEqual([symbol, interval, look], ["B", "1d", "line"]);
  writeView(query, readView(query), "3");
  assert.equal(query.get("symbol3"), "A");
});

test("The number of indicators is limited", () => {
  const many = Array.from({ length: 50 }, (_, index) => `sma-${index + 1}`).join(",");
  assert.equal(read(`indicators=${many}`).indicators.length, 8);
});
