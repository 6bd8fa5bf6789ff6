import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, afterEach, before, describe, it } from "node:test";
import { feedOf } from "../helpers/feeds.ts";
import { ServerProcess } from "../helpers/process.ts";
import {
  ALPACA,
  BINANCE,
  COINBASE,
  type Contract,
  FINNHUB,
  GATEWAY,
  type MadeTrade,
  StandIn,
} from "../helpers/stand_in.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const timeout = 120_000;
const folder = mkdtempSync(join(tmpdir(), "tickwire-ws-"));
after(async () => {
  await ServerProcess.endAll();
  rmSync(folder, { recursive: true });
});
const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
process.env["ALPACA_SECRET"] = "s&c=r+t";

async function standIn(contract: Contract): Promise<StandIn> {
  const made = new StandIn(contract);
  await made.open();
  open.push(() => made.close());
  return made;
}

async function ticksOf({ http }: { http: string }): Promise<MadeTrade[]> {
  return await (await fetch(`${http}/ticks?from=0&limit=100000`)).json();
}

/** Gaps in a log: pairs of the times before and after each gap. */
function gapsIn(log: string): [string, string][] {
  const told = /Missed .* between (?:trade (?:\d+) of )?(\S+) and (?:trade (?:\d+) of )?(\S+)/g;
  return [...log.matchAll(told)].map(([, from, to]) => [from!, to!]);
}

const contracts = { Binance: BINANCE, Coinbase: COINBASE, Finnhub: FINNHUB, Alpaca: ALPACA };
describe("10,000 trades with breaks and a kill come once each, or the log reports the gaps", () => {
  const runs = new Map<string, Promise<void>>();
  // All at once, because each of them waits most of the time before it connects again.
  before(() => {
    for (const [name, contract] of Object.entries(contracts)) {
      const run = tradesWithBreaks(name, contract);
      // Its own test reports a failure.
      run.catch(() => {});
      runs.set(name, run);
    }
  });
  for (const name of Object.keys(contracts)) {
    it(`for ${name}`, { timeout }, () => runs.get(name) ?? assert.fail("it was not started"));
  }
});

async function tradesWithBreaks(name: string, contract: Contract): Promise<void> {
  const source = new StandIn(contract);
  await source.open();
  const flags = ["--tape", `sqlite:${join(folder, `${name}.db`)}`, "--feed", source.feed];
  let server = await ServerProcess.start(...flags);
  let log = "";
  /** Trades without a connected client. */
  const missed = new Set<number>();
  const follow = () => until("it is followed", () => source.followers > 0);
  const arrived = (count: number) =>
    until(
      "trades have arrived",
      async () => (await ticksOf(server)).length,
      (length) => length >= count,
    );
  for (let round = 0; round < 5; round++) {
    await follow();
    source.trade(1_969);
    await arrived(source.trades.length - missed.size);
    const before = source.trades.length;
    if (round === 2) {
      await server.end("SIGKILL");
      await until("it is gone", () => source.followers === 0);
    } else source.drop();
    source.trade(31);
    for (let index = before; index < source.trades.length; index++) missed.add(index);
    // Some sources send the newest trade to a new client.
    if (contract.repeats) missed.delete(source.trades.length - 1);
    if (round === 2) {
      log += server.log;
      server = await ServerProcess.start(...flags);
    }
  }
  source.trade(0);
  await follow();
  source.trade(31);
  const ticks = await until(
    "all have arrived",
    () => ticksOf(server),
    ({ length }) => length >= source.trades.length - missed.size,
  );
  assert.equal(source.trades.length, 10_031);
  assert.deepEqual(
    ticks.map(({ symbol, price, size, time }) => [symbol, price, size, Math.floor(time)]),
    source.trades.filter((_, index) => !missed.has(index))
      .map(({ symbol, price, size, time }) => [symbol, price, size, time]),
  );
  // Missing trades are within the reported gaps.
  const gaps = gapsIn(log + server.log).map((gap) => gap.map((time) => Date.parse(time)));
  for (const index of missed) {
    const { time } = source.trades[index]!;
    assert.ok(gaps.some(([from, to]) => from! < time && time < to!), `${time} is not told of`);
  }
  await source.close();
}

describe("The WebSocket feed", () => {
  const serverOf = async (feed: string) => {
    const server = await startServer("--feed", feed);
    open.push(() => server.stop());
    return server;
  };

  it("reads packed frames, keeps the connection alive by pings, and reconnects after silence", {
    timeout,
  }, async () => {
    const source = await standIn(GATEWAY);
    const server = await serverOf(`${source.feed.replace("5s", "2s")}&ping=1s`);
    await until("it is followed", () => source.followers > 0);
    source.trade(3);
    const ticks = await until(
      "they are there",
      () => ticksOf(server),
      ({ length }) => length === 3,
    );
    assert.deepEqual(ticks.map(({ symbol, price }) => [symbol, price]), [
      ["boiler/7", 1_000],
      ["boiler/8", 1_000.01],
      ["boiler/7", 1_000.02],
    ]);
    await until("it is pinged", () => source.pings > 0);
    const { error } = await until(
      "it is broken",
      () => feedOf(server),
      ({ retries }) => retries > 0,
    );
    assert.equal(error, "The source has stopped sending");
  });

  it(
    "shows refusals, counts unreadable messages, and ignores unrequested ones",
    { timeout },
    async () => {
      const coinbase = await standIn(COINBASE);
      const shows = async (feed: string, words: RegExp) => {
        const server = await serverOf(feed);
        await until(
          "the reason is shown",
          () => feedOf(server),
          ({ state, error }) => state === "retrying" && words.test(error ?? ""),
        );
      };
      const other = coinbase.feed.replace("ETH-USD", "NO-USD");
      await shows(other, /^The source says: Failed to subscribe: NO-USD is not a valid product$/);
      const finnhub = await standIn(FINNHUB);
      await shows(finnhub.feed.replace("token=secret", "token=no"), /^The source answers 401$/);
      await shows("ws:ws://127.0.0.1:1/", /^Cannot reach the source: .*ECONNREFUSED/);
      const server = await serverOf(finnhub.feed);
      await until("it is followed", () => finnhub.followers > 0);
      for (
        const text of [
          '{"type":"news"}',
          "{",
          '{"type":"trade"}',
          '{"type":"trade","data":[{"p":1}]}',
        ]
      ) {
        finnhub.say(text);
      }
      finnhub.trade(1);
      await until("it is there", () => ticksOf(server), ({ length }) => length === 1);
      const { leftOut, state, name } = await feedOf(server);
      assert.deepEqual([leftOut, state], [3, "running"]);
      assert.match(name, /\?token=…&subscribe=…&subscribe=…&path=data/);
      assert.ok(
        server.log.some((line) => /message 4: there is no data in it$/.test(line)),
        String(server.log),
      );
    },
  );
});
