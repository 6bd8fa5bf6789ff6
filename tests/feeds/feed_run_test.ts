import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Market } from "../../src/core/market.ts";
import type { Tick } from "../../src/core/tick.ts";
import { type FeedContext, SourceFault } from "../../src/feeds/feed.ts";
import { FeedRun, STABLE_MS } from "../../src/feeds/feed_run.ts";
import { ClientError } from "../../src/hub/client_error.ts";
import { TapeFull } from "../../src/store/tape_error.ts";

const START = 1_763_700_000_000;
const tick = (symbol: string, time = START): Tick => ({
  symbol,
  time,
  price: 1,
  size: null,
  bid: null,
  ask: null,
});

/** Runs a feed whose sleeps move the clock; its `turn` gets the number of the attempt. */
async function runOf(
  turn: (context: FeedContext, attempt: number, stop: () => void) => Promise<void> | void,
  accept: (ticks: readonly Tick[], attempt: number) => void = () => {},
) {
  const stop = new AbortController();
  const market = new Market({ barsKept: 10 });
  const [log, sleeps, states]: [string[], number[], string[]] = [[], [], []];
  let [now, attempt, asked] = [START, 0, 0];
  const run: FeedRun = new FeedRun({
    name: "f",
    run: async (context) => await turn(context, attempt++, () => stop.abort()),
  }, {
    market,
    tape: { head: 0, mark: () => undefined, first: () => ({ ticks: [], seq: 0, effort: 0 }) },
    accept: (ticks) =>
      Promise.resolve(accept(ticks, asked++)).then(() => ({ accepted: 0, position: "e:1" })),
    give: (bars) => Promise.resolve({ accepted: bars.length, position: "e:1" }),
    cancel: () => Promise.resolve(1),
    define(symbol, fields) {
      if (symbol === "FULL") {
        return Promise.reject(new ClientError("too_many", "no room for FULL"));
      }
      market.define(symbol, fields);
      return Promise.resolve();
    },
    signal: stop.signal,
    log: {
      info: (message) => void log.push(message),
      warn: (message) => void log.push(message),
      error: (message, cause) => void log.push(`${message}: ${cause}`),
    },
    now: () => now,
    random: () => 0.5,
    sleep(ms) {
      now += ms;
      sleeps.push(ms);
      states.push(run.report().state);
      return Promise.resolve();
    },
  });
  await run.start();
  return { run, market, log, sleeps, states, report: run.report() };
}

describe("FeedRun", () => {
  test("FeedRun reports a feed that ends, with its ticks, rate and lag", async () => {
    const { report, log } = await runOf(async (context) => {
      assert.equal(context.tapeEmpty, true);
      context.ready();
      await context.emit([tick("A", START - 10), tick("A", START - 500)]);
      context.leftOut(3);
      await context.sleep(1_000);
    });
    assert.deepEqual(report, {
      name: "f",
      state: "ended",
      error: null,
      errorTime: null,
      retries: 0,
      ticks: 2,
      leftOut: 3,
      rate: 0.2,
      lag: 1_010,
    });
    assert.deepEqual(log, ["Feed f has ended; the server keeps running"]);
  });

  test("FeedRun retries a source with full jitter, and forgets failures after a stable time", async () => {
    const { sleeps, states, log, report } = await runOf(async (context, attempt, stop) => {
      if (attempt === 7) return stop();
      if (attempt >= 4) context.ready();
      if (attempt === 5) await context.sleep(STABLE_MS - 1);
      if (attempt === 6) await context.sleep(STABLE_MS);
      throw new SourceFault("away");
    });
    assert.deepEqual(sleeps.filter((ms) => ms < STABLE_MS - 1), [
      ...[250, 500, 1_000, 2_000, 4_000, 8_000],
      250,
    ]);
    assert.deepEqual([...new Set(states)], ["retrying", "running"]);
    assert.equal(report.retries, 7);
    assert.equal(report.error, "away");
    assert.deepEqual(log, [
      "Feed f: away; the feed tries again",
      ...["Feed f is back", "Feed f: away; the feed tries again"],
      ...["Feed f is back", "Feed f: away; the feed tries again"],
      ...["Feed f is back", "Feed f: away; the feed tries again"],
    ]);
  });

  test("FeedRun waits as long as the source asks", async () => {
    const { sleeps } = await runOf((_, attempt, stop) => {
      if (attempt === 1) return stop();
      throw new SourceFault("busy", { retryAfterMs: 90_000 });
    });
    assert.deepEqual(sleeps, [90_000]);
  });

  test("FeedRun ends a feed that fails for good, and logs a stack only for an error of ours", async () => {
    for (
      const [error, line] of [
        [new TypeError("ours"), "Feed f failed: TypeError: ours"],
        [new RangeError("theirs"), "Feed f failed: theirs"],
      ] as const
    ) {
      const { report, log } = await runOf(() => {
        throw error;
      });
      assert.deepEqual([report.state, report.error], ["failed", error.message]);
      assert.deepEqual(log, [line]);
    }
  });

  test("FeedRun pauses while the tape is full, and keeps the reason", async () => {
    const { report, states } = await runOf(async (context) => {
      context.ready();
      await context.emit([tick("A")]);
    }, (_, asked) => {
      if (asked < 2) throw new TapeFull("the disk is full");
    });
    assert.deepEqual(states, ["paused", "paused"]);
    assert.deepEqual([report.state, report.error, report.ticks], ["ended", "the disk is full", 1]);
  });

  test("FeedRun does not fail a feed for an instrument without room", async () => {
    const { report } = await runOf((context) => {
      context.define("FULL", {});
      context.define("A", {});
    });
    assert.deepEqual([report.state, report.error], ["ended", "no room for FULL"]);
  });

  test("FeedRun leaves out symbols without room, and takes the others", async () => {
    const taken: string[] = [];
    const { report, log } = await runOf(async (context) => {
      context.define("A", {});
      await context.emit([tick("A"), tick("B"), tick("A")]);
      await context.emit([tick("B")]);
    }, (ticks) => {
      if (ticks.some(({ symbol }) => symbol === "B")) throw new ClientError("too_many", "no room");
      taken.push(...ticks.map(({ symbol }) => symbol));
    });
    assert.deepEqual(taken, ["A", "A"]);
    assert.deepEqual([report.ticks, report.leftOut, report.error], [2, 2, "no room"]);
    assert.equal(log.filter((line) => line === "Feed f: no room").length, 1);
  });
});
