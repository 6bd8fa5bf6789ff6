import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PacedHub } from "../helpers/conversation.ts";
import { playGolden } from "./golden.ts";

playGolden("kraken_v2", "kraken_v2_errors");

const subscribe = (channel: string, symbol: string[], more: object = {}) => ({
  method: "subscribe",
  params: { channel, symbol, ...more },
});

// deno-lint-ignore no-explicit-any -- frames are whatever the server sends
type Frame = any;

describe("krakenV2", () => {
  test("krakenV2 answers a request that the server fails to run", () => {
    const hub = new PacedHub();
    hub.market.define("A/X", {});
    const client = hub.join("/kraken/v2");
    client.frames();
    hub.hub.cohortOf = () => {
      throw new TypeError("the secret reason");
    };
    const asked = { ...subscribe("trade", ["A/X"]), req_id: 7 };
    assert.throws(() => client.send(asked), TypeError);
    const [{ error, success, req_id, symbol }] = client.frames() as Frame[];
    assert.deepEqual([success, req_id, symbol], [false, 7, "A/X"]);
    assert.equal(error, "Cannot run the command: the server failed");
  });

  test("krakenV2 writes numbers with the decimals of the instrument, with trailing zeros", () => {
    const hub = new PacedHub();
    hub.market.define("BTC/USD", { decimals: 1 });
    hub.ticks({ symbol: "BTC/USD", price: 77_400, size: 0.0004478, bid: 77_400, ask: 77_401 });
    const client = hub.join("/kraken/v2");
    client.send(subscribe("ticker", ["BTC/USD"]));
    client.send(subscribe("trade", ["BTC/USD"], { snapshot: true }));
    client.send(subscribe("ohlc", ["BTC/USD"]));
    const texts = client.texts().filter((text) => text.includes('"snapshot","')).join("\n");
    for (
      const part of [
        '"bid":77400.0,',
        '"ask":77401.0,',
        '"last":77400.0,',
        '"volume":0.00044780,',
        '"change":0.0,',
        '"change_pct":0.00,',
        '"price":77400.0,',
        '"qty":0.00044780,',
        '"open":77400.0,',
        '"vwap":77400.0,',
        '"bid_qty":0.00000000,',
        '"timestamp":"2025-11-21T04:40:00.000000Z"',
        '"interval_begin":"2025-11-21T04:40:00.000000000Z"',
      ]
    ) assert.ok(texts.includes(part), `${part} in ${texts}`);
  });

  test("krakenV2 sends a heartbeat a second, only with a subscription and without other frames", () => {
    const hub = new PacedHub();
    hub.market.define("A/B", {});
    const client = hub.join("/kraken/v2");
    client.frames();
    hub.pass(10_000);
    assert.deepEqual(client.frames(), []);
    client.send(subscribe("ticker", ["A/B"]));
    client.frames();
    hub.pass(10_000);
    const beats = client.frames();
    assert.ok(beats.length >= 8 && beats.length <= 10, String(beats.length));
    assert.deepEqual(beats[0], { channel: "heartbeat" });
    for (let step = 0; step < 20; step++) {
      hub.ticks({ symbol: "A/B", price: step });
      hub.pass(500);
    }
    const channels = client.frames().map((frame) => (frame as Frame).channel);
    assert.deepEqual([...new Set(channels)], ["ticker"]);
    client.send({ method: "unsubscribe", params: { channel: "ticker", symbol: ["A/B"] } });
    client.frames();
    hub.pass(10_000);
    assert.deepEqual(client.frames(), []);
  });

  test("krakenV2 refuses each excess command with its request", () => {
    const hub = new PacedHub({ commandsMax: 1 });
    for (const symbol of ["A/X", "B/X"]) hub.market.define(symbol, {});
    const client = hub.join("/kraken/v2");
    client.frames();
    client.unread = 1e9;
    client.send({ ...subscribe("trade", ["A/X"]), req_id: 1 });
    client.send({ ...subscribe("trade", ["A/X", "B/X"]), req_id: 2 });
    assert.deepEqual(client.frames(), []);
    client.unread = 0;
    hub.pass(10);
    const frames = client.frames() as Frame[];
    assert.deepEqual(
      frames.map(({ req_id, success, error, symbol }) => [req_id, success, error, symbol]),
      [
        [1, true, undefined, undefined],
        [2, false, "Exceeded msg rate", "A/X"],
        [2, false, "Exceeded msg rate", "B/X"],
      ],
    );
    assert.equal(client.closed, undefined);
  });

  test("krakenV2 repeats a req_id as sent, and refuses a malformed one", () => {
    const client = new PacedHub().join("/kraken/v2");
    client.frames();
    for (const id of ["0", "9007199254740993", "-9007199254740993"]) {
      client.send(`{"method":"ping","req_id":${id}}`);
      const [text = ""] = client.texts();
      assert.ok(text.startsWith(`{"method":"pong","req_id":${id},`), text);
    }
    for (const id of ["1.5", "1e400", "null", `"${"x".repeat(1_000)}"`, '{"a":[1]}']) {
      client.send(`{"method":"subscribe","req_id":${id}}`);
      const [text = ""] = client.texts();
      assert.match(text, /"error":"Malformed request"/);
      assert.ok(text.includes(`"req_id":${id},`), text);
    }
  });

  test("krakenV2 limits the symbols of a frame and the subscriptions of a connection", () => {
    const hub = new PacedHub({ patternsMax: 2 });
    for (const symbol of ["A/X", "B/X", "C/X"]) hub.market.define(symbol, {});
    const client = hub.join("/kraken/v2");
    client.frames();
    client.send(subscribe("trade", ["A/X", "B/X", "C/X"]));
    client.send(subscribe("trade", ["A/X", "B/X"]));
    client.send(subscribe("trade", ["C/X"]));
    const frames = client.frames() as Frame[];
    assert.deepEqual(frames.map(({ success }) => success), [false, true, true, false]);
    assert.equal(frames[0].error, "Cannot subscribe 3 symbols: the limit is 2");
    assert.equal(frames[3].symbol, "C/X");
  });

  test("krakenV2 sends the final state of a candle before the next one, for any flush time", () => {
    const hub = new PacedHub({ flushMs: 500 });
    hub.market.define("A/B", { decimals: 2 });
    const client = hub.join("/kraken/v2");
    client.send(subscribe("ohlc", ["A/B"]));
    client.frames();
    for (let index = 0; index < 10; index++) {
      hub.ticks({ symbol: "A/B", price: index, time: hub.now + 20_000 * index });
    }
    hub.pass(1_000);
    const rows = client.frames().flatMap((frame) => (frame as Frame).data ?? []);
    assert.deepEqual(rows.map(({ close, trades }) => [close, trades]), [
      [2, 3],
      [5, 3],
      [8, 3],
      [9, 1],
    ]);
    const begins = rows.map(({ interval_begin }) => interval_begin);
    assert.deepEqual(begins, [...begins].sort());
  });

  test("krakenV2 answers any frame with an object, and stays open", () => {
    const hub = new PacedHub();
    hub.market.define("A/B", {});
    const words = [
      "subscribe",
      "unsubscribe",
      "ping",
      "A/B",
      "ohlc",
      "ticker",
      "*",
      "book",
      1,
      null,
    ];
    const value = fc.oneof(fc.constantFrom(...words), fc.jsonValue());
    const params = fc.record({
      channel: value,
      symbol: fc.oneof(value, fc.array(value)),
      interval: value,
      snapshot: value,
      event_trigger: value,
    }, { requiredKeys: [] });
    const frame = fc.record({ method: value, req_id: value, params: fc.oneof(params, value) }, {
      requiredKeys: [],
    });
    const client = hub.join("/kraken/v2");
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
