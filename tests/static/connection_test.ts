import assert from "node:assert/strict";
import { test } from "node:test";
import {
  backoff,
  Connection,
  OPENING_MS_MAX,
  SILENCE_MS_MAX,
  STABLE_MS,
  type State,
} from "../../static/connection.js";
import { FakeClock, FakeListener, FakeSocket, subscribed } from "./fakes.ts";

function setUp(random = () => 0.5) {
  const clock = new FakeClock();
  const sockets: FakeSocket[] = [];
  const states: State["kind"][] = [];
  class Socket extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  const connection = new Connection({
    url: () => `ws://server/ws?attempt=${sockets.length}`,
    WebSocket: Socket,
    clock,
    random,
    changed: ({ kind }) => states.push(kind),
  });
  const last = () => sockets.at(-1)!;
  return { clock, sockets, states, connection, last };
}

/** How long the connection waits before its next attempt. */
function waitOf({ clock, connection }: ReturnType<typeof setUp>): number {
  const { state } = connection;
  assert.equal(state.kind, "waiting");
  return state.kind === "waiting" ? state.until - clock.now() : NaN;
}

test("Backoff lies anywhere between nothing and a limit that doubles up to 15 s", () => {
  assert.deepEqual([0, 1, 2, 4].map((attempt) => backoff(attempt, () => 1)), [
    500,
    1_000,
    2_000,
    8_000,
  ]);
  assert.equal(backoff(5, () => 1), 15_000);
  assert.equal(backoff(5_000, () => 1), 15_000);
  assert.equal(backoff(5, () => 0), 0);
});

test("A connection that is lost is tried again, with a fresh address", () => {
  const { clock, sockets, states, connection, last } = setUp();
  connection.retry();
  last().open();
  last().drop(1006);
  clock.advance(250);
  assert.deepEqual(sockets.map(({ url }) => url.slice(-1)), ["0", "1"]);
  last().open();
  assert.deepEqual(states, ["connecting", "live", "waiting", "connecting", "live"]);
});

test("Waits grow until a connection has stayed up", () => {
  const parts = setUp(() => 1);
  const { clock, connection, last } = parts;
  connection.retry();
  for (const waitMs of [500, 1_000, 2_000]) {
    // It opens each time, but that alone means nothing.
    last().open();
    clock.advance(STABLE_MS - 1);
    last().drop(1012);
    assert.equal(waitOf(parts), waitMs);
    clock.advance(waitMs);
  }
  last().open();
  clock.advance(STABLE_MS);
  last().drop(1012);
  assert.equal(waitOf(parts), 500);
});

test("Close codes that forbid to come back are the end, with their reason", () => {
  for (const code of [4400, 4401, 4403]) {
    const { clock, sockets, connection, last } = setUp();
    connection.retry();
    last().open();
    last().drop(code, code === 4401 ? "Send a key" : "");
    assert.equal(connection.state.kind, "refused");
    if (code === 4401) {
      assert.deepEqual(connection.state, { kind: "refused", reason: "Send a key" });
    }
    clock.advance(3_600_000);
    assert.equal(sockets.length, 1);
    connection.retry();
    assert.equal(sockets.length, 2);
  }
});

test("Every other close code is met with another attempt", () => {
  for (const code of [1000, 1001, 1006, 1012, 4408, 4429]) {
    const { clock, sockets, connection, last } = setUp();
    connection.retry();
    last().drop(code);
    assert.equal(connection.state.kind, "waiting", String(code));
    clock.advance(15_000);
    assert.ok(sockets.length > 1, String(code));
  }
});

test("A server that does not answer is given up", () => {
  const { clock, states, connection, last } = setUp();
  connection.retry();
  clock.advance(OPENING_MS_MAX - 1);
  assert.deepEqual(states, ["connecting"]);
  clock.advance(1);
  assert.equal(connection.state.kind, "waiting");
  assert.ok(last().isClosed);
});

test("A server that has fallen silent is given up, heartbeats are no silence", () => {
  const { clock, sockets, connection, last } = setUp();
  connection.retry();
  last().open();
  for (let beat = 0; beat < 10; beat++) {
    clock.advance(SILENCE_MS_MAX - 1);
    last().receive({ op: "heartbeat", seq: beat, time: 0 });
  }
  assert.equal(connection.state.kind, "live");
  clock.advance(SILENCE_MS_MAX);
  assert.equal(connection.state.kind, "waiting");
  assert.ok(sockets[0]!.isClosed);
});

test("A socket that was given up is not listened to any more", () => {
  const { clock, connection, sockets } = setUp();
  const listener = new FakeListener();
  connection.subscribe({ symbols: ["A"], channel: "tick" }, listener);
  connection.retry();
  const [old] = sockets as [FakeSocket];
  old.open();
  clock.advance(SILENCE_MS_MAX + 250);
  assert.equal(sockets.length, 2);
  old.receive(subscribed(1, "t1", "e:1"));
  old.drop(4400);
  assert.deepEqual(listener.heard, []);
  assert.equal(connection.state.kind, "connecting");
});

test("A draining server is given the time that it asks for", () => {
  const parts = setUp();
  const { clock, connection, last } = parts;
  connection.retry();
  last().open();
  last().receive({ op: "draining", reconnectAfter: 4_000 });
  assert.equal(connection.state.kind, "live");
  clock.advance(1_000);
  last().drop(1012);
  assert.equal(waitOf(parts), 3_000);
});

test("Trying by hand does not wait, and never opens a second socket", () => {
  const { clock, sockets, connection, last } = setUp();
  connection.retry();
  connection.retry();
  last().drop(1006);
  connection.retry();
  assert.equal(sockets.length, 2);
  last().open();
  clock.advance(1_000);
  connection.retry();
  assert.equal(sockets.length, 2);
});

test("Subscriptions outlive connections", () => {
  const { clock, connection, last } = setUp();
  const listener = new FakeListener();
  connection.subscribe({ symbols: ["A"], channel: "tick" }, listener);
  connection.retry();
  for (const position of ["e:5", "f:2"]) {
    last().open();
    last().receive(subscribed(Number(last().sent[0]!["id"]), "t1", position));
    assert.equal(connection.position, position);
    last().drop(1006);
    clock.advance(15_000);
  }
  assert.deepEqual(listener.heard, ["at e:5", "at f:2"]);
});
