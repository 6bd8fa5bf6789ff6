import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Message } from "../../src/hub/wire.ts";
import { list, value, valueCommand } from "../../src/wire/plain.ts";
import { PacedHub } from "../helpers/conversation.ts";
import { TestHub } from "../helpers/test_hub.ts";
import { playGolden } from "./golden.ts";

playGolden("value", "list");

describe("Clients that only listen", () => {
  test("value and list send only data", () => {
    const messages: Message[] = [
      { kind: "heartbeat", seq: 1, time: 1 },
      { kind: "draining", reconnectAfter: 1 },
      { kind: "error", code: "bad_request", message: "Cannot" },
      { kind: "pong", time: 1 },
      { kind: "unsubscribed", sub: "q1" } as Message,
    ];
    for (const wire of [value, list]) {
      for (const message of messages) assert.equal(wire.encode(message), undefined);
      for (const text of ["", "{", '{"op":"ping"}']) assert.deepEqual(wire.decode(text), []);
    }
  });

  test("value sends every value once and in order to pages opened at different times", () => {
    const hub = new PacedHub();
    const pages = [0, 1, 2].map(() => ({ from: 0, values: [] as number[] }));
    const clients = new Map<number, ReturnType<PacedHub["join"]>>();
    for (let step = 0; step < 600; step++) {
      hub.ticks({ symbol: "cpu", price: step });
      const page = step / 150;
      if (Number.isInteger(page) && pages[page] !== undefined) {
        pages[page].from = step;
        clients.set(page, hub.join("symbol=cpu&format=value"));
      }
      hub.pass(3);
      for (const [page, client] of clients) {
        const values = client.frames() as { value: number }[];
        pages[page]!.values.push(...values.map(({ value }) => value));
      }
    }
    for (const { from, values } of pages) {
      // The last value may still wait for its frame.
      const expected = Array.from({ length: values.length }, (_, index) => from + index);
      assert.deepEqual(values, expected);
      assert.ok(from + values.length > 590);
    }
  });

  test("value sends a slow page the same values later, not fewer", () => {
    const hub = new TestHub({ bufferedBytesMax: 1_000 });
    const { socket, session } = hub.connect(value);
    session.begin(() => valueCommand(new URLSearchParams("symbol=cpu&format=value")));
    socket.reads(false);
    for (let step = 0; step < 20_000; step++) {
      hub.tick("cpu", step);
      if (step % 10 === 0) hub.pass(10);
    }
    assert.ok(socket.buffered < 2_000, `${socket.buffered} bytes are unsent`);
    socket.reads(true);
    for (let flush = 0; flush < 1_000; flush++) hub.pass(10);
    const values = socket.take().map(({ value }: { value: number }) => value);
    assert.deepEqual(values, Array.from({ length: 20_000 }, (_, step) => step));
    assert.equal(socket.closedWith, undefined);
  });

  test("list is in the order of symbols, for any order of their first ticks", () => {
    const hub = new PacedHub();
    hub.ticks({ symbol: "b" }, { symbol: "B" }, { symbol: "A" }, { symbol: "_" }, { symbol: "1" });
    const client = hub.join("format=list&every=1s");
    hub.pass(1_000);
    const lists = client.frames() as { symbol: string }[][];
    assert.equal(lists.length, 2);
    for (const rows of lists) {
      assert.deepEqual(rows.map(({ symbol }) => symbol), ["1", "A", "B", "_", "b"]);
    }
  });
});
