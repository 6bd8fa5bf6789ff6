import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ROWS_MAX } from "../../src/hub/cohort.ts";
import { TestHub } from "../helpers/desk.ts";

describe("Session", () => {
  it("Session gets nothing more while its socket is full, then the newest rows with what it missed", () => {
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
    // It is back among the others: one text for both.
    test.tick("A", 51);
    test.pass(10);
    test.tick("A", 52);
    test.pass(10);
    assert.deepEqual(socket.take().at(-1), reader.take().at(-1));
  });

  it("Session in mode all catches up without a loss, however much has waited", () => {
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

  it("Session that makes no progress is closed with 4408, one that does is not", () => {
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

  it("Session refuses a frame that is nested too deeply to be shown again", () => {
    const { socket, session } = new TestHub().connect();
    const deep = "[".repeat(32_000) + "]".repeat(32_000);
    session.receive(`{"op":${deep}}`);
    session.receive(`{"op":"ping","id":${deep}}`);
    for (const { op } of socket.take()) assert.equal(op, "error");
    session.receive('{"op":"ping"}');
    assert.equal(socket.take()[0].op, "pong");
  });

  it("Session that gives commands without reading the answers is closed", () => {
    const test = new TestHub({ bufferedBytesMax: 500 });
    const { socket, session } = test.connect();
    socket.reads(false);
    for (let id = 0; id < 100; id++) session.receive(JSON.stringify({ op: "ping", id }));
    assert.equal(socket.closedWith?.code, 4408);
    assert.ok(socket.buffered < 2_500);
  });

  it("Session takes so many commands a second and refuses the others with the time to wait", () => {
    const test = new TestHub({ commandsPerSecond: 50, commandsBurst: 100 });
    const { socket, session } = test.connect();
    const ping = () => session.receive(`{"op":"ping"}`);
    for (let count = 0; count < 100; count++) ping();
    assert.ok(socket.take().every(({ op }) => op === "pong"));
    ping();
    const [error] = socket.take();
    assert.equal(error.code, "too_many_commands");
    test.now += error.retryAfter + 20;
    ping();
    assert.equal(socket.take()[0].op, "pong");
    for (let count = 0; count < 110; count++) ping();
    assert.equal(socket.closedWith?.code, 4429);
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
