import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ChartBar, Datafeed } from "../helpers/datafeed.ts";
import { send, startServer, type TestServer } from "../helpers/server.ts";

const MINUTE = 60_000;
const start = Math.floor(Date.now() / MINUTE) * MINUTE - 2 * 86_400_000;

describe("TradingView's datafeed", () => {
  let server: TestServer;
  let feed: Datafeed;

  before(async () => {
    server = await startServer("--feed", "none");
    feed = new Datafeed(`${server.http}/udf`);
    // A hundred minutes, a day without ticks, and a hundred minutes more.
    const minutes = [...Array(100).keys()].flatMap((minute) => [minute, minute + 1_540]);
    await send(
      server,
      minutes.sort((a, b) => a - b).flatMap((minute) =>
        ["EUR/USD", "x:y_z"].map((symbol) => ({
          symbol,
          price: 1 + minute / 100_000,
          size: 1,
          time: start + minute * MINUTE,
        }))
      ),
    );
  });

  after(async () => {
    await server.stop();
    assert.deepEqual(server.log, []);
  });

  const barsOf = async (query: string): Promise<ChartBar[]> => {
    const bars: ChartBar[] = await (await fetch(`${server.http}/bars?${query}`)).json();
    return bars.map(({ time, open, high, low, close, volume }) => ({
      time,
      open,
      high,
      low,
      close,
      volume,
    }));
  };

  it("finds symbols with any characters, and has the time", async () => {
    await feed.ready();
    assert.ok(Math.abs(await feed.serverTime() - Date.now() / 1_000) < 60);
    assert.deepEqual((await feed.search("eur")).map(({ ticker }) => ticker), ["EUR/USD"]);
    const [found] = await feed.search("x:");
    const info = await feed.resolve(found!.ticker);
    assert.equal(info.ticker, "x:y_z");
    assert.equal((await feed.resolve("EUR/USD")).pricescale, 100_000);
    await assert.rejects(feed.resolve("NOPE"), /unknown_symbol/);
    await assert.rejects(
      feed.bars({ ...info, ticker: "NOPE" }, "1", { from: 0, to: 1, countback: 1 }),
      /Cannot find symbol "NOPE"/,
    );
  });

  it("shows the bars of /bars in every resolution, across a day without ticks", async () => {
    const { supported_resolutions } = await feed.ready();
    const intervals = "1s 5s 15s 30s 1m 5m 15m 30m 1h 4h 1d 1w".split(" ");
    const to = start / 1_000 + 3 * 86_400;
    for (const ticker of ["EUR/USD", "x:y_z"]) {
      const info = await feed.resolve(ticker);
      for (const [index, interval] of intervals.entries()) {
        const bars = await barsOf(`symbol=${ticker}&interval=${interval}&limit=150`);
        const shown = await feed.chart(info, supported_resolutions[index]!, to, 150);
        assert.deepEqual(shown, bars, `${ticker} ${interval}`);
      }
    }
  });

  it("follows live bars and always has the bar before", async () => {
    const info = await feed.resolve("EUR/USD");
    const seen = new Map<number, ChartBar>();
    const first = start + 2_000 * MINUTE;
    for (let step = 0; step < 40; step++) {
      // One of three bars is empty, and a single tick comes long after the others.
      const minute = step < 30 ? Math.floor(step / 2) * 3 : 500 + step * 20;
      const time = first + minute * MINUTE + (step % 2) * 1_000;
      await send(server, [{ symbol: "EUR/USD", price: 2 + step, time }]);
      const now = Math.floor(time / 1_000) + 1;
      await feed.poll(info, "1", now, (bar) => seen.set(bar.time, bar));
    }
    const bars = await barsOf(`symbol=EUR/USD&interval=1m&from=${first}`);
    const shown = [...seen.values()].filter(({ time }) => time >= first);
    assert.deepEqual(shown, bars);
  });
});
