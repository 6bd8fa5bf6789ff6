import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Exchange } from "../helpers/exchange.ts";
import { feedOf } from "../helpers/feeds.ts";
import { freePort } from "../helpers/free_port.mjs";
import { ServerProcess } from "../helpers/process.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

interface TickRow {
  readonly symbol: string;
  readonly time: number;
  readonly price: number;
  readonly size: number;
  readonly bid: number | null;
  readonly ask: number | null;
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function exchangeWith(symbol: string, count: number): Promise<Exchange> {
  const exchange = new Exchange();
  exchange.trade(symbol, count);
  await exchange.open();
  open.push(() => exchange.close());
  return exchange;
}

async function serverOf(exchange: Exchange, symbols = "BTC/USD"): Promise<TestServer> {
  const server = await startServer("--feed", `kraken:${exchange.url}?symbols=${symbols}`);
  open.push(() => server.stop());
  return server;
}

async function ticksOf({ http }: { http: string }, symbol = "BTC/USD"): Promise<TickRow[]> {
  return await (await fetch(`${http}/ticks?symbol=${symbol}&from=0&limit=100000`)).json();
}

/** The fields that identify a trade; bid and ask are of another moment. */
function essence({ time, price, size }: TickRow): number[] {
  return [time, price, size];
}

/** Number of requests for trades of a symbol. */
function fetchedOf(symbol: string, log: string): number {
  return log.split(new RegExp(`Fetched \\d+ trades of ${symbol} that were made after`)).length - 1;
}

/** Checks that every trade came once, in order, with its time and price. */
async function expectTrades(server: { http: string }, exchange: Exchange, symbol = "BTC/USD") {
  const made = exchange.trades.filter((trade) => trade.symbol === symbol);
  const ticks = await until(
    "every trade has arrived",
    () => ticksOf(server, symbol),
    ({ length }) => length >= made.length,
  );
  assert.deepEqual(
    ticks.map(({ time, price, size }) => [Math.round(time * 1_000), price, size]),
    made.map(({ micros, price, qty }) => [micros, price, qty]),
  );
  return ticks;
}

/** Milliseconds; some tests wait for several seconds. */
const timeout = 120_000;

describe("The Kraken feed", () => {
  it("takes snapshot and updates of each symbol, with decimals, bid and ask", {
    timeout,
  }, async () => {
    const exchange = await exchangeWith("BTC/USD", 2);
    exchange.trade("EUR/USD", 1);
    const server = await serverOf(exchange, "BTC/USD,EUR/USD");
    await expectTrades(server, exchange);
    exchange.quote("BTC/USD", 99.5, 100.5);
    exchange.trade("BTC/USD", 3);
    exchange.trade("EUR/USD", 2);
    const ticks = await expectTrades(server, exchange);
    assert.deepEqual(ticks.map(({ bid, ask }) => [bid, ask]), [
      ...[[null, null], [null, null]],
      ...[[99.5, 100.5], [99.5, 100.5], [99.5, 100.5]],
    ]);
    await expectTrades(server, exchange, "EUR/USD");
    const [instrument] = await (await fetch(`${server.http}/symbols?query=BTC/USD`)).json();
    assert.equal(instrument.decimals, 1);
    assert.equal((await feedOf(server)).state, "running");
    assert.deepEqual(exchange.asked, []);
    const subscribed = exchange.heard.map(({ params }) => (params as { channel: string }).channel);
    assert.deepEqual(subscribed, ["instrument", "ticker", "trade"]);
  });

  it("loses and doubles nothing when connections break, for snapshots of any length", {
    timeout,
  }, async () => {
    const exchange = await exchangeWith("BTC/USD", 5);
    const server = await serverOf(exchange);
    await until("the snapshot is taken", () => ticksOf(server), ({ length }) => length === 3);
    // The first snapshot has three trades: older ones are not requested.
    exchange.trades.splice(0, 2);
    for (const missed of [0, 1, 2, 1_500]) {
      const { connections } = exchange;
      exchange.drop();
      exchange.trade("BTC/USD", missed);
      await until("it is back", () => exchange.connections, (count) => count > connections);
      exchange.trade("BTC/USD", 2);
      await expectTrades(server, exchange);
    }
    assert.ok(exchange.asked.length >= 2, exchange.asked.join("\n"));
    assert.ok(exchange.asked.every((path) => path.startsWith("/0/public/Trades?pair=BTC%2FUSD")));
    await until("it says so", () => server.log, (log) => fetchedOf("BTC/USD", log.join("\n")) > 0);
    const { retries, error } = await feedOf(server);
    assert.equal(retries, 4);
    assert.match(error!, /^Kraken has closed the connection/);
  });

  it("reports exactly the missing trades when they cannot be fetched", { timeout }, async () => {
    const exchange = await exchangeWith("BTC/USD", 3);
    const server = await serverOf(exchange);
    await expectTrades(server, exchange);
    exchange.restError = "EService:Unavailable";
    exchange.drop();
    exchange.trade("BTC/USD", 10);
    const missed = (line: string) => /Missed the trades .*/.exec(line)?.[0];
    const line = await until("it says so", () => server.log.find(missed));
    assert.match(
      missed(line)!,
      /^Missed the trades of BTC\/USD between trade 3 of 2025-11-21T\S+Z and trade 11 of 2025-11-21T\S+Z: EService:Unavailable$/,
    );
    exchange.trade("BTC/USD", 1);
    const ticks = await until(
      "the next trade has arrived",
      () => ticksOf(server),
      ({ length }) => length >= 7,
    );
    assert.deepEqual(ticks.map(({ size }) => size * 8), [1, 2, 3, 11, 12, 13, 14]);
  });

  it("fetches the trades that it missed while its own process was down", { timeout }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-kraken-"));
    open.push(async () => {
      await ServerProcess.endAll();
      rmSync(folder, { recursive: true, force: true });
    });
    const exchange = await exchangeWith("BTC/USD", 2);
    const flags = ["--feed", `kraken:${exchange.url}?symbols=BTC/USD`, "--drain", "0"];
    flags.push("--tape", `sqlite:${join(folder, "tape.db")}`);
    let server = await ServerProcess.start(...flags);
    await expectTrades(server, exchange);
    await server.end("SIGKILL");
    exchange.trade("BTC/USD", 20);
    server = await ServerProcess.start(...flags);
    await expectTrades(server, exchange);
    await server.end("SIGTERM");
  });

  it("takes each trade of another tickwire once, which is killed and restarted", {
    timeout,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-kraken-"));
    open.push(async () => {
      await ServerProcess.endAll();
      rmSync(folder, { recursive: true, force: true });
    });
    const symbols = ["BTC/USD", "EUR/USD"];
    const port = await freePort();
    const startUpstream = (port: number) =>
      ServerProcess.start(
        ...["--port", String(port), "--tape", `sqlite:${join(folder, "upstream.db")}`],
        ...["--feed", `synthetic:?symbols=${symbols}&rate=400&history=0`],
      );
    const goesOn = async () => {
      const { ticks } = await feedOf(server);
      await until("more trades arrive", () => feedOf(server), (now) => now.ticks > ticks + 200);
    };
    let upstream = await startUpstream(port);
    const feed = `kraken:${upstream.ws}/kraken/v2?symbols=${symbols}`;
    const server = await ServerProcess.start("--tape", "memory", "--feed", feed, "--drain", "0");
    for (const round of [1, 2]) {
      await goesOn();
      await upstream.end("SIGKILL");
      const stateOf = async () => (await feedOf(server)).state;
      await until("it is missed", stateOf, (state) => state === "retrying");
      // At another address, which the feed does not know, it makes more trades than a snapshot has.
      upstream = await startUpstream(await freePort());
      const { ticks } = await feedOf(upstream);
      const elsewhere = upstream;
      await until("more is made", () => feedOf(elsewhere), (now) => now.ticks > ticks + 300);
      await upstream.end("SIGKILL");
      upstream = await startUpstream(port);
      for (const symbol of symbols) {
        await until(
          `what was missed of ${symbol} is fetched`,
          () => server.log,
          (log) => fetchedOf(symbol, log) >= round,
          // After several attempts a feed may wait for half a minute.
          90_000,
        );
      }
    }
    await goesOn();
    for (const symbol of symbols) {
      const arrived = (await ticksOf(server, symbol)).map(essence);
      const made = (await ticksOf(upstream, symbol)).map(essence);
      const first = made.findIndex((each) => isDeepStrictEqual(each, arrived[0]));
      assert.deepEqual(arrived, made.slice(first, first + arrived.length));
    }
  });

  it("shows refusals, unreadable messages and maintenance, and recovers", {
    timeout,
  }, async () => {
    const exchange = await exchangeWith("BTC/USD", 1);
    exchange.system = "maintenance";
    const server = await serverOf(exchange, "BTC/USD,NO/PE");
    const shows = (of: TestServer, reason: RegExp) =>
      until(
        "the reason is shown",
        () => feedOf(of),
        ({ state, error }) => state === "retrying" && reason.test(error ?? ""),
      );
    await shows(server, /under maintenance/);
    exchange.system = "online";
    await shows(server, /^Kraken refuses NO\/PE: Currency pair not supported NO\/PE$/);
    assert.equal((await fetch(`${server.http}/healthz`)).status, 200);
    const other = await serverOf(exchange);
    await expectTrades(other, exchange);
    exchange.say(
      JSON.stringify({ channel: "trade", type: "update", data: [{ symbol: "BTC/USD" }] }),
    );
    await until("it is left out", () => feedOf(other), ({ leftOut }) => leftOut === 1);
    exchange.say("not JSON");
    await shows(other, /^Cannot read a message of Kraken: /);
    await until("it is back", () => feedOf(other), ({ state }) => state === "running");
    exchange.trade("BTC/USD", 1);
    await expectTrades(other, exchange);
  });
});
