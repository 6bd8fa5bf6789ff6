// deno-lint-ignore-file no-explicit-any -- clients report whatever they were sent
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "../helpers/client.ts";
import { wait } from "../helpers/process.ts";
import { send, startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const STAY_MS = 20_000;
const PATIENCE = { timeout: 180_000 };

const NO_OPENSSL = spawnSync("openssl", ["version"]).status === 0 ? false : "needs openssl";

/** Runs a client under Node and returns what it reports. */
function run(name: string, ...args: string[]): Promise<any> {
  const path = fileURLToPath(new URL(`kraken/${name}.mjs`, import.meta.url).href);
  const child = spawn("node", [path, ...args], {
    env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "", complaint = "";
  child.stdout.on("data", (chunk) => output += chunk);
  child.stderr.on("data", (chunk) => complaint += chunk);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`${name} ended with ${code}: ${complaint.slice(0, 2_000)}`));
    });
  });
}

/** A Lowcoder app that draws candles; its seconds come from a given clock. */
function lowcoder(url: string): { readonly rows: readonly any[]; readonly socket: WebSocket } {
  const rows: any[] = [];
  const socket = new WebSocket(url);
  socket.onopen = () =>
    socket.send(
      JSON.stringify({ event: "subscribe", pair: ["EUR/USD"], subscription: { name: "ohlc" } }),
    );
  socket.onmessage = ({ data: text }) => {
    const data = JSON.parse(text);
    if (typeof data !== "object" || data[0] == undefined) return;
    const part = (data[1] + "").split(",");
    const clock = (seconds: string) => Number(seconds.substring(0, 10));
    rows.push({
      time: clock(part[0]!),
      end: clock(part[1]!),
      open: part[2],
      high: part[3],
      low: part[4],
      close: part[5],
      parts: part.length,
    });
    while (rows.length > 30) rows.shift();
  };
  return { rows, socket };
}

describe("Kraken's clients against a default server", () => {
  let server: TestServer;
  let folder: string;
  let ccxt: Promise<any>, ccxtV1: Promise<any>, nodeKrakenApi: Promise<any>;
  let window30: ReturnType<typeof lowcoder>;
  let stayed: Promise<unknown>;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "tickwire-kraken-"));
    spawnSync("openssl", [
      ..."req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout".split(" "),
      join(folder, "key.pem"),
      "-out",
      join(folder, "cert.pem"),
    ], { stdio: "ignore" });
    server = await startServer();
    await send(server, [{ symbol: "QUIET/USD", price: 1 }]);
    // The clients run at the same time.
    ccxt = run("ccxt_v2", server.http);
    ccxtV1 = run("ccxt_v1", server.http);
    nodeKrakenApi = NO_OPENSSL ? Promise.resolve() : run("node_kraken_api", server.http, folder);
    window30 = lowcoder(`${server.ws}/kraken`);
    stayed = wait(STAY_MS);
    for (const promise of [ccxt, ccxtV1, nodeKrakenApi]) promise.catch(() => {});
  }, PATIENCE);

  after(async () => {
    await Promise.allSettled([ccxt, ccxtV1, nodeKrakenApi, stayed]);
    window30.socket.close();
    await server.stop();
    rmSync(folder, { recursive: true });
    assert.deepEqual(server.log, []);
  });

  it(
    "node-kraken-api 2.2 gets greetings, data, answers and refusals in words",
    PATIENCE,
    async () => {
      const { systemStatus, heartbeatsMs, ohlc, ticker, trade, spread, ping, refused } =
        await nodeKrakenApi;
      assert.deepEqual([systemStatus.event, systemStatus.status], ["systemStatus", "online"]);
      assert.ok(heartbeatsMs >= 1_500, `three heartbeats within ${heartbeatsMs} ms`);
      assert.equal(ohlc.update[0].length, 9);
      assert.equal(ohlc.update[1], "EUR/USD");
      assert.equal(ohlc.statuses[0].channelName, "ohlc-1");
      assert.deepEqual(Object.keys(ticker.update[0]), [..."abcvptlho"]);
      assert.equal(trade.update[0].length, 50);
      assert.equal(spread.update[1], "XBT/USD");
      assert.equal(ping, "answered");
      assert.match(refused, /Currency pair not in ISO 4217-A3 format FOOBAR/);
    },
  );

  it("ccxt 4.4 reads and watches over REST and version 1, and stays", PATIENCE, async () => {
    const { watchTicker, watchTrades, minutes, fives, later, watchBidsAsks, sameClient } =
      await ccxtV1;
    assert.equal(watchTicker.symbol, "EUR/USD");
    assert.ok(watchTicker.bid < watchTicker.ask && watchTicker.last > 0);
    assert.equal(watchTrades[0].symbol, "BTC/USD");
    assert.equal(watchBidsAsks["EUR/USD"].symbol, "EUR/USD");
    const [minute] = minutes, [five] = fives;
    assert.equal(minute[0] % 60_000, 0);
    assert.equal(five[0] % 300_000, 0);
    assert.ok(minute[0] >= five[0] && minute[0] < five[0] + 300_000);
    assert.ok(five[2] >= minute[2] && five[3] <= minute[3], "the wider candle holds the other");
    assert.equal(later.at(-1)[0] % 300_000, 0);
    assert.ok(sameClient);
  });

  it("ccxt 4.5 reads and watches over REST and version 2, and stays", PATIENCE, async () => {
    const found = await ccxt;
    assert.deepEqual(found.symbols, ["BTC/USD", "ETH/USD", "EUR/USD", "QUIET/USD"]);
    assert.equal(found.id, "XXBTZUSD");
    assert.equal(found.precision.price, 0.00001);
    assert.ok(found.fetchTicker.bid < found.fetchTicker.ask);
    const candles = new Map(found.fetchOHLCV.map((candle: number[]) => [candle[0], candle]));
    assert.equal(found.bars.length, 10);
    for (const { time, open, high, low, close, volume } of found.bars) {
      assert.deepEqual(candles.get(time), [
        time,
        open,
        high,
        low,
        close,
        Number(volume.toFixed(8)),
      ]);
    }
    assert.equal(found.fetchTrades.length, 10);
    for (const { side, amount } of found.fetchTrades) {
      assert.ok(/buy|sell/.test(side) && amount > 0);
    }
    assert.equal(found.fetchOrderBook.bids.length, 1);
    assert.equal(found.fetchOrderBook.asks.length, 1);
    assert.ok(Math.abs(found.clockOff) < 60_000, `${found.clockOff} ms off`);
    assert.equal(found.fetchStatus.status, "ok");
    assert.equal(found.watchTicker.symbol, "EUR/USD");
    assert.ok(found.watchTickers["BTC/USD"] ?? found.watchTickers["ETH/USD"]);
    assert.equal(found.watchTrades[0].symbol, "BTC/USD");
    assert.equal(found.watchOHLCV[0][0] % 60_000, 0);
    assert.equal(found.watchBidsAsks["EUR/USD"].symbol, "EUR/USD");
    assert.equal(found.connections, 1);
    assert.ok(found.sameClient);
    // It pings every 6 s, and gives up after three pings without an answer.
    assert.ok(found.sincePong < 10_000, `${found.sincePong} ms since the last pong`);
  });

  it("A Lowcoder app that never pings draws correct candles for 20 s", PATIENCE, async () => {
    await stayed;
    const { rows, socket } = window30;
    await until("its window is full", () => rows.length === 30);
    assert.equal(socket.readyState, WebSocket.OPEN);
    let before = 0;
    for (const { time, end, open, high, low, close, parts } of rows) {
      assert.equal(parts, 9);
      assert.ok(low <= open && low <= close && open <= high && close <= high);
      assert.equal(end % 60, 0);
      assert.ok(time >= before && time <= end && time > end - 61);
      before = time;
    }
    const bars = await (await fetch(`${server.http}/bars?symbol=EUR/USD&interval=1m`)).json();
    for (const { end, open } of rows) {
      const bar = bars.find((bar: any) => bar.time / 1_000 + 60 === end);
      assert.equal(Number(open), bar.open);
    }
  });
});

