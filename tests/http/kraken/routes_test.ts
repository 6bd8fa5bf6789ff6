// deno-lint-ignore-file no-explicit-any -- answers are whatever the server sends
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Accept } from "../../../src/runtime/listener.ts";
import { BASE, NOW, serve, type TestApp } from "../serve.ts";

const at = (path: string) => `/kraken/0/public/${path}`;

/** The result of a method, which must succeed. */
async function result(server: TestApp, path: string): Promise<any> {
  const answer = await server.get<any>(at(path));
  assert.deepEqual(answer.error, [], path);
  return answer.result;
}

/** The error of a method, which must fail with status 200. */
async function failure(server: TestApp, path: string): Promise<string> {
  const answer = await server.get<any>(at(path));
  assert.deepEqual(Object.keys(answer), ["error"]);
  return answer.error[0];
}

async function market(): Promise<TestApp> {
  const server = serve();
  await server.send(
    { symbol: "AAPL", price: 150 },
    {
      symbol: "BTC/USD",
      time: NOW - 7_200_000,
      price: 64_000.5,
      size: 2,
      bid: 64_000,
      ask: 64_001,
    },
    { symbol: "BTC/USD", time: NOW - 120_000, price: 64_100, size: 1 },
    { symbol: "EUR/USD", price: 1.08456 },
    { symbol: "BTC/USD", time: NOW, price: 64_050, size: 0.25, bid: 64_050, ask: 64_052 },
  );
  return server;
}

