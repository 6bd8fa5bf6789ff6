import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ROWS_MAX } from "../../src/hub/cohort.ts";
import { TapeError } from "../../src/store/tape_error.ts";
import { TestHub } from "../helpers/test_hub.ts";

describe("Session", () => {
  it("Session sends nothing while its socket is full, then the newest rows with the number it skipped", () => {
    const test = new TestHub({ bufferedBytesMax: 300 });
    const { socket } = test.subscribe({ symbols: ["A"], channel: "quote" });
    const reader = test.subscribe({ symbols: ["A"], channel: "quote" }).socket;
    test.tick("A", 0);
    test.pass(10);
    socket.take();
    socket.reads(false);
    for (let price = 1; price <= 50; price++) {
      test.tick("A", price);
      test.pass(10);
    }
    assert.ok(socket.buffered < 1_000);
    socket.reads(true);
    test.pass(10);
    const frames = socket.take();
    frames.slice(1).forEach(({ prev }, index) => assert.equal(prev, frames[index].seq));
    assert.equal(frames.at(-1).rows[0].price, 50);
    assert.equal(frames.at(-1).seq, 51);
    const updates = frames.reduce((sum, { rows, merged = 0 }) => sum + rows.length + merged, 0);
    assert.equal(updates, 50);
    assert.equal(reader.take().filter(({ op }) => op === "data").length, 51);
    // The session shares the text of the others again.
    test.tick("A", 51);
    test.pass(10);
    test.tick("A", 52);
    test.pass(10);
    assert.deepEqual(socket.take().at(-1), reader.take().at(-1));
  });

  it("Session in mode all catches up without a loss, for any number of waiting ticks", () => {
    const test = new TestHub({ bufferedBytesMax: 200 });
    const patient = test.subscribe({ symbols: ["A"] }).socket;
    const stalled = test.subscribe({ symbols: ["A"] }).socket;
    const reader = test.subscribe({ symbols: ["A"] }).socket;
    for (const socket of [patient, stalled]) socket.take();
    patient.reads(false);
    stalled.reads(false);
    for (let price = 1; price <= 100; price++) {
      test.tick("A", price);
      test.pass(10);
    }
    patient.reads(true);
    test.pass(10);
    const rows = patient.take().flatMap((frame) => frame.rows);
    assert.deepEqual(rows.map(({ price }) => price), Array.from({ length: 100 }, (_, i) => i + 1));
    for (let price = 0; price <= ROWS_MAX; price++) test.tick("A", price);
    test.pass(10);
    assert.equal(stalled.closedWith, undefined);
    assert.ok(stalled.bufferedAtSendMax <= 200);
    stalled.reads(true);
    for (let round = 0; round < 20; round++) test.pass(10);
    const all = stalled.take().flatMap((frame) => frame.rows);
    assert.deepEqual(all, reader.take().flatMap(({ rows = [] }) => rows));
  });

  it("Session without progress is closed with 4408, and one with progress is not", () => {
    const test = new TestHub({ bufferedBytesMax: 1_000, stalledMsMax: 30_000 });
    const stalled = test.subscribe({ symbols: ["A"], channel: "quote" }).socket;
    const slow = test.subscribe({ symbols: ["A"], channel: "quote" }).socket;
    stalled.reads(false);
    for (let second = 0; second <= 35; second++) {
      test.tick("A", second);
      slow.reads(second % 10 === 0);
      test.pass(1_000);
      test.hub.tend(test.now);
    }
    assert.equal(stalled.closedWith?.code, 4408);
    assert.equal(slow.closedWith, undefined);
  });

  it("Session that reads slowly is not closed, however many bytes its characters have", () => {
    const test = new TestHub({ stalledMsMax: 30_000 });
    const { socket } = test.subscribe({ symbols: ["*"] });
    test.pass(10);
    socket.reads(false);
    for (let price = 1; price <= 50; price++) {
      test.tick("東".repeat(200), price);
      test.pass(10);
    }
    for (let second = 0; second <= 60; second++) {
      socket.buffered -= 100;
      test.pass(1_000);
      test.hub.tend(test.now);
    }
    assert.ok(socket.buffered > 10_000);
    assert.equal(socket.closedWith, undefined);
    for (let second = 0; second <= 30; second++) {
      test.pass(1_000);
      test.hub.tend(test.now);
    }
    assert.equal(socket.closedWith!.code, 4408);
  });

  it("Session sends a heartbeat after silence, but none into a socket with unsent bytes", () => {
    const test = new TestHub({ heartbeatMs: 15_000 });
    const quiet = test.subscribe({ symbols: ["A"] }).socket;
    const full = test.subscribe({ symbols: ["A"] }).socket;
    quiet.take();
    full.take();
    test.now += 14_000;
    full.reads(false);
    full.buffered = 1;
    test.hub.tend(test.now);
    assert.deepEqual(quiet.take(), []);
    test.now += 1_000;
    test.hub.tend(test.now);
    assert.deepEqual(quiet.take(), [{ op: "heartbeat", seq: 0, time: test.now }]);
    assert.equal(full.buffered, 1);
    test.now += 14_000;
    test.hub.tend(test.now);
    assert.deepEqual(quiet.take(), []);
  });

  it("Session refuses a frame that is nested too deeply to be repeated", () => {
    const { socket, session } = new TestHub().connect();
    const deep = "[".repeat(32_000) + "]".repeat(32_000);
    session.receive(`{"op":${deep}}`);
    session.receive(`{"op":"ping","id":${deep}}`);
    for (const { op } of socket.take()) assert.equal(op, "error");
    session.receive('{"op":"ping"}');
    assert.equal(socket.take()[0].op, "pong");
  });

  it("Session runs no commands while answers are unread, and all of them afterwards", () => {
    const test = new TestHub({ bufferedBytesMax: 500 });
    const { socket, session } = test.connect();
    socket.reads(false);
    for (let id = 0; id < 1_000; id++) session.receive(JSON.stringify({ op: "ping", id }));
    assert.ok(socket.bufferedAtSendMax <= 500);
    assert.equal(socket.closedWith, undefined);
    for (let round = 0; socket.received.length < 1_000; round++) {
      assert.ok(round < 200, `${socket.received.length} answers`);
      socket.reads(true);
      socket.reads(false);
      test.pass(10);
    }
    assert.deepEqual(
      socket.take().map(({ id }) => id),
      Array.from({ length: 1_000 }, (_, id) => id),
    );
  });

  it("Session that sends commands and never reads an answer is closed", () => {
    const test = new TestHub({ bufferedBytesMax: 500, stalledMsMax: 30_000 });
    const { socket, session } = test.connect();
    socket.reads(false);
    for (let second = 0; second <= 31; second++) {
      for (let id = 0; id < 100; id++) session.receive(JSON.stringify({ op: "ping", id }));
      test.pass(1_000);
      test.hub.tend(test.now);
    }
    assert.equal(socket.closedWith?.code, 4408);
    assert.ok(socket.buffered < 600);
  });

  it("Session runs a thousand subscriptions one after another, a few at a time", () => {
    const test = new TestHub();
    test.costMs = 0.05;
    const { socket, session } = test.connect();
    const other = test.connect();
    for (let id = 0; id < 1_000; id++) {
      session.receive(JSON.stringify({ op: "subscribe", id, symbols: [`S${id}`] }));
    }
    assert.ok(socket.received.length > 0 && socket.received.length < 100);
    // Another session does not wait for all of them.
    other.session.receive('{"op":"ping"}');
    test.pass(10);
    assert.equal(other.socket.take().length, 1);
    const begunAt = test.now;
    while (socket.received.length < 1_000) {
      const before = test.now = Math.max(test.now, test.servedAt);
      test.hub.queue.serve();
      assert.ok(test.now - before < 1.5, `${test.now - before} ms in one piece`);
    }
    assert.ok(test.now - begunAt < 1_000, `${test.now - begunAt} ms`);
    const answers = socket.take();
    assert.deepEqual(answers.map(({ id }) => id), Array.from({ length: 1_000 }, (_, id) => id));
    assert.ok(answers.every(({ op }) => op === "subscribed"));
  });

  it("Session answers each request once, in order: by result, by error, or by the close", () => {
    const test = new TestHub({ commandsMax: 10, frameLengthMax: 100 });
    const { socket, session } = test.connect();
    socket.buffered = 1e9;
    const frames = [
      { op: "ping", id: 1 },
      { op: "unsubscribe", id: 2, sub: "t9" },
      { op: "nonsense", id: 3 },
      { op: "subscribe", id: 4, symbols: ["a b"] },
      { op: "subscribe", id: 5, symbols: ["A"], every: "10x" },
      { op: "subscribe", id: 6, symbols: ["A"], from: "some day" },
      { op: "subscribe", id: 7, symbols: ["A"] },
      { op: "subscribe", id: 8, symbols: ["A"] },
      { op: "update", id: 9, sub: "t1", every: 1e9 },
      { op: "ping", id: "x".repeat(100) },
      ...Array.from({ length: 9 }, (_, index) => ({ op: "ping", id: 11 + index })),
      "nonsense",
    ];
    for (const frame of frames) {
      session.receive(typeof frame === "string" ? frame : JSON.stringify(frame));
    }
    assert.deepEqual(socket.received, []);
    socket.buffered = 0;
    test.pass(10);
    assert.deepEqual(socket.take().map(({ op, id, code }) => [id, code ?? op]), [
      [1, "pong"],
      [2, "unknown_sub"],
      [3, "unknown_op"],
      [4, "bad_symbol"],
      [5, "bad_every"],
      [6, "bad_from"],
      [7, "subscribed"],
      [8, "already_subscribed"],
      [9, "bad_every"],
      [undefined, "too_large"],
      ...Array.from({ length: 9 }, (_, index) => [11 + index, "too_many_commands"]),
      [undefined, "bad_json"],
    ]);
    assert.equal(socket.closedWith, undefined);
    socket.buffered = 1e9;
    for (let id = 0; id < 20; id++) session.receive('{"op":"ping"}');
    assert.equal(socket.closedWith, undefined);
    session.receive('{"op":"ping"}');
    assert.equal(socket.closedWith!.code, 4429);
    socket.buffered = 0;
    test.pass(10);
    assert.deepEqual(socket.take(), []);
  });

  it("Session says when to retry a refused request", () => {
    const test = new TestHub({ commandsMax: 1 });
    const { socket, session } = test.connect();
    socket.buffered = 1e9;
    for (let id = 0; id < 2; id++) session.receive(JSON.stringify({ op: "ping", id }));
    socket.buffered = 0;
    test.pass(10);
    assert.deepEqual(socket.take()[1], {
      op: "error",
      id: 1,
      code: "too_many_commands",
      message: "Cannot run the command: 1 commands are waiting",
      retryAfter: 1_000,
    });
  });

  it("Session answers a command that the server fails to run, and goes on", () => {
    const test = new TestHub();
    const { socket, session } = test.connect();
    const fault = new TypeError("the secret reason");
    test.hub.snapshot = () => {
      throw fault;
    };
    const asked = { op: "subscribe", id: 1, symbols: ["A"] };
    assert.throws(() => session.receive(JSON.stringify(asked)), fault);
    const message = "Cannot run the command: the server failed";
    assert.deepEqual(socket.take(), [{ op: "error", id: 1, code: "internal", message }]);
    test.hub.snapshot = () => {
      throw new TapeError("Cannot read tape a.db: it is damaged");
    };
    const next = { ...asked, id: 2, symbols: ["B"] };
    assert.throws(() => session.receive(JSON.stringify(next)), TapeError);
    const { code, message: reason } = socket.take()[0];
    assert.deepEqual([code, reason], ["tape_unreadable", "Cannot read tape a.db: it is damaged"]);
    session.receive(JSON.stringify({ op: "ping", id: 3 }));
    assert.equal(socket.take()[0].id, 3);
  });

  it("Session that replaces its subscription keeps nothing of the old one", async () => {
    const { grid } = await import("../../src/wire/openbb.ts");
    const test = new TestHub();
    const { socket, session } = test.connect(grid);
    session.receive(JSON.stringify({ params: { symbol: "A" } }));
    session.receive(JSON.stringify({ params: { symbol: "B" } }));
    assert.equal(test.hub.cohortCount, 1);
    socket.take();
    test.tick("A", 1);
    test.tick("B", 2);
    test.pass(100);
    test.pass(100);
    assert.deepEqual(socket.take().flat().map(({ symbol }: { symbol: string }) => symbol), ["B"]);
  });
});
