import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ALL } from "../../src/hub/grant.ts";
import { Figures } from "../../src/tape/figures.ts";
import { Pairs } from "../../src/wire/kraken_pairs.ts";
import { krakenV1 } from "../../src/wire/kraken_v1.ts";
import { PacedHub } from "../helpers/conversation.ts";
import { TestHub } from "../helpers/test_hub.ts";
import { playGolden } from "./golden.ts";

playGolden("kraken_v1", "kraken_v1_candles", "kraken_v1_errors");

const subscribe = (name: string, pair: string[], more: object = {}) => ({
  event: "subscribe",
  pair,
  subscription: { name, ...more },
});

// deno-lint-ignore no-explicit-any -- frames are whatever the server sends
type Frame = any;

describe("krakenV1", () => {
  test("krakenV1 refuses each excess command with its request", () => {
    const hub = new PacedHub({ commandsMax: 1 });
    for (const symbol of ["A/X", "B/X"]) hub.market.define(symbol, {});
    const client = hub.join("/kraken");
    client.frames();
    client.unread = 1e9;
    client.send({ ...subscribe("trade", ["A/X"]), reqid: 1 });
    client.send({ ...subscribe("trade", ["A/X", "B/X"]), reqid: 2 });
    assert.deepEqual(client.frames(), []);
    client.unread = 0;
    hub.pass(10);
    const [done, ...refused] = client.frames() as Frame[];
    assert.deepEqual([done.status, done.reqid], ["subscribed", 1]);
    assert.deepEqual(
      refused,
      ["A/X", "B/X"].map((pair) => ({
        Error: "Exceeded msg rate",
        errorMessage: "Exceeded msg rate",
        event: "subscriptionStatus",
        pair,
        reqid: 2,
        status: "error",
        subscription: { name: "trade" },
      })),
    );
    assert.equal(client.closed, undefined);
  });

  test("krakenV1 repeats a reqid as sent, and refuses a malformed one", () => {
    const client = new PacedHub().join("/kraken");
    client.frames();
    for (const reqid of ["1", "9007199254740993", "18446744073709551614"]) {
      client.send(`{"event":"ping","reqid":${reqid}}`);
      assert.deepEqual(client.texts(), [`{"event":"pong","reqid":${reqid}}`]);
    }
    const wrong = ["0", "-1", "1.5", "1e400", "36893488147419103232", `"${"x".repeat(1_000)}"`];
    for (const reqid of [...wrong, '{"a":[1]}']) {
      client.send(`{"event":"subscribe","reqid":${reqid}}`);
      const [text = ""] = client.texts();
      assert.match(text, /"errorMessage":"Reqid field must be a positive integer/);
      assert.ok(text.includes(`"reqid":${reqid},`), text);
    }
  });

  test("krakenV1 allows as many subscriptions as the limit of symbols in one subscription", () => {
    const hub = new PacedHub({ patternsMax: 3, subscriptionsMax: 1 });
    for (const symbol of ["A/X", "B/X", "C/X", "D/X"]) hub.market.define(symbol, {});
    const client = hub.join("/kraken");
    client.frames();
    client.send(subscribe("trade", ["A/X", "B/X", "C/X", "D/X"]));
    const [refused] = client.frames() as Frame[];
    assert.equal(refused.errorMessage, "Cannot subscribe 4 pairs: the limit is 3");
    client.send(subscribe("trade", ["A/X", "B/X", "C/X"]));
    client.send(subscribe("trade", ["D/X"]));
    const frames = client.frames() as Frame[];
    assert.deepEqual(frames.map(({ status }) => status), [
      "subscribed",
      "subscribed",
      "subscribed",
      "error",
    ]);
    assert.match(frames[3].errorMessage, /limit/);
    assert.equal(frames[3].pair, "D/X");
  });

  test("krakenV1 answers a frame over the limit and goes on", () => {
    const hub = new PacedHub({ frameLengthMax: 50 });
    const client = hub.join("/kraken");
    client.frames();
    client.send(" ".repeat(51));
    client.send({ event: "ping" });
    assert.deepEqual(client.frames(), [
      { errorMessage: "Malformed request", event: "error" },
      { event: "pong" },
    ]);
  });

  test("krakenV1 answers a request that the server fails to run", () => {
    const hub = new PacedHub();
    hub.market.define("A/X", {});
    const client = hub.join("/kraken");
    client.frames();
    hub.hub.cohortOf = () => {
      throw new TypeError("the secret reason");
    };
    assert.throws(() => client.send(subscribe("trade", ["A/X"])), TypeError);
    const [{ errorMessage, status, pair }] = client.frames() as Frame[];
    assert.deepEqual([status, pair], ["error", "A/X"]);
    assert.equal(errorMessage, "Cannot run the command: the server failed");
  });

  test("krakenV1 answers a frame with many pairs and a long subscription briefly", () => {
    const hub = new PacedHub();
    const client = hub.join("/kraken");
    client.texts();
    const pairs = Array.from({ length: 1_000 }, (_, index) => `${index}/X`);
    client.send(subscribe("x".repeat(50_000), pairs));
    assert.equal(client.texts().length, 1);
    client.send(subscribe("x".repeat(200), pairs));
    const texts = client.texts();
    assert.equal(texts.length, 1_000);
    assert.ok(texts.join("").length < 500_000);
  });

  test("krakenV1 has a fixed channelID for every channel, pair and spelling", () => {
    const hub = new PacedHub();
    const symbols = ["BTC/USD", "BTC/EUR", "EUR/USD", "DOGE/BTC"];
    for (const symbol of ["AAPL", ...symbols]) hub.market.define(symbol, {});
    const names = [...symbols, "XBT/USD", "XBT/EUR", "XDG/XBT"];
    const idsOf = () => {
      const client = hub.join("/kraken");
      client.frames();
      client.send(subscribe("*", names));
      for (const interval of [5, 15, 30, 60, 240, 1440, 10080]) {
        client.send(subscribe("ohlc", names, { interval }));
      }
      const ids = client.frames().map((frame) => (frame as Frame).channelID as number);
      client.leave();
      return ids;
    };
    const ids = idsOf();
    assert.equal(ids.length, names.length * 11);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.every((id) => Number.isSafeInteger(id) && id > 0));
    hub.market.define("ETH/USD", {});
    assert.deepEqual(idsOf(), ids);
  });

  test("krakenV1 sends every trade of a burst, with sides that follow from the previous prices", () => {
    const hub = new PacedHub();
    hub.market.define("A/B", { decimals: 2 });
    const client = hub.join("/kraken");
    client.send(subscribe("trade", ["A/B"]));
    client.frames();
    const prices = Array.from({ length: 3_000 }, (_, index) => 10 + (index * 7) % 11);
    hub.ticks(...prices.map((price) => ({ symbol: "A/B", price })));
    hub.pass(10);
    const rows = client.frames().flatMap((frame) => (frame as Frame)[1]);
    assert.deepEqual(rows.map(([price]) => Number(price)), prices);
    assert.deepEqual(
      rows.map((row) => row[3]),
      prices.map((price, index) => index > 0 && price < prices[index - 1]! ? "s" : "b"),
    );
  });

  test("krakenV1 sends only heartbeats without ticks, also when the clock closes a candle", () => {
    const hub = new PacedHub();
    hub.market.define("A/B", { decimals: 2 });
    hub.ticks({ symbol: "A/B", price: 2 });
    hub.pass(100);
    const clients = [hub.join("/kraken"), hub.join("/kraken")];
    clients[0]!.send(subscribe("*", ["A/B"]));
    hub.pass(1_000);
    hub.ticks({ symbol: "A/B", price: 3 });
    hub.pass(100);
    clients[1]!.send(subscribe("*", ["A/B"]));
    for (const client of clients) client.texts();
    hub.pass(180_000);
    for (const client of clients) {
      assert.deepEqual([...new Set(client.texts())], ['{"event":"heartbeat"}']);
    }
  });

  test("krakenV1 lets a client subscribe to a pair while many clients share its text", () => {
    const hub = new PacedHub();
    hub.market.define("A/B", { decimals: 2 });
    const clients = Array.from({ length: 20 }, () => hub.join("/kraken"));
    for (const client of clients) client.send(subscribe("ohlc", ["A/B"]));
    for (const client of clients) client.texts();
    assert.equal(hub.hub.cohortCount, 1);
    hub.pass(20);
    hub.ticks({ symbol: "A/B", price: 3 });
    hub.pass(20);
    const texts = clients.map((client) => client.texts());
    assert.equal(texts[0]!.length, 1);
    for (const text of texts) assert.deepEqual(text, texts[0]);
    for (const client of clients) client.leave();
    assert.equal(hub.hub.cohortCount, 0);
  });

  for (const [name, ticksPerFlush] of [["in a burst", Infinity], ["evenly", 100]] as const) {
    test(`krakenV1 loses no trade and no final candle for a slow client, with ticks ${name}`, () => {
      const hub = new TestHub({ bufferedBytesMax: 100 });
      const { market } = hub;
      market.define("A/B", { decimals: 2 });
      const now = () => hub.now;
      const wire = krakenV1({
        figures: new Figures({ market, tape: hub.kept, archive: hub.kept, now }),
        pairs: new Pairs(market.catalogue),
        pairsMax: 10,
      });
      const { socket, session } = hub.connect(wire(1, ALL));
      for (const name of ["trade", "ohlc"]) {
        session.receive(JSON.stringify(subscribe(name, ["A/B"])));
      }
      hub.pass(20);
      socket.take();
      socket.reads(false);
      // More than a cohort holds: the client must read the tape.
      const prices = Array.from({ length: 30_000 }, (_, index) => index + 1);
      for (const price of prices) {
        hub.tick("A/B", price);
        hub.now += 10;
        if (price % ticksPerFlush === 0) hub.pass(0);
      }
      hub.pass(0);
      socket.reads(true);
      for (let step = 0; step < 100; step++) hub.pass(10);
      const frames = socket.take();
      const rows = frames.filter((frame) => frame[2] === "trade").flatMap((frame) => frame[1]);
      assert.deepEqual(rows.map(([price]: [string]) => Number(price)), prices);
      const candles = frames.filter((frame) => frame[2] === "ohlc-1").map((frame) => frame[1]);
      const last = new Map(candles.map((candle) => [candle[1], candle]));
      const bars = market.bars("A/B", "1m", { limit: 100 });
      assert.equal(last.size, bars.length);
      for (const { time, close, count } of bars) {
        const candle = last.get(`${time / 1_000 + 60}.000000`);
        assert.deepEqual([Number(candle[5]), candle[8]], [close, count]);
      }
      const ends = candles.map(([, end]) => end);
      assert.deepEqual(ends, [...ends].sort());
    });
  }

  test("krakenV1 answers any frame with an object, and stays open", () => {
    const hub = new PacedHub();
    hub.market.define("A/B", {});
    const words = ["subscribe", "unsubscribe", "ping", "A/B", "ohlc", "*", "book", 1, null, []];
    const value = fc.oneof(fc.constantFrom(...words), fc.jsonValue());
    const frame = fc.record({
      event: value,
      reqid: value,
      pair: fc.oneof(value, fc.array(value)),
      channelID: value,
      subscription: fc.oneof(
        value,
        fc.record({ name: value, interval: value, depth: value }, { requiredKeys: [] }),
      ),
    }, { requiredKeys: [] });
    const client = hub.join("/kraken");
    client.frames();
    fc.assert(fc.property(fc.oneof(frame, fc.jsonValue(), fc.string()), (sent) => {
      client.send(sent);
      const frames = client.frames();
      assert.ok(frames.length > 0, JSON.stringify(sent));
      for (const each of frames) assert.ok(!Array.isArray(each) && typeof each === "object");
      assert.equal(client.closed, undefined);
    }));
  });
});
