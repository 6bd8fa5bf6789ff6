import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOW, refused, serve } from "../serve.ts";

const NULLS = {
  name: null,
  date: null,
  time: null,
  price: null,
  change: null,
  change_percent: null,
  volume: null,
  prev_close: null,
  open: null,
  high: null,
  low: null,
  bid: null,
  ask: null,
  market_cap: null,
};

describe("GET /snapshot", () => {
  const symbolsOf = (rows: Record<string, unknown>[]) => rows.map(({ symbol }) => symbol);

  async function filled() {
    const server = serve();
    const yesterday = NOW - 86_400_000;
    await server.send(
      { symbol: "MSFT", price: 428 },
      { symbol: "AAPL", price: 145.54, time: yesterday },
      { symbol: "BTC/USD", price: 64_000 },
      { symbol: "BTC/EUR", price: 60_000 },
      { symbol: "AAPL", price: 150.12, size: 10, bid: 150.11, ask: 150.13 },
    );
    return server;
  }

  test("/snapshot without symbols answers every row", async () => {
    const server = await filled();
    const all = ["MSFT", "AAPL", "BTC/USD", "BTC/EUR"];
    assert.deepEqual(symbolsOf(await server.get("/snapshot")), all);
    assert.deepEqual(symbolsOf(await server.get("/snapshot?symbol=")), all);
    assert.deepEqual(symbolsOf(await server.get("/snapshot?symbol=*")), all);
    assert.deepEqual(await serve().get("/snapshot"), []);
  });

  test("/snapshot answers full rows", async () => {
    const [row] = await (await filled()).get("/snapshot?symbol=AAPL");
    assert.deepEqual(row, {
      ...NULLS,
      symbol: "AAPL",
      date: "2025-11-21",
      time: NOW,
      price: 150.12,
      change: 4.58,
      change_percent: 0.03146901,
      volume: 10,
      prev_close: 145.54,
      open: 150.12,
      high: 150.12,
      low: 150.12,
      bid: 150.11,
      ask: 150.13,
    });
  });

  test("/snapshot keeps the order of the request and answers each symbol once", async () => {
    const server = await filled();
    const order = async (query: string) => symbolsOf(await server.get(`/snapshot?symbol=${query}`));
    assert.deepEqual(await order("BTC/USD,MSFT"), ["BTC/USD", "MSFT"]);
    assert.deepEqual(await order("MSFT,BTC/USD,,MSFT"), ["MSFT", "BTC/USD"]);
    assert.deepEqual(await order("AAPL&symbol=MSFT"), ["AAPL", "MSFT"]);
    assert.deepEqual(await order("%20AAPL%20,%20MSFT"), ["AAPL", "MSFT"]);
  });

  test("/snapshot answers a row of nulls for a symbol not seen yet", async () => {
    const rows = await (await filled()).get("/snapshot?symbol=NOPE,AAPL");
    assert.deepEqual(symbolsOf(rows), ["NOPE", "AAPL"]);
    assert.deepEqual(rows[0], { ...NULLS, symbol: "NOPE" });
  });

  test("/snapshot accepts prefixes, with or without matches", async () => {
    const server = await filled();
    const order = async (query: string) => symbolsOf(await server.get(`/snapshot?symbol=${query}`));
    assert.deepEqual(await order("BTC/*"), ["BTC/USD", "BTC/EUR"]);
    assert.deepEqual(await order("BTC/EUR,BTC/*,X*"), ["BTC/EUR", "BTC/USD"]);
  });

  test("/snapshot refuses a malformed symbol in words", async () => {
    const server = await filled();
    const detail = await refused(server.request("/snapshot?symbol=AAPL,a%20b"), 400, "bad_symbol");
    assert.match(detail, /"a b": a symbol has no spaces$/);
    for (const symbol of ["A*B", "**", "x".repeat(256), "%3Dcmd", "-1", "@SUM", "%C3%A9", "<b>"]) {
      await refused(server.request(`/snapshot?symbol=${symbol}`), 400, "bad_symbol");
    }
    const many = Array.from({ length: 10_001 }, (_, index) => `S${index}`).join(",");
    await refused(server.request(`/snapshot?symbol=${many}`), 400, "too_many_symbols");
  });

  test("/snapshot has the position of its rows", async () => {
    const server = await filled();
    const before = (await server.request("/snapshot")).headers.get("tickwire-position");
    assert.match(before!, /^[a-z0-9]+:5$/);
    const { position } = await (await server.post({ symbol: "NEW", price: 1 })).json();
    const after = (await server.request("/snapshot?symbol=AAPL")).headers.get("tickwire-position");
    assert.equal(after, position);
    assert.match(after!, /:6$/);
  });
});
