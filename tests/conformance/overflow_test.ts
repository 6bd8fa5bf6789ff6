// deno-lint-ignore-file no-explicit-any -- answers are whatever the server sends
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import { Door } from "../http/door.ts";
import { NOW, serve, TestApp } from "../http/serve.ts";

const folder = mkdtempSync(join(tmpdir(), "tickwire-overflow-"));
after(() => rmSync(folder, { recursive: true }));

const MAX = Number.MAX_VALUE;
const NO_NUMBER = /Infinity|NaN|undefined/;

/** Symbols with infinite results, each in another way. */
async function market(server = serve()): Promise<TestApp> {
  await define(server, "GAP/USD", { prev_close: -1e308 });
  await define(server, "TINY/USD", { prev_close: 5e-324, shares: 1e308 });
  await define(server, "PART/USD", { prev_close: 1e-300 });
  const big = { symbol: "BIG/USD", price: 2, size: 1e308 };
  const mean = { symbol: "MEAN/USD", price: 1e308, bid: -1e308, ask: 1e308 };
  await server.send(big, big, mean, mean);
  // The value of a trade may be infinite though its size is finite.
  await server.send({ symbol: "WORTH/USD", price: -1e200, size: 1e200 });
  await server.send(
    { symbol: "GAP/USD", price: 1e308 },
    { symbol: "TINY/USD", price: 100 },
    // A finite fraction that is infinite in percent.
    { symbol: "PART/USD", price: 1e7 },
  );
  await server.send({ symbol: "SWING/USD", price: -1e308 }, { symbol: "SWING/USD", price: 1e308 });
  await server.send({ symbol: "MIDDLE/USD", bid: MAX, ask: MAX });
  await server.send({ symbol: "MIDDLE/USD", bid: 1e308, ask: 1.1e308 });
  return server;
}

async function define(server: TestApp, symbol: string, fields: object): Promise<void> {
  const body = JSON.stringify(fields);
  assert.equal((await server.request(`/symbols/${symbol}`, { method: "PUT", body })).status, 200);
}

/** The answer to a GET as text, checked for infinite numbers and NaN. */
async function textOf(server: TestApp, path: string): Promise<string> {
  const response = await server.request(path);
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  assert.doesNotMatch(text, NO_NUMBER, path);
  return text;
}

const jsonOf = async (server: TestApp, path: string): Promise<any> =>
  JSON.parse(await textOf(server, path));
const figuresOf = (bars: any[]) => bars.map(({ volume, vwap }) => [volume, vwap]);

/** The next text that matches, checked for infinite numbers and NaN. */
async function told(door: Door, words: RegExp): Promise<any> {
  for (;;) {
    const text = await door.text() ?? "";
    assert.doesNotMatch(text, NO_NUMBER);
    const frame = JSON.parse(text);
    if (words.test(text)) return frame;
  }
}