describe("Kraken's REST API", () => {
  it("tells the time with a two-digit year, and its status", async () => {
    const server = serve();
    server.now = Date.UTC(2026, 8, 3, 6, 1, 43, 500);
    assert.deepEqual(await result(server, "Time"), {
      unixtime: 1_788_415_303,
      rfc1123: "Thu, 03 Sep 26 06:01:43 +0000",
    });
    assert.deepEqual(await result(server, "SystemStatus"), {
      status: "online",
      timestamp: "2026-09-03T06:01:43Z",
      upcoming_maintenance: [],
      emergency: [],
    });
  });

  it("lists assets and pairs, and no symbol that is not a pair", async () => {
    const server = await market();
    const usd = {
      aclass: "currency",
      altname: "USD",
      decimals: 4,
      display_decimals: 2,
      status: "enabled",
    };
    const assets = await result(server, "Assets");
    assert.deepEqual(Object.keys(assets), ["XXBT", "ZUSD", "ZEUR"]);
    assert.deepEqual(assets.ZUSD, usd);
    assert.deepEqual(await result(server, "Assets?asset=ZUSD,XBT"), {
      ZUSD: usd,
      XXBT: { ...usd, altname: "XBT", decimals: 10, display_decimals: 5 },
    });
    assert.equal(await failure(server, "Assets?asset=NOPE"), "EQuery:Unknown asset");

    const pairs = await result(server, "AssetPairs");
    assert.deepEqual(Object.keys(pairs), ["XXBTZUSD", "ZEURZUSD"]);
    assert.deepEqual(pairs.ZEURZUSD, {
      altname: "EURUSD",
      wsname: "EUR/USD",
      aclass_base: "currency",
      base: "ZEUR",
      aclass_quote: "currency",
      quote: "ZUSD",
      lot: "unit",
      cost_decimals: 5,
      pair_decimals: 5,
      lot_decimals: 8,
      lot_multiplier: 1,
      leverage_buy: [],
      leverage_sell: [],
      fees: [],
      fees_maker: [],
      fee_volume_currency: "ZUSD",
      margin_call: 80,
      margin_stop: 40,
      ordermin: "0.00000001",
      costmin: "0",
      tick_size: "0.00001",
      status: "online",
      execution_venue: "international",
    });
    const shown = async (info: string) =>
      Object.keys((await result(server, `AssetPairs?pair=XBTUSD&info=${info}`)).XXBTZUSD);
    assert.deepEqual(await shown("leverage"), ["leverage_buy", "leverage_sell"]);
    assert.deepEqual(await shown("fees"), ["fees", "fees_maker", "fee_volume_currency"]);
    assert.deepEqual(await shown("margin"), ["margin_call", "margin_stop"]);
    assert.equal(await failure(server, "AssetPairs?info=more"), "EGeneral:Invalid arguments");
    assert.equal(await failure(server, "AssetPairs?pair=AAPL"), "EQuery:Unknown asset pair");
  });

  it("names a result by the name in the request", async () => {
    const server = await market();
    const names = async (pair: string) => Object.keys(await result(server, `Ticker?pair=${pair}`));
    assert.deepEqual(await names("XXBTZUSD"), ["XXBTZUSD"]);
    assert.deepEqual(await names("XBTUSD"), ["XXBTZUSD"]);
    assert.deepEqual(await names("XBT/USD"), ["XXBTZUSD"]);
    assert.deepEqual(await names("BTC/USD"), ["BTC/USD"]);
    assert.deepEqual(await names("EURUSD, XBTUSD"), ["ZEURZUSD", "XXBTZUSD"]);
    assert.deepEqual(await names(""), ["XXBTZUSD", "ZEURZUSD"]);
  });

  it("answers Ticker with today and the last 24 hours", async () => {
    const server = await market();
    assert.deepEqual(await result(server, "Ticker?pair=XBTUSD"), {
      XXBTZUSD: {
        a: ["64052.00000", "0", "0.000"],
        b: ["64050.00000", "0", "0.000"],
        c: ["64050.00000", "0.25000000"],
        v: ["3.25000000", "3.25000000"],
        p: ["64034.92308", "64034.92308"],
        t: [3, 3],
        l: ["64000.50000", "64000.50000"],
        h: ["64100.00000", "64100.00000"],
        o: "64000.50000",
      },
    });
    // A day later the last 24 hours have no tick: the price stays.
    server.now += 86_400_000;
    const { XXBTZUSD } = await result(server, "Ticker?pair=XBTUSD");
    assert.deepEqual([XXBTZUSD.v, XXBTZUSD.t, XXBTZUSD.l[1]], [
      ["3.25000000", "0.00000000"],
      [3, 0],
      "64050.00000",
    ]);
    // Unknown bid and ask are replaced by the price.
    const { ZEURZUSD } = await result(server, "Ticker?pair=EURUSD");
    assert.deepEqual([ZEURZUSD.a[0], ZEURZUSD.b[0]], ["1.08456", "1.08456"]);
  });

  it("answers OHLC with the running candle last, and the time for the next request", async () => {
    const server = await market();
    assert.deepEqual(await result(server, "OHLC?pair=XBTUSD"), {
      XXBTZUSD: [
        [1763692800, "64000.50", "64000.50", "64000.50", "64000.50", "64000.50", "2.00000000", 1],
        [1763699880, "64100.00", "64100.00", "64100.00", "64100.00", "64100.00", "1.00000000", 1],
        [1763700000, "64050.00", "64050.00", "64050.00", "64050.00", "64050.00", "0.25000000", 1],
      ],
      last: 1763699880,
    });
    const { XXBTZUSD } = await result(server, "OHLC?pair=XBTUSD&since=1763699880");
    assert.deepEqual(XXBTZUSD.map(([start]: number[]) => start), [1763699880, 1763700000]);
    const hour = await result(server, "OHLC?pair=XBTUSD&interval=60");
    assert.deepEqual(hour.XXBTZUSD.at(-1).slice(0, 2), [1763697600, "64100.00"]);
    for (
      const query of [
        "",
        "pair=XBTUSD&interval=360",
        "pair=XBTUSD&interval=21600",
        "pair=XBTUSD&since=x",
        "pair=XBTUSD&interval=1.5",
      ]
    ) {
      assert.equal(await failure(server, `OHLC?${query}`), "EGeneral:Invalid arguments", query);
    }
    assert.equal(await failure(server, "OHLC?pair=XBTUSD,EURUSD"), "EQuery:Unknown asset pair");
  });

  it("answers OHLC with at most 720 candles", async () => {
    const server = serve();
    const ticks = Array.from({ length: 800 }, (_, index) => ({
      symbol: "A/B",
      price: index,
      time: NOW - 60_000 * (800 - index),
    }));
    await server.send(...ticks);
    const { AB } = await result(server, "OHLC?pair=AB");
    assert.equal(AB.length, 720);
    assert.equal(AB.at(-1)[1], "799.00");
  });

  it("pages through Trades without missing or doubling trades of equal times", async () => {
    const server = serve();
    const ticks = Array.from({ length: 500 }, (_, index) => ({
      symbol: index % 3 === 0 ? "C/D" : "A/B",
      price: index,
      time: NOW - 1_000 + Math.floor(index / 7) * 0.001,
    }));
    await server.send(...ticks);
    const wanted = ticks.filter(({ symbol }) => symbol === "A/B").map(({ price }) => price);
    for (
      const [count, start] of [[7, "0"], [10, String((NOW - 1_001) / 1_000)], [1, "0"]] as const
    ) {
      const found: number[] = [];
      let since: string = start;
      for (let page = 0; page < 500; page++) {
        const { AB, last } = await result(server, `Trades?pair=AB&count=${count}&since=${since}`);
        assert.equal(typeof last, "string");
        assert.ok(AB.length <= count + 7, String(AB.length));
        found.push(...AB.map(([price]: [string]) => Number(price)));
        if (AB.length === 0) break;
        assert.ok(last.endsWith("000") && last.length === 19, last);
        since = last;
      }
      assert.deepEqual(found, wanted);
    }
    const { AB } = await result(server, "Trades?pair=AB&count=5");
    assert.deepEqual(AB.map(([price]: [string]) => Number(price)), wanted.slice(-5));
    const [price, volume, time, side, type, misc, id] = AB[0];
    assert.deepEqual([volume, side, type, misc], ["0.00000000", "b", "m", ""]);
    assert.equal(
      time,
      Number(((NOW - 1_000 + Math.floor(Number(price) / 7) * 0.001) / 1_000).toFixed(6)),
    );
    assert.equal(id, Number(price) + 1);
    for (const query of ["", "pair=AB&count=0", "pair=AB&count=1001", "pair=AB&since=-1"]) {
      assert.equal(await failure(server, `Trades?${query}`), "EGeneral:Invalid arguments", query);
    }
  });

  it("tells in Trades the side of the buyer, also from the price before the page", async () => {
    const server = serve();
    await server.send(
      ...[5, 4, 4, 3, 6].map((price, index) => ({ symbol: "A/B", price, time: NOW + index })),
    );
    const sides = async (query: string) => {
      const { AB } = await result(server, `Trades?pair=AB${query}`);
      return AB.map((row: string[]) => row[3]).join("");
    };
    assert.equal(await sides(""), "bsbsb");
    assert.equal(await sides("&count=2"), "sb");
    assert.equal(await sides(`&since=${NOW}000000`), "sbsb");
  });

  it("answers Depth with the one known level, and Spread with its changes", async () => {
    const server = await market();
    assert.deepEqual(await result(server, "Depth?pair=XBTUSD&count=5"), {
      XXBTZUSD: {
        asks: [["64052.00000", "0.000", 1763700000]],
        bids: [["64050.00000", "0.000", 1763700000]],
      },
    });
    assert.deepEqual(await result(server, "Depth?pair=EURUSD"), {
      ZEURZUSD: { asks: [], bids: [] },
    });
    assert.equal(
      await failure(server, "Depth?pair=XBTUSD&count=501"),
      "EGeneral:Invalid arguments",
    );
    assert.deepEqual(await result(server, "Spread?pair=XBTUSD"), {
      XXBTZUSD: [
        [1763692800, "64000.00000", "64001.00000"],
        [1763700000, "64050.00000", "64052.00000"],
      ],
      last: 1763700000,
    });
    assert.deepEqual(await result(server, "Spread?pair=XBTUSD&since=1763692801"), {
      XXBTZUSD: [[1763700000, "64050.00000", "64052.00000"]],
      last: 1763700000,
    });
    assert.deepEqual(await result(server, "Spread?pair=EURUSD"), { ZEURZUSD: [], last: 0 });
  });

  it("accepts a form as well as a query", async () => {
    const server = await market();
    const post = async (body: string) => {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const response = await server.request(at("Ticker"), { method: "POST", body, headers });
      assert.equal(response.status, 200);
      return await response.json() as any;
    };
    assert.deepEqual(Object.keys((await post("pair=XBTUSD")).result), ["XXBTZUSD"]);
    assert.deepEqual(await post(`pair=${"x".repeat(70_000)}`), {
      error: ["EGeneral:Invalid arguments"],
    });
  });

  it("answers an unknown method with 404 in Kraken's shape", async () => {
    const server = serve();
    for (
      const path of [at("Nope"), at("toString"), "/kraken/0/private/Balance", at("GroupedBook")]
    ) {
      const response = await server.request(path);
      assert.equal(response.status, 404);
      assert.deepEqual(await response.json(), { error: ["EGeneral:Unknown method"] });
    }
    assert.deepEqual(server.faults, []);
  });

  it("lets pages of other origins read its answers", async () => {
    const origin = "https://app.lowcoder.cloud";
    const response = await serve().request(at("Time"), { headers: { origin } });
    assert.equal(response.headers.get("access-control-allow-origin"), origin);
  });
});

