import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ROWS_MAX } from "../../src/hub/cohort.ts";
import { START, TestHub } from "../helpers/test_hub.ts";

const prices = (frame: { rows: { price: number }[] }) => frame.rows.map(({ price }) => price);

describe("Hub", () => {
  it("Hub sends the first tick after a pause with the next flush, then one frame per interval", () => {
    const test = new TestHub({ flushMs: 10 });
    const { socket } = test.subscribe({ symbols: ["A"] });
    socket.take();
    test.tick("A", 1);
    assert.equal(test.pass(0), undefined);
    assert.deepEqual(socket.take().map(prices), [[1]]);
    test.tick("A", 2);
    assert.equal(test.pass(4), test.now + 6);
    test.tick("A", 3);
    assert.deepEqual(socket.take(), []);
    test.pass(6);
    assert.deepEqual(socket.take().map(prices), [[2, 3]]);
  });

  it("Hub sends the same text to all sessions with equal subscriptions", () => {
    const test = new TestHub();
    const clients = [["A", "B"], ["B", "A"]].map((symbols) => test.subscribe({ symbols }));
    test.tick("A", 1);
    test.tick("B", 2);
    test.pass(10);
    const [one, two] = clients.map(({ socket }) => socket.take());
    assert.deepEqual(one!.at(-1), two!.at(-1));
    assert.equal(test.hub.cohortCount, 1);
  });

  it("Hub counts frames, updates and bytes of all live, late and stored data", () => {
    const test = new TestHub();
    test.tick("A", 1);
    test.market.define("B", { name: "Ünïcode" });
    const clients = [
      test.subscribe({ symbols: ["A", "B"] }),
      test.subscribe({ symbols: ["B", "A"] }),
      test.subscribe({ symbols: ["*"], channel: "quote", format: "columns" }),
      test.subscribe({ symbols: ["*"], channel: "quote" }),
      test.subscribe({ symbols: ["A"], from: "e1:0" }),
    ].map(({ socket }) => socket);
    for (let round = 0; round < 20; round++) {
      test.tick(round % 3 === 0 ? "B" : "A", round);
      clients[0]!.reads(round % 7 !== 3);
      test.pass(100);
    }
    clients[0]!.reads(true);
    const frames = clients.flatMap((socket) => socket.take())
      .filter(({ op }) => op === "data" || op === "symbols");
    const { sent } = test.hub;
    assert.equal(sent.frames, frames.length);
    assert.equal(sent.updates, frames.reduce((sum, { rows = [] }) => sum + rows.length, 0));
    const bytes = frames.map((frame) => new TextEncoder().encode(JSON.stringify(frame)).length);
    assert.equal(sent.bytes, bytes.reduce((sum, length) => sum + length, 0));
    assert.ok(frames.length > 60);
  });

  it("Hub starts a newcomer at the head while its cohort is behind, then serves both together", () => {
    const test = new TestHub();
    const first = test.subscribe({ symbols: ["A"] }).socket;
    test.tick("A", 1);
    test.pass(10);
    test.tick("X", 9);
    test.tick("X", 9);
    const second = test.subscribe({ symbols: ["A"] }).socket;
    assert.equal(second.take()[0].position, "e1:3");
    first.take();
    test.tick("A", 2);
    test.pass(10);
    assert.deepEqual(first.take().map(({ prev, seq }) => [prev, seq]), [[1, 4]]);
    assert.deepEqual(second.take().map(({ prev, seq }) => [prev, seq]), [[3, 4]]);
    test.tick("A", 3);
    test.pass(10);
    assert.deepEqual(first.take(), second.take());
  });

  it("Hub sends a newcomer no tick of its snapshot", () => {
    const test = new TestHub();
    test.subscribe({ symbols: ["A"] });
    test.tick("A", 1);
    const { socket } = test.subscribe({ symbols: ["A"] });
    assert.equal(socket.take()[0].snapshot[0].price, 1);
    test.tick("A", 2);
    test.pass(10);
    assert.deepEqual(socket.take().map(prices), [[2]]);
  });

  it("Hub does not delay a newcomer when a flush counts as before it joined", () => {
    const test = new TestHub();
    const { socket } = test.subscribe({ symbols: ["A"] });
    socket.take();
    test.tick("A", 1);
    test.hub.flush(test.now - 5);
    assert.deepEqual(socket.take().map(prices), [[1]]);
  });

  it("Hub keeps the spacing of a session, also right after it has joined", () => {
    const test = new TestHub();
    const options = { symbols: ["A"], channel: "quote", every: 100 };
    const old = test.subscribe(options).socket;
    let young = old;
    const sent = new Map<unknown, number[]>([[old, []]]);
    for (let step = 0; step < 120; step++) {
      test.tick("A", step);
      if (step === 33) {
        young = test.subscribe(options).socket;
        sent.set(young, []);
      }
      test.pass(10);
      for (const [socket, times] of sent) {
        if ((socket as typeof old).take().length > 0) times.push(test.now);
      }
    }
    for (const times of sent.values()) {
      assert.ok(times.length > 2);
      times.slice(1).forEach((time, index) => assert.ok(time - times[index]! >= 100));
    }
  });

  it("Hub counts in merged the updates that a conflated frame leaves out", () => {
    const test = new TestHub();
    const { socket } = test.subscribe({ symbols: ["*"], channel: "quote" });
    socket.take();
    for (let price = 1; price <= 5; price++) test.tick("A", price);
    test.tick("B", 6);
    test.pass(10);
    const [frame] = socket.take();
    assert.equal(frame.merged, 4);
    assert.deepEqual(prices(frame), [5, 6]);
  });

  it("Hub sends a row after every tick on channel quote in mode all", () => {
    const test = new TestHub();
    const { socket } = test.subscribe({ symbols: ["A"], channel: "quote", mode: "all" });
    socket.take();
    for (let price = 1; price <= 3; price++) test.tick("A", price);
    test.pass(10);
    const [frame] = socket.take();
    assert.deepEqual(prices(frame), [1, 2, 3]);
    assert.equal(frame.merged, undefined);
  });

  it("Hub always sends a closed bar, however many close between two frames", () => {
    const test = new TestHub();
    const { socket } = test.subscribe({ symbols: ["A"], channel: "bar:1s" });
    socket.take();
    for (let second = 0; second < 5; second++) {
      test.tick("A", second, { time: test.now + 1_000 * second });
      test.tick("A", second + 0.5, { time: test.now + 1_000 * second + 10 });
    }
    test.pass(10);
    const [frame] = socket.take();
    assert.deepEqual(
      frame.rows.map(({ close, closed }: { close: number; closed: boolean }) => [close, closed]),
      [[0.5, true], [1.5, true], [2.5, true], [3.5, true], [4.5, false]],
    );
  });

  it("Hub sends a bar again, marked revised, after a late tick", () => {
    const test = new TestHub();
    const { socket } = test.subscribe({ symbols: ["A"], channel: "bar:1m" });
    const start = test.now;
    test.tick("A", 1);
    test.tick("A", 2, { time: start + 60_000 });
    test.pass(10);
    socket.take();
    test.tick("A", 9, { time: start + 1 });
    test.pass(10);
    const [{ rows }] = socket.take();
    assert.equal(rows.length, 1);
    assert.equal(rows[0].time, start);
    assert.equal(rows[0].high, 9);
    assert.equal(rows[0].revised, true);
  });

  it("Hub delivers a named symbol after its first tick, and announces it in columns", () => {
    const test = new TestHub();
    const object = test.subscribe({ symbols: ["NEW"] }).socket;
    const columns = test.subscribe({ symbols: ["NEW", "N*"], format: "columns" }).socket;
    assert.deepEqual(object.take()[0].unknown, ["NEW"]);
    assert.deepEqual(columns.take()[0].symbols, []);
    test.tick("NEXT", 1);
    test.tick("NEW", 2);
    test.pass(10);
    assert.deepEqual(prices(object.take()[0]), [2]);
    const [announced, frame] = columns.take();
    assert.deepEqual(announced.add, ["NEXT", "NEW"]);
    assert.deepEqual(frame.rows.map((row: unknown[]) => row.slice(0, 2)), [[1, 0], [2, 1]]);
  });

  it("Hub sends a frame early when more rows wait than a frame holds", () => {
    const test = new TestHub();
    const { socket } = test.subscribe({ symbols: ["A"], every: 60_000 });
    test.tick("A", 0);
    test.pass(10);
    socket.take();
    for (let price = 1; price < ROWS_MAX; price++) test.tick("A", price);
    test.pass(10);
    assert.deepEqual(socket.take(), []);
    test.tick("A", ROWS_MAX);
    test.pass(10);
    assert.equal(socket.take()[0].rows.length, ROWS_MAX);
  });

  it("Hub removes cohorts, and frees their symbols, when the last session leaves", () => {
    const test = new TestHub();
    const { session } = test.subscribe({ symbols: ["A"] });
    assert.equal(test.hub.cohortCount, 1);
    session.closed();
    assert.equal(test.hub.cohortCount, 0);
    assert.equal(test.hub.sessionCount, 0);
    test.tick("A", 1);
    assert.equal(test.pass(10), undefined);
  });

  it("Hub sends all clients the ticks of a symbol that was defined before its announcement", () => {
    const test = new TestHub();
    const all = test.subscribe({ symbols: ["*"] }).socket;
    test.market.define("A", {});
    const one = test.subscribe({ symbols: ["A"] }).socket;
    test.tick("A", 1);
    test.tick("A", 2);
    test.pass(10);
    assert.deepEqual(all.take().slice(1).flatMap(prices), [1, 2]);
    assert.deepEqual(one.take().slice(1).flatMap(prices).at(-1), 2);
  });

  it("Hub keeps its pace when the clock is set back", () => {
    const test = new TestHub();
    const { socket, session } = test.subscribe({ symbols: ["A"], every: 100 });
    test.tick("A", 1);
    test.pass(100);
    socket.take();
    test.offMs = -3_600_000;
    test.tick("A", 2);
    test.pass(100);
    assert.deepEqual(socket.take().map(prices), [[2]]);
    session.receive('{"op":"ping"}');
    assert.deepEqual(socket.take(), [{ op: "pong", time: test.now - 3_600_000 }]);
    test.now += test.hub.limits.heartbeatMs;
    test.hub.tend(test.now);
    assert.deepEqual(socket.take(), [
      { op: "heartbeat", seq: 2, time: test.now - 3_600_000 },
    ]);
  });

  it("Hub refuses one client too many", () => {
    const test = new TestHub({ sessionsMax: 2 });
    test.connect();
    test.connect();
    const { socket } = test.connect();
    assert.equal(socket.closedWith?.code, 4429);
    assert.equal(test.hub.sessionCount, 2);
  });

  it("Hub sends bars changed by given bars, and the row, as after ticks", () => {
    const test = new TestHub();
    const DAY = 86_400_000;
    const day = START - START % DAY;
    const bar = (time: number, close: number) => ({
      ...{ symbol: "A", interval: "1d" as const, time, open: 1, high: 9, low: 0, close, volume: 2 },
    });
    const sockets = ["bar:1d", "bar:1w", "bar:1h", "quote", "tick"].map((channel) =>
      test.subscribe({ symbols: ["A"], channel }).socket
    );
    const told = () => {
      test.pass(10);
      return sockets.map((socket) =>
        socket.take().filter(({ op }) => op === "data").flatMap(({ rows }) =>
          rows.map((
            { time, close, price, volume, closed, revised }: Record<string, number>,
          ) => [(time! - day) / DAY, close ?? price, volume, closed, revised])
        )
      );
    };
    told();
    test.give(bar(day - DAY, 2), bar(day, 3));
    const now = (test.now - day) / DAY;
    // 2025-11-21 is a Friday.
    assert.deepEqual(told(), [
      [[-1, 2, 2, true, false], [0, 3, 2, false, false]],
      [[-4, 3, 4, false, false]],
      [],
      [[now, 3, 2, undefined, undefined]],
      [],
    ]);
    test.give(bar(day - DAY, 4));
    assert.deepEqual(told().slice(0, 2), [[[-1, 4, 2, true, true]], []]);
    // A repeated bar sends nothing.
    test.give(bar(day - DAY, 4));
    assert.deepEqual(told(), [[], [], [], [], []]);
  });
});
