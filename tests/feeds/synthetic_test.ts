import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSymbol } from "../../src/core/tick.ts";
import { parseFeedSpec } from "../../src/feeds/feed.ts";
import { synthetic } from "../../src/feeds/synthetic.ts";
import { type Emitted, run, START } from "./run.ts";

const open = (options: string) => synthetic(parseFeedSpec(`synthetic:?${options}`));
const SECOND = 1_000;
const HOUR = 3_600_000;

function checkSound(ticks: readonly Emitted[]): void {
  let before = -Infinity;
  for (const { symbol, time, price, size, bid, ask, at } of ticks) {
    assert.ok(isSymbol(symbol));
    // Times are rounded to a thousandth of a millisecond.
    assert.ok(time >= before && time <= at + 0.001, `${time} after ${before} at ${at}`);
    assert.ok(bid !== null && ask !== null && 0 < bid && bid < ask, `${bid} ${ask}`);
    assert.ok(bid <= price && price <= ask, `${price} is not in ${bid} … ${ask}`);
    assert.ok(size !== null && size > 0);
    before = time;
  }
}

describe("synthetic", () => {
  test("synthetic gives the same ticks for the same seed and others for another", async () => {
    const play = async (options: string) =>
      (await run(open(`rate=100&history=1m&${options}`), { forMs: 10 * SECOND })).ticks;
    const first = await play("seed=7");
    assert.ok(first.length > 1_000);
    assert.deepEqual(await play("seed=7"), first);
    assert.notDeepEqual((await play("seed=8")).slice(0, 100), first.slice(0, 100));
    assert.deepEqual(await play(""), await play("seed=1"));
  });

  test("synthetic keeps its rate over all symbols, for any number of symbols", async () => {
    for (
      const [rate, seconds, symbols] of [[20, 600, 8], [1_000, 20, 1], [5_000, 4, 300]] as const
    ) {
      const feed = open(`rate=${rate}&history=0&symbols=${symbols}`);
      const { ticks } = await run(feed, { forMs: seconds * SECOND });
      const expected = rate * seconds;
      const deviation = Math.abs(ticks.length - expected) / Math.sqrt(expected);
      assert.ok(deviation < 5, `${ticks.length} instead of ${expected}`);
    }
  });

  test("synthetic spreads its ticks over time and symbols", async () => {
    const { ticks } = await run(open("rate=100&history=0&symbols=5"), { forMs: 100 * SECOND });
    for (let second = 0; second < 100; second++) {
      const from = START + second * SECOND;
      const count = ticks.filter(({ time }) => time >= from && time < from + SECOND).length;
      assert.ok(count > 40 && count < 180, `${count} in second ${second}`);
    }
    for (const symbol of ["S000", "S001", "S002", "S003", "S004"]) {
      const count = ticks.filter((tick) => tick.symbol === symbol).length;
      assert.ok(count > 1_600 && count < 2_400, `${count} of ${symbol}`);
    }
  });

  test("synthetic emits a tick within a few milliseconds of its time", async () => {
    const { ticks } = await run(open("rate=500&history=0"), { forMs: 20 * SECOND });
    for (const { time, at } of ticks) assert.ok(at - time < 10, `${at - time} ms late`);
  });

  test("synthetic times never decrease or exceed now, bid < ask, and the price is between them", async () => {
    for (
      const options of [
        "history=10m",
        "symbols=100&rate=200&history=5m",
        "history=1h&symbols=EUR/USD,X,BTC/USD",
      ]
    ) {
      const { ticks } = await run(open(options), { forMs: 60 * SECOND });
      assert.ok(ticks.length > 1_000);
      checkSound(ticks);
    }
  });

  test("synthetic fills an empty tape with history up to now before it becomes ready", async () => {
    const { ticks, ready } = await run(open("history=2h&rate=20"), { forMs: SECOND });
    assert.equal(ready.length, 1);
    const history = ticks.slice(0, ready[0]!.after);
    assert.ok(history[0]!.time >= START - 2 * HOUR && history[0]!.time < START - 2 * HOUR + 2_000);
    assert.ok(history.at(-1)!.time < START && history.at(-1)!.time > START - 2_000);
    assert.ok(history.length > 140_000 && history.length < 148_000, `${history.length}`);
    for (const { time } of ticks.slice(history.length)) assert.ok(time >= START);
  });

  test("synthetic makes at most 150,000 ticks of history, with wider gaps", async () => {
    const { ticks, ready } = await run(open("history=7d&rate=1000"), { forMs: 1 });
    const { after } = ready[0]!;
    assert.ok(after > 145_000 && after < 155_000, `${after}`);
    assert.ok(ticks[0]!.time < START - 167 * HOUR);
    assert.ok(ticks[after - 1]!.time > START - HOUR);
  });

  test("synthetic adds no history to a tape with ticks, or with history=0", async () => {
    for (const [options, tapeEmpty] of [["history=2h", false], ["history=0", true]] as const) {
      const { ticks, ready } = await run(open(options), { forMs: 5 * SECOND, tapeEmpty });
      assert.deepEqual(ready, [{ at: START, after: 0 }]);
      assert.ok(ticks.length > 50);
      assert.ok(ticks[0]!.time >= START);
    }
  });

  test("synthetic defines its instruments before their first tick", async () => {
    const { defined, ticks } = await run(open("history=1m&rate=100"), { forMs: SECOND });
    const symbols = "AAPL GOOGL MSFT AMZN TSLA EUR/USD BTC/USD ETH/USD".split(" ");
    assert.deepEqual([...defined.keys()], symbols);
    assert.deepEqual([...new Set(ticks.map(({ symbol }) => symbol))].sort(), symbols.sort());
    for (const { name, decimals, prevClose } of defined.values()) {
      assert.ok(name !== undefined && decimals !== undefined && prevClose !== undefined);
    }
    for (const { symbol, price, bid, ask } of ticks) {
      const { decimals } = defined.get(symbol)!;
      for (const value of [price, bid!, ask!]) {
        assert.equal(Number(value.toFixed(decimals ?? undefined)), value);
      }
    }
  });

  test("synthetic names symbols by option or by number", async () => {
    const symbolsOf = async (
      options: string,
    ) => [...(await run(open(`history=0&${options}`), { forMs: 1 })).defined.keys()];
    assert.deepEqual(await symbolsOf("symbols=MSFT,%20NEW"), ["MSFT", "NEW"]);
    const hundred = await symbolsOf("symbols=100");
    assert.equal(hundred.length, 100);
    assert.deepEqual([hundred[0], hundred[99]], ["S000", "S099"]);
    assert.equal((await symbolsOf("symbols=10000")).at(-1), "S9999");
  });

  test("synthetic with rate=0 makes history and then no ticks", async () => {
    const { ticks, ready } = await run(open("rate=0&history=1h"), { forMs: HOUR });
    assert.ok(ticks.length > 1_000);
    assert.equal(ticks.length, ready[0]!.after);
  });

  test("synthetic skips ticks that it missed in a long stall", async () => {
    const { ticks } = await run(open("rate=100&history=0"), { forMs: 60 * SECOND, msPerTick: 30 });
    checkSound(ticks);
    assert.ok(ticks.length <= 60 * SECOND / 30 + 100, `${ticks.length}`);
    for (const { time, at } of ticks) assert.ok(at - time <= 1_000 + 30 * 100 * 2);
  });

  test("synthetic lets other work run, even when it cannot keep its rate", async () => {
    // A tick takes three times as long as the rate allows.
    const feed = open("rate=1000000&history=0&symbols=10");
    const { sleeps } = await run(feed, { ticksMax: 200_000, msPerTick: 0.003 });
    let before = 0;
    for (const { after } of [...sleeps, { after: 200_000 }]) {
      assert.ok(after - before <= 20_000, `${after - before} ticks without a pause`);
      before = after;
    }
  });

  test("synthetic ends on request, also during its history", async () => {
    const { ticks, ready } = await run(open("history=7d&rate=1000"), { ticksMax: 10_000 });
    assert.ok(ticks.length < 13_000);
    assert.ok(ready.length <= 1);
  });

  test("synthetic refuses bad options in words with the feed and the value", () => {
    const wrong: [string, RegExp][] = [
      ["rates=5", /synthetic has no option rates; it has symbols, rate, seed, history$/],
      ["rate=x", /rate=x is not a number of at least 0$/],
      ["rate=", /rate= is not a number of at least 0$/],
      ["rate=-1", /rate=-1 is not a number of at least 0$/],
      ["rate=Infinity", /rate=Infinity is not a number of at least 0$/],
      ["rate=1000001", /rate=1000001 is more than 1000000$/],
      ["seed=a", /seed=a is not a number of at least 0$/],
      ["history=long", /history=long is not a duration$/],
      ["symbols=", /symbols= is not between 1 and 10000$/],
      ["symbols=A,B,A", /symbols names A twice$/],
      ["symbols=A,b%20c", /symbol "b c": a symbol has no spaces$/],
      ["symbols=0", /symbols=0 is not between 1 and 10000$/],
      ["symbols=10001", /symbols=10001 is not between 1 and 10000$/],
      ["symbols=99999999999", /symbols=99999999999 is not between 1 and 10000$/],
    ];
    for (const [options, reason] of wrong) {
      const name = `synthetic:?${options}`;
      assert.throws(() => open(options), (error: unknown) => {
        assert.ok(error instanceof RangeError);
        assert.ok(error.message.startsWith(`Cannot use feed ${name}: `), error.message);
        assert.match(error.message, reason);
        return true;
      }, name);
    }
  });
});