describe("Kraken's places over real sockets", () => {
  let server: TestServer;

  before(async () => {
    server = await startServer("--feed", "none");
    await send(server, [{ symbol: "BTC/USD", price: 64_000, bid: 63_999, ask: 64_001 }]);
  });

  after(async () => {
    await server.stop();
    assert.deepEqual(server.log, []);
  });

  it("returns the subprotocol that a client offers, and offers none itself", async () => {
    for (const [offered, echoed] of [[["v1"], "v1"], [[], ""]] as const) {
      const socket = new WebSocket(`${server.ws}/kraken/v2`, [...offered]);
      await new Promise((resolve) => socket.addEventListener("message", resolve));
      assert.equal(socket.protocol, echoed);
      socket.close();
    }
  });

  it("accepts a slash at the end and any query", async () => {
    for (const [path, key] of [["/kraken/?h=:443", "event"], ["/kraken/v2/", "channel"]] as const) {
      const client = await Client.connect(server.ws + path);
      assert.ok(key in await client.next());
      await client.close();
    }
  });

  it("is not disturbed by another client's frames", async () => {
    const kraken = await Client.connect(`${server.ws}/kraken`);
    const native = await Client.connect(`${server.ws}/ws?symbol=BTC/USD`);
    kraken.send({ event: "subscribe", pair: ["XBT/USD"], subscription: { name: "trade" } });
    await kraken.next(Array.isArray);
    await native.next(({ op }) => op === "subscribed");
    for (const path of ["/kraken", "/kraken/v2"]) {
      const hostile = await Client.connect(server.ws + path);
      for (const text of ["", "[".repeat(60_000), '{"event":1}', "\u0000", " ".repeat(70_000)]) {
        hostile.sendText(text);
      }
      hostile.sendBinary(new Uint8Array([1, 2]));
      assert.equal((await hostile.closed()).code, 4400);
    }
    await send(server, [{ symbol: "BTC/USD", price: 64_002 }]);
    assert.equal((await kraken.next(Array.isArray))[1][0][0], "64002.00000");
    assert.equal((await native.next(({ op }) => op === "data")).rows[0].price, 64_002);
    await kraken.close();
    await native.close();
  });

  it("reports maintenance and closes with 1012 when the server stops", async () => {
    const own = await startServer("--feed", "none");
    const [v1, v2] = await Promise.all(
      ["/kraken", "/kraken/v2"].map((path) => Client.connect(own.ws + path)),
    );
    await Promise.all([v1!.next(), v2!.next()]);
    const stopped = own.stop();
    assert.equal((await v1!.next()).status, "maintenance");
    assert.equal((await v2!.next()).data[0].system, "maintenance");
    assert.deepEqual([(await v1!.closed()).code, (await v2!.closed()).code], [1012, 1012]);
    await stopped;
  });
});