/** The frames that a client of a socket gets for one request. */
async function ask(server: TestApp, path: string, frame: object): Promise<any[]> {
  const upgraded = server.app.upgrade(new Request(BASE + path));
  assert.ok(!(upgraded instanceof Response));
  const texts: string[] = [];
  const answered = Promise.withResolvers<void>();
  const session = (upgraded as Accept)({
    buffered: 0,
    send(text) {
      texts.push(text);
      if (/"(?:subscriptionStatus|method)"/.test(text)) answered.resolve();
    },
    close() {},
  });
  session.receive(JSON.stringify(frame));
  await answered.promise;
  session.closed();
  return texts.map((text) => JSON.parse(text));
}

describe("All that is said of one instant", () => {
  it("agrees on the price, the day and the candles in every protocol", async () => {
    const server = serve();
    const ticks = Array.from({ length: 400 }, (_, index) => ({
      symbol: "BTC/USD",
      price: 64_000 + (index * 37) % 101,
      size: (index % 9) / 4,
      bid: 64_000,
      ask: 64_200,
      time: NOW - 11_000 * (400 - index),
    }));
    await server.send(...ticks, { symbol: "BTC/USD", price: 64_123.25, size: 1, time: NOW });

    const [row] = await server.get<any>("/snapshot?symbol=BTC/USD");
    const bars = await server.get<any>("/bars?symbol=BTC/USD&interval=5m&limit=10");
    const { XXBTZUSD: rest } = await result(server, "Ticker?pair=XBTUSD");
    const { XXBTZUSD: candles } = await result(server, "OHLC?pair=XBTUSD&interval=5");
    const v1 = async (name: string, more = {}) => {
      const subscription = { name, ...more };
      const frame = { event: "subscribe", pair: ["XBT/USD"], subscription };
      return (await ask(server, "/kraken", frame)).at(-1)[1];
    };
    const v2 = async (channel: string, more = {}) => {
      const params = { channel, symbol: ["BTC/USD"], ...more };
      return (await ask(server, "/kraken/v2", { method: "subscribe", params })).at(-1).data;
    };
    const old = await v1("ticker");
    const [ticker] = await v2("ticker");

    assert.equal(row.price, 64_123.25);
    assert.deepEqual([rest.c, old.c], [["64123.25000", "1.00000000"], [
      "64123.25000",
      "1.00000000",
    ]]);
    assert.equal(ticker.last, row.price);
    assert.deepEqual([ticker.bid, ticker.ask], [row.bid, row.ask]);
    for (const { v, l, h, t } of [rest, old]) {
      assert.deepEqual([v[0], l[0], h[0]].map(Number), [row.volume, row.low, row.high]);
      assert.deepEqual([v[1], l[1], h[1], t[1]].map(Number), [
        ticker.volume,
        ticker.low,
        ticker.high,
        ticker.trades,
      ]);
    }
    assert.equal(Number(rest.o), row.open);
    assert.equal(Number(old.o[0]), row.open);

    const numbers = bars.map((
      { time, open, high, low, close, volume, count }: any,
    ) => [time / 1_000, open, high, low, close, volume, count]);
    const without = (row: any[], vwap: number) =>
      row.filter((_, place) => place !== vwap).map(Number);
    assert.deepEqual(candles.slice(-10).map((row: any[]) => without(row, 5)), numbers);
    const [, end, ...figures] = await v1("ohlc", { interval: 5 });
    assert.deepEqual([Number(end) - 300, ...without(figures, 4)], numbers.at(-1));
    assert.deepEqual(
      (await v2("ohlc", { interval: 5 })).map((bar: any) => [
        Date.parse(bar.interval_begin.slice(0, 19) + "Z") / 1_000,
        ...[bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades],
      ]),
      numbers,
    );
    const span = `from=${numbers[0][0]}&to=${NOW / 1_000 + 1}`;
    const udf = await server.get<any>(`/udf/history?symbol=BTC/USD&resolution=5&${span}`);
    assert.equal(udf.s, "ok");
    assert.deepEqual(
      udf.t.map((time: number, at: number) => [
        time,
        ...["o", "h", "l", "c", "v"].map((name) => udf[name][at]),
      ]),
      numbers.map((row: number[]) => row.slice(0, 6)),
    );
    const trades = await result(server, "Trades?pair=XBTUSD&count=50");
    const sold = await v2("trade", { snapshot: true });
    const told = (rows: any[]) => rows.map((row) => row.slice(0, 2).map(Number));
    assert.deepEqual(told(trades.XXBTZUSD), sold.map(({ price, qty }: any) => [price, qty]));
    assert.deepEqual(told(await v1("trade")), told(trades.XXBTZUSD));
    const sides = trades.XXBTZUSD.map((row: any[]) => row[3]);
    assert.deepEqual((await v1("trade")).map((row: any[]) => row[3]), sides);
    assert.deepEqual(sold.map(({ side }: any) => side[0]), sides);
  });
});
