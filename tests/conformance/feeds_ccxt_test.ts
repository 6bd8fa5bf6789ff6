import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { ccxt } from "../../src/feeds/ccxt.ts";
import { parseFeedSpec } from "../../src/feeds/feed.ts";
import { run } from "../feeds/run.ts";
import { feedOf } from "../helpers/feeds.ts";
import { freePort } from "../helpers/free_port.mjs";
import { ServerProcess } from "../helpers/process.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const timeout = 240_000;
const folder = mkdtempSync(join(tmpdir(), "tickwire-ccxt-"));
after(async () => {
  await ServerProcess.endAll();
  rmSync(folder, { recursive: true });
});
const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const tapeOf = (name: string) => ["--tape", `sqlite:${join(folder, `${name}.db`)}`];

function feedAt(port: number, symbols = "BTC/USD,ETH/USD"): string {
  const urls = {
    api: {
      public: `http://127.0.0.1:${port}/kraken`,
      ws: { publicV2: `ws://127.0.0.1:${port}/kraken/v2` },
    },
  };
  return `ccxt:kraken?symbols=${symbols}&config=${JSON.stringify({ urls, rateLimit: 50 })}`;
}

type Row = { symbol: string; price: number; size: number; time: number };

async function tradesOf({ http }: { http: string }, symbol: string): Promise<Row[]> {
  const rows = await (await fetch(`${http}/ticks?symbol=${symbol}&from=0&limit=100000`)).json();
  return rows;
}

describe("The ccxt feed", () => {
  test(
    "Trades of Kraken come once each, over broken connections and kills of either side",
    { timeout },
    async () => {
      const port = await freePort();
      const source = () =>
        ServerProcess.start("--feed", "none", "--port", String(port), ...tapeOf("source"));
      let exchange = await source();
      let price = 1_000;
      let time = Date.now() - 60_000;
      const trade = async (count: number) => {
        const ticks = Array.from({ length: count }, (_, index) => ({
          symbol: index % 3 === 0 ? "ETH/USD" : "BTC/USD",
          ...{ price: ++price, size: 1 + index % 5, time: time += index % 4 },
        }));
        const response = await fetch(`${exchange.http}/ticks`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(ticks),
        });
        assert.equal(response.status, 200);
      };
      await trade(10);
      const flags = [...tapeOf("reader"), "--feed", feedAt(port)];
      let reader = await ServerProcess.start(...flags);
      let log = "";
      const essence = (rows: Row[]) =>
        rows.map((row) => [row.price, row.size, Math.floor(row.time)]);
      // A feed without old trades starts when it is subscribed.
      const symbols = ["BTC/USD", "ETH/USD"];
      const first = await until("both are followed", async () => {
        await trade(3);
        const rows = await Promise.all(symbols.map((symbol) => tradesOf(reader, symbol)));
        return rows.map(([row]) => row?.price);
      }, (prices) => prices.every((each) => each !== undefined));
      const same = async () => {
        for (const [index, symbol] of symbols.entries()) {
          const made = essence(await tradesOf(exchange, symbol))
            .filter(([each]) => each! >= first[index]!);
          const found = await until(
            "they are there",
            () => tradesOf(reader, symbol),
            ({ length }) => length >= made.length,
          );
          assert.deepEqual(essence(found), made, symbol);
        }
      };
      await trade(300);
      await same();
      await reader.end("SIGKILL");
      log += reader.log;
      await trade(300);
      reader = await ServerProcess.start(...flags);
      await trade(20);
      await same();
      await exchange.end("SIGKILL");
      await until("the break is shown", () => feedOf(reader), ({ state }) => state === "retrying");
      exchange = await source();
      await trade(300);
      await until("it is back", () => feedOf(reader), ({ state }) => state === "running");
      await trade(20);
      await same();
      log += reader.log;
      assert.match(log, /Fetched \d+ trades of BTC\/USD that were made after trade \S+ of 20/);
      assert.ok(!log.includes("Missed"), log);
    },
  );

  test(
    "An unknown exchange or market, and a missing ccxt package, are reported in words",
    { timeout },
    async () => {
      const wrong: [string, () => Promise<unknown>, RegExp][] = [
        [
          "ccxt:nope?symbols=A/B",
          () => import("ccxt").then((module) => module.default),
          /ccxt 4\.\S+ has no live data of an exchange nope$/,
        ],
        [
          "ccxt:kraken?symbols=A/B",
          () => Promise.reject(new Error("no such module")),
          /ccxt is not installed: npm install ccxt in the folder /,
        ],
      ];
      for (const [spec, load, words] of wrong) {
        await assert.rejects(run(ccxt(parseFeedSpec(spec), load)), words);
      }
      const exchange = await startServer("--feed", "none");
      open.push(() => exchange.stop());
      await assert.rejects(
        run(ccxt(parseFeedSpec(feedAt(exchange.port, "NO/NO")))),
        /^RangeError: kraken has no market NO\/NO$/,
      );
      for (
        const [spec, words] of [
          ["ccxt:", /name an exchange, as in ccxt:kraken/],
          ["ccxt:kraken", /symbols names 0, not between 1 and 500$/],
          ["ccxt:kraken?symbols=a b", /a symbol has no spaces$/],
          ["ccxt:kraken?symbols=A/B&config=[]", /config is not a JSON object/],
        ] as const
      ) assert.throws(() => ccxt(parseFeedSpec(spec)), words);
    },
  );

  test("The log names the trades around a gap that cannot be fetched", async () => {
    let round = 0;
    const at = (id: number) => ({
      id: `x${id}`,
      symbol: "A/B",
      timestamp: 1_000 * id,
      price: id,
      amount: 1,
    });
    class Exchange {
      readonly has = { watchTrades: true };
      readonly markets = { "A/B": {} };
      #told = 0;
      loadMarkets = () => Promise.resolve();
      close = () => Promise.resolve();
      trades: Record<string, unknown[]> = {};
      watchTrades() {
        if (this.#told++ > 0) return Promise.reject(new Error("gone"));
        this.trades = { "A/B": round++ === 0 ? [at(1), at(2)] : [at(2), at(5)] };
        return Promise.resolve();
      }
    }
    const feed = ccxt(
      parseFeedSpec("ccxt:toy?symbols=A/B"),
      () => Promise.resolve({ version: "1", pro: { toy: Exchange } }),
    );
    const { ticks, warnings } = await run({
      ...feed,
      async run(context) {
        await feed.run(context).catch(() => {});
        await feed.run(context).catch(() => {});
        await feed.run(context).catch(() => {});
      },
    });
    assert.deepEqual(ticks.map(({ price }) => price), [1, 2, 5]);
    assert.deepEqual(warnings, [
      "Missed the trades of A/B between trade x2 of 1970-01-01T00:00:02.000Z and trade x5 of 1970-01-01T00:00:05.000Z: it has no request for past trades",
    ]);
  });
});