describe("What is beyond all numbers", () => {
  test("A row has null for it", async () => {
    const server = await market();
    const row = async (symbol: string) => (await jsonOf(server, `/snapshot?symbol=${symbol}`))[0];
    assert.equal((await row("BIG/USD")).volume, null);
    const gap = await row("GAP/USD");
    assert.deepEqual([gap.change, gap.change_percent], [null, null]);
    const tiny = await row("TINY/USD");
    assert.deepEqual([tiny.change, tiny.change_percent, tiny.market_cap], [100, null, null]);
    assert.deepEqual([(await row("PART/USD")).change_percent], [null]);
    await textOf(server, "/snapshot");
    await textOf(server, "/symbols");
    await textOf(server, "/metrics");
  });

  test("The middle of a bid and an ask is finite, even if their sum is infinite", async () => {
    const server = await market();
    const prices = (await jsonOf(server, "/ticks?symbol=MIDDLE/USD")).map((tick: any) =>
      tick.price
    );
    assert.deepEqual(prices, [MAX, 1.05e308]);
  });

  test("A bar has null for it in JSON and Arrow, and an empty value in CSV", async () => {
    const server = await market();
    const bars = (symbol: string) => `/bars?symbol=${symbol}&interval=1m`;
    assert.deepEqual(figuresOf(await jsonOf(server, bars("BIG/USD"))), [[null, null]]);
    assert.deepEqual(figuresOf(await jsonOf(server, bars("MEAN/USD"))), [[0, null]]);
    assert.deepEqual(figuresOf(await jsonOf(server, bars("WORTH/USD"))), [[1e200, null]]);
    const line = JSON.parse(await textOf(server, `${bars("BIG/USD")}&format=ndjson`));
    assert.deepEqual(figuresOf([line]), [[null, null]]);
    const csv = await textOf(server, `${bars("BIG/USD")}&format=csv`);
    assert.match(csv, /^BIG\/USD,1m,\d+,2,2,2,2,,,2,false,false\r\n$/m);
    const arrow = await server.request(`${bars("BIG/USD")}&format=arrow`);
    const table = tableFromIPC(await arrow.arrayBuffer()).toArray();
    assert.deepEqual(figuresOf(table), [[null, null]]);
    await textOf(server, "/ticks?format=csv");
  });

  test("An infinite sum stays unknown in its bar, and the next bar has a sum again", async () => {
    const server = await market();
    await server.send({ symbol: "BIG/USD", price: 3, size: 1 }, {
      symbol: "BIG/USD",
      price: -4,
      size: 0,
    });
    server.now = NOW + 60_000;
    await server.send({ symbol: "BIG/USD", price: 5, size: 7, time: NOW + 60_000 });
    const minutes = await jsonOf(server, "/bars?symbol=BIG/USD&interval=1m&fill=previous");
    assert.deepEqual(figuresOf(minutes), [[null, null], [7, 5]]);
    assert.deepEqual(figuresOf(await jsonOf(server, "/bars?symbol=BIG/USD&interval=1h")), [[
      null,
      null,
    ]]);
    server.now = NOW + 180_000;
    await server.send({ symbol: "BIG/USD", price: 5, time: server.now });
    const filled = await jsonOf(server, "/bars?symbol=BIG/USD&interval=1m&fill=previous");
    assert.deepEqual(figuresOf(filled), [[null, null], [7, 5], [0, 5], [0, 5]]);
  });

  test("It is stored in the file, and derived data is the same after a restart", async () => {
    const flags = ["--tape", `sqlite:${join(folder, "tape.db")}`];
    const read = async (server: TestApp) => {
      const symbols = ["BIG", "MEAN", "WORTH", "GAP", "MIDDLE"].map((name) => `${name}/USD`);
      const of = (symbol: string) => textOf(server, `/bars?symbol=${symbol}&interval=1d`);
      return [await textOf(server, "/snapshot"), ...await Promise.all(symbols.map(of))];
    };
    const first = await market(new TestApp(flags));
    const before = await read(first);
    await first.app.stop();
    const second = new TestApp(flags);
    assert.deepEqual(await read(second), before);
    await second.send({ symbol: "BIG/USD", price: 3, size: 1 });
    const [bar] = await jsonOf(second, "/bars?symbol=BIG/USD&interval=1d");
    assert.deepEqual([bar.volume, bar.vwap, bar.count], [null, null, 3]);
    await second.app.stop();
  });

  test("OpenBB's charts and tables have null, and a metric no change", async () => {
    const server = await market();
    const [, volumes] = (await jsonOf(server, "/openbb/chart?symbol=BIG/USD")).data;
    assert.deepEqual(volumes.y, [null]);
    assert.deepEqual(figuresOf(await jsonOf(server, "/openbb/bars?symbol=BIG/USD")), [[
      null,
      null,
    ]]);
    assert.equal((await jsonOf(server, "/openbb/metric?symbol=TINY/USD")).delta, "");
    assert.equal((await jsonOf(server, "/openbb/metric?symbol=PART/USD")).delta, "");
  });

  test("TradingView's lists have 0 for it, and quotes leave it out", async () => {
    const server = await market();
    const { v, c } = await jsonOf(server, "/udf/history?symbol=BIG/USD&resolution=1");
    assert.deepEqual([v, c], [[0], [2]]);
    const { d } = await jsonOf(
      server,
      "/udf/quotes?symbols=BIG/USD,MEAN/USD,GAP/USD,TINY/USD,PART/USD",
    );
    const [big, mean, ...others] = d.map(({ v }: any) => v);
    assert.ok(!("volume" in big));
    assert.deepEqual([mean.bid, mean.ask, "spread" in mean], [-1e308, 1e308, false]);
    for (const { chp } of others) assert.equal(chp, undefined);
  });

  test("Kraken's REST API has 0 for it", async () => {
    const server = await market();
    const { result } = await jsonOf(server, "/kraken/0/public/Ticker");
    assert.deepEqual(result["BIGUSD"].v, ["0.00000000", "0.00000000"]);
    assert.deepEqual(result["BIGUSD"].p, ["0.00000", "0.00000"]);
    assert.deepEqual(result["MEANUSD"].l, ["1e+308", "1e+308"]);
    const { result: candles } = await jsonOf(server, "/kraken/0/public/OHLC?pair=BIG/USD");
    assert.deepEqual(candles["BIG/USD"][0].slice(5), ["0.00", "0.00000000", 2]);
    for (const method of ["Trades", "Depth", "Spread"]) {
      await textOf(server, `/kraken/0/public/${method}?pair=MEAN/USD`);
    }
  });

  test("Streams and grids have null for it", async () => {
    const server = await market();
    const native = new Door(server, "/ws");
    const quotes = { op: "subscribe", symbols: ["*"], channel: "quote" };
    native.send(quotes);
    native.send({ ...quotes, format: "columns", channel: "bar:1m" });
    native.send({ ...quotes, channel: "bar:1h" });
    const { snapshot } = await told(native, /"quote"/);
    assert.equal(snapshot.find(({ symbol }: any) => symbol === "BIG/USD").volume, null);
    const bars = (await told(native, /"bar:1m"/)).snapshot;
    assert.deepEqual(figuresOf(bars.filter(({ symbol }: any) => symbol === "BIG/USD")), [[
      null,
      null,
    ]]);
    const grid = new Door(server, "/ws");
    grid.send({ params: { symbol: "BIG/USD,GAP/USD" } });
    assert.deepEqual((await told(grid, /GAP/)).map(({ volume, change }: any) => [volume, change]), [
      [null, null],
      [0, null],
    ]);
    const list = new Door(server, "/ws?format=list&every=100ms");
    await told(list, /BIG/);
    const value = new Door(server, "/ws?symbol=MIDDLE/USD&format=value");
    await told(value, /value/);
    const events = (await server.request("/stream?channel=bar:1m&symbol=*")).body!.getReader();
    await server.send({ symbol: "BIG/USD", price: 2 }, {
      symbol: "MIDDLE/USD",
      bid: MAX,
      ask: MAX,
    });
    const columns = await told(native, /"op":"data","sub":"b\d+".*\[\d/);
    const [row] = columns.rows;
    assert.deepEqual(row.slice(7, 9), [null, null]);
    assert.deepEqual(figuresOf((await told(native, /"data".*"1h"/)).rows.slice(0, 1)), [[
      null,
      null,
    ]]);
    assert.equal((await told(grid, /BIG/))[0].volume, null);
    assert.deepEqual(await told(value, /value/), { value: MAX });
    let text = "";
    while (!text.includes('"op":"data"')) {
      text += new TextDecoder().decode((await events.read()).value);
    }
    assert.doesNotMatch(text, NO_NUMBER);
    assert.match(text, /"symbol":"BIG\/USD".{0,200}"volume":null,"vwap":null/);
    await events.cancel();
    for (const door of [native, grid, list, value]) door.leave();
  });

  test("Kraken's sockets have 0 for it, and every frame is valid JSON", async () => {
    const server = await market();
    const pairs = ["BIG/USD", "MEAN/USD", "GAP/USD", "TINY/USD", "WORTH/USD", "SWING/USD"];
    const v1 = new Door(server, "/kraken");
    for (const name of ["ticker", "ohlc", "trade", "spread"]) {
      v1.send({ event: "subscribe", pair: pairs, subscription: { name } });
    }
    const [, ticker] = await told(v1, /"ticker","BIG/);
    assert.deepEqual([ticker.v, ticker.p], [["0.00000000", "0.00000000"], ["0.00000", "0.00000"]]);
    const [, candle] = await told(v1, /"ohlc-1","BIG/);
    assert.deepEqual(candle.slice(6), ["0.00000", "0.00000000", 2]);
    await told(v1, /"spread","MEAN/);
    const v2 = new Door(server, "/kraken/v2");
    for (const channel of ["ticker", "ohlc", "trade"]) {
      v2.send({ method: "subscribe", params: { channel, symbol: pairs } });
    }
    const swing = (await told(v2, /"ticker","type":"snapshot".*SWING/)).data[0];
    assert.deepEqual([swing.vwap, swing.change, swing.change_pct], [0, 0, 0]);
    const bar = (await told(v2, /"ohlc","type":"snapshot".*BIG/)).data[0];
    assert.deepEqual([bar.volume, bar.vwap, bar.trades], [0, 0, 2]);
    await told(v2, /"channel":"trade".*SWING.*"success":true/);
    await server.send({ symbol: "BIG/USD", price: 2, size: 1e308 });
    await told(v1, /"trade","BIG/);
    await told(v2, /"trade","type":"update".*BIG/);
    for (const door of [v1, v2]) door.leave();
  });
});
