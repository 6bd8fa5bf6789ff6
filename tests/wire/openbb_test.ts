import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Message } from "../../src/hub/wire.ts";
import { grid, isGridFrame } from "../../src/wire/openbb.ts";
import { PacedHub } from "../helpers/conversation.ts";
import { playGolden } from "./golden.ts";

playGolden("grid");

const patternsOf = (params: unknown) => {
  const [command] = grid.decode(JSON.stringify({ params }));
  return command?.kind === "replace" ? command.subscription.selection.patterns : undefined;
};

describe("grid", () => {
  test("isGridFrame recognises a live grid by params, or by the type of a frame without params", () => {
    assert.ok(isGridFrame('{"params":{}}'));
    assert.ok(isGridFrame('{"params":null}'));
    assert.ok(isGridFrame('{"type":"params"}'));
    for (
      const text of ['{"op":"ping"}', '{"type":"other"}', '["params"]', '"params"', "null", ""]
    ) {
      assert.ok(!isGridFrame(text), text);
    }
  });

  test("grid drops empty items from a list of symbols", () => {
    assert.deepEqual(patternsOf({ symbol: ["A", "", " ", ",", "B"] }), ["A", "B"]);
    assert.deepEqual(patternsOf({ symbol: ["A", null] }), ["A"]);
    assert.deepEqual(patternsOf({ symbol: [null, ""] }), ["*"]);
  });

  test("grid accepts stars and numbers as names", () => {
    assert.deepEqual(patternsOf({ symbol: "BTC/*,*" }), ["BTC/*", "*"]);
    assert.deepEqual(patternsOf({ symbol: 600519 }), ["600519"]);
  });

  test("grid treats an object without text form as unreadable", () => {
    for (const symbol of [{ toString: "" }, [{ toString: 1, valueOf: 1 }], { a: 1 }]) {
      assert.equal(patternsOf({ symbol }), undefined);
    }
  });

  test("grid never answers a frame with an error", () => {
    fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      const [command] = grid.decode(text);
      assert.ok(command === undefined || command.kind === "replace");
    }));
    fc.assert(fc.property(fc.jsonValue(), (symbol) => {
      const [command] = grid.decode(JSON.stringify({ params: { symbol } }));
      assert.ok(command === undefined || command.kind === "replace");
    }));
  });

  test("grid sends only rows", () => {
    const messages: Message[] = [
      { kind: "heartbeat", seq: 1, time: 1 },
      { kind: "draining", reconnectAfter: 1 },
      { kind: "error", code: "bad_request", message: "Cannot" },
      { kind: "pong", time: 1 },
      { kind: "unsubscribed", sub: "q1" } as Message,
    ];
    for (const message of messages) assert.equal(grid.encode(message), undefined);
  });

  test("A live grid keeps its rows when it asks for too many symbols", () => {
    const hub = new PacedHub({ patternsMax: 2 });
    hub.ticks({ symbol: "A" });
    const client = hub.join();
    client.send({ params: { symbol: "A" } });
    assert.equal(client.frames().length, 1);
    client.send({ params: { symbol: "A,B,C" } });
    assert.deepEqual(client.frames(), []);
    hub.pass(1_020);
    hub.ticks({ symbol: "A", price: 7 });
    const [rows] = client.frames() as { price: number }[][];
    assert.deepEqual(rows?.map(({ price }) => price), [7]);
    assert.equal(client.closed, undefined);
  });

  test("A live grid gets at most one message per row in 100 ms, for any flush time", () => {
    for (const flushMs of [1, 10, 500]) {
      const hub = new PacedHub({ flushMs });
      const client = hub.join();
      hub.ticks({ symbol: "A" }, { symbol: "B" });
      client.send({ params: { symbol: "*" } });
      client.texts();
      hub.pass(120);
      let sentAt = -Infinity;
      for (let step = 0; step < 3_000; step++) {
        hub.pass(1);
        hub.ticks({ symbol: step % 3 === 0 ? "B" : "A", price: step });
        for (const rows of client.frames() as { symbol: string }[][]) {
          assert.ok(hub.now - sentAt >= 100, `${flushMs}: ${hub.now - sentAt} ms`);
          assert.deepEqual(
            rows.map(({ symbol }) => symbol).sort(),
            [...new Set(["A", "B"])]
              .filter((symbol) => rows.some((row) => row.symbol === symbol)),
          );
          sentAt = hub.now;
        }
      }
      assert.ok(sentAt > -Infinity);
    }
  });

  test("The rows of a live grid equal the board once ticks stop", () => {
    const hub = new PacedHub();
    const client = hub.join();
    hub.ticks({ symbol: "A" }, { symbol: "B" }, { symbol: "C" });
    client.send({ params: { symbol: ["A", "B"] } });
    const rows = new Map<string, unknown>();
    const merge = () => {
      for (const row of client.frames().flat() as { symbol: string }[]) rows.set(row.symbol, row);
    };
    for (let step = 0; step < 500; step++) {
      hub.ticks({ symbol: "ABC"[step % 3]!, price: step, size: 1, bid: step - 1 });
      hub.pass(7);
      merge();
    }
    hub.pass(300);
    merge();
    assert.deepEqual([...rows.keys()], ["A", "B"]);
    for (const [symbol, row] of rows) assert.deepEqual(row, hub.market.board.row(symbol));
  });
});
