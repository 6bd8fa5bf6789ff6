import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, connect, OPENING_MS_MAX, STABLE_MS, type State } from "../../static/client.js";
import { FakeClock, FakeConsumer, FakeSocket, subscribed } from "./fakes.ts";

/** Two and a half heartbeats. */
const SILENCE_MS_MAX = 37_500;

/** A server that gives this answer to plain requests; without an answer the server is down. */
function setUp(random = () => 0.5, answer?: (signal: AbortSignal) => Promise<Response>) {
  const asked: string[] = [];
  const clock = new FakeClock();
  const sockets: FakeSocket[] = [];
  const states: State["kind"][] = [];
  class Socket extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  const client = connect(() => `ws://server/ws?attempt=${sockets.length}`, {
    WebSocket: Socket,
    clock,
    random,
    fetch: (url, { signal }) => {
      asked.push(url);
      return answer?.(signal) ?? Promise.reject(new TypeError("Nobody is there"));
    },
    onState: ({ kind }) => states.push(kind),
  });
  const last = () => sockets.at(-1)!;
  return { clock, sockets, states, client, last, asked };
}

/** Lets promises settle. */
const settle = () => new Promise((done) => setImmediate(done));
const saying = (status: number, body: unknown) => () =>
  Promise.resolve(Response.json(body, { status }));

/** Time that the client waits before its next attempt. */
function waitOf({ clock, client: { state } }: ReturnType<typeof setUp>): number {
  assert.equal(state.kind, "waiting");
  return state.kind === "waiting" ? state.until - clock.now() : NaN;
}

test("Backoff is random between 0 and a limit that doubles up to 15 s", () => {
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

test("A lost connection is opened again, with a fresh address", () => {
  const { clock, sockets, states, client, last } = setUp();
  assert.equal(client.state.kind, "connecting");
  last().open();
  last().drop(1006);
  clock.advance(250);
  assert.deepEqual(sockets.map(({ url }) => url.slice(-1)), ["0", "1"]);
  last().open();
  assert.deepEqual(states, ["live", "waiting", "connecting", "live"]);
});

test("Waits grow until a connection has stayed open for a time", () => {
  const parts = setUp(() => 1);
  const { clock, last } = parts;
  for (const waitMs of [500, 1_000, 2_000]) {
    // Each connection opens, but only one that stays open ends the backoff.
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

test("Close codes that forbid a reconnect end the client, with their reason", () => {
  for (const code of [1007, 1009, 4400, 4401, 4403]) {
    const { clock, sockets, client, last } = setUp();
    last().open();
    last().drop(code, code === 4401 ? "Send a key" : "");
    assert.equal(client.state.kind, "refused");
    if (code === 4401) {
      assert.deepEqual(client.state, { kind: "refused", code, reason: "Send a key" });
    }
    clock.advance(3_600_000);
    assert.equal(sockets.length, 1);
    client.retry();
    assert.equal(sockets.length, 2);
  }
});

test("The client reconnects after every other close code", () => {
  for (const code of [1000, 1001, 1006, 1012, 4408, 4429]) {
    const { clock, sockets, client, last } = setUp();
    last().open();
    last().drop(code);
    assert.equal(client.state.kind, "waiting", String(code));
    clock.advance(15_000);
    assert.ok(sockets.length > 1, String(code));
  }
});

test("The client waits some seconds after a close for too many clients", () => {
  const parts = setUp();
  parts.last().open();
  parts.last().drop(4429, "Too many clients");
  assert.equal(waitOf(parts), 4_000);
});

test("The client gives up a connection that does not open", () => {
  const { clock, states, client, last } = setUp();
  clock.advance(OPENING_MS_MAX - 1);
  assert.deepEqual(states, []);
  clock.advance(1);
  assert.equal(client.state.kind, "waiting");
  assert.ok(last().isClosed);
});

test("The client gives up a silent connection, but heartbeats count as activity", () => {
  const { clock, sockets, client, last } = setUp();
  last().open();
  for (let beat = 0; beat < 10; beat++) {
    clock.advance(SILENCE_MS_MAX - 1);
    last().receive({ op: "heartbeat", seq: beat, time: 0 });
  }
  assert.equal(client.state.kind, "live");
  clock.advance(SILENCE_MS_MAX);
  assert.equal(client.state.kind, "waiting");
  assert.ok(sockets[0]!.isClosed);
});

test("The client ignores events of a socket that it gave up", () => {
  const { clock, client, sockets } = setUp();
  const consumer = new FakeConsumer();
  client.subscribe({ symbols: ["A"] }, consumer);
  const [old] = sockets as [FakeSocket];
  old.open();
  clock.advance(SILENCE_MS_MAX + 250);
  assert.equal(sockets.length, 2);
  old.receive(subscribed(1, "t1", "e:1"));
  old.drop(4400);
  assert.deepEqual(consumer.heard, []);
  assert.equal(client.state.kind, "connecting");
});

test("The client closes a server with another protocol, and tries again", () => {
  for (const text of ["nonsense", "null", "[]", "{}"]) {
    const { client, last } = setUp();
    last().open();
    last().receiveText(text);
    assert.equal(client.state.kind, "waiting", text);
    assert.ok(last().isClosed);
  }
});

test("The client waits as long as a draining server asks", () => {
  const parts = setUp();
  const { clock, client, last } = parts;
  last().open();
  last().receive({ op: "draining", reconnectAfter: 4_000 });
  assert.equal(client.state.kind, "live");
  clock.advance(1_000);
  last().drop(1012);
  assert.equal(waitOf(parts), 3_000);
});

test("A manual retry does not wait, and never opens a second socket", () => {
  const { clock, sockets, client, last } = setUp();
  client.retry();
  last().open();
  last().drop(1006);
  client.retry();
  assert.equal(sockets.length, 2);
  last().open();
  clock.advance(1_000);
  client.retry();
  assert.equal(sockets.length, 2);
});

test("A closed client stays closed and leaves no timer", () => {
  for (const isWaiting of [false, true]) {
    const { clock, sockets, states, client, last } = setUp();
    last().open();
    if (isWaiting) last().drop(1006);
    else client.subscribe({ symbols: ["A"] }, new FakeConsumer());
    client.close();
    client.close();
    client.retry();
    assert.equal(last().isClosed, !isWaiting);
    assert.equal(clock.timers, 0);
    last().drop(1006);
    assert.equal(sockets.length, 1);
    assert.deepEqual(states.filter((kind) => kind === "closed"), ["closed"]);
  }
});

test("The client asks why a socket does not open, and stops when it is refused", async () => {
  for (const [status, code] of [[400, 4400], [401, 4401], [403, 4403], [421, 4421]] as const) {
    const detail = `Cannot GET /ws: ${status}`;
    const { clock, sockets, states, client, last, asked } = setUp(
      undefined,
      saying(status, { detail, code: "any", status }),
    );
    last().drop(1006);
    assert.equal(client.state.kind, "connecting");
    await settle();
    assert.deepEqual(asked, ["http://server/ws?attempt=0"]);
    assert.deepEqual(client.state, { kind: "refused", code, reason: detail });
    clock.advance(3_600_000);
    assert.deepEqual([states, sockets.length, clock.timers], [["refused"], 1, 0]);
    client.retry();
    assert.equal(sockets.length, 2);
  }
});

test("A refusal without a message is explained by its status", async () => {
  const answer = () => Promise.resolve(new Response("<h1>No</h1>", { status: 403 }));
  const { client, last } = setUp(undefined, answer);
  last().drop(1006);
  await settle();
  const reason = "The server does not allow this client";
  assert.deepEqual(client.state, { kind: "refused", code: 4403, reason });
});

test("The client retries a socket that does not open for another reason", async () => {
  const answers: [answer: (() => Promise<Response>) | undefined, reason: string][] = [
    [undefined, "The connection was lost"],
    [saying(426, { detail: "open it as a WebSocket" }), "The connection was lost"],
    [saying(200, {}), "The connection was lost"],
    [saying(404, { detail: "Cannot find /ws" }), "Cannot find /ws"],
    [saying(503, "busy"), "The server answers 503"],
  ];
  for (const [answer, reason] of answers) {
    const parts = setUp(() => 1, answer);
    parts.last().drop(1006);
    await settle();
    assert.equal(waitOf(parts), 500);
    const { state } = parts.client;
    assert.equal(state.kind === "waiting" && state.reason, reason);
    parts.clock.advance(500);
    assert.equal(parts.sockets.length, 2);
  }
});

test("The client does not wait for a late or missing answer to that question", async () => {
  const never = () => new Promise<Response>(() => {});
  const late = setUp(undefined, never);
  late.last().drop(1006);
  // A manual retry does not wait for the answer, and closing the client cancels the request.
  late.client.retry();
  assert.equal(late.sockets.length, 2);
  late.last().drop(1006);
  late.client.close();
  await settle();
  assert.deepEqual([late.states, late.clock.timers], [["connecting", "closed"], 0]);

  const parts = setUp(
    undefined,
    (signal) => new Promise((_, reject) => signal.addEventListener("abort", reject)),
  );
  parts.last().drop(1006);
  parts.clock.advance(OPENING_MS_MAX);
  await settle();
  assert.equal(waitOf(parts), 250);

  const refusing = Promise.withResolvers<Response>();
  const overtaken = setUp(undefined, () => refusing.promise);
  overtaken.last().drop(1006);
  overtaken.client.retry();
  overtaken.last().open();
  refusing.resolve(Response.json({}, { status: 401 }));
  await settle();
  assert.equal(overtaken.client.state.kind, "live");
});

test("Streams survive a reconnect and resume", () => {
  const { clock, client, last } = setUp();
  const consumer = new FakeConsumer();
  const stream = client.subscribe({ symbols: ["A"] }, consumer);
  last().open();
  last().receive(subscribed(1, "t1", "e:5"));
  last().receive({ op: "data", sub: "t1", prev: 5, seq: 9, rows: [{ seq: 9 }] });
  last().receive({ op: "heartbeat", seq: 12, time: 0 });
  assert.equal(stream.position, "e:9");
  assert.equal(client.position, "e:12");
  last().drop(1006);
  clock.advance(15_000);
  last().open();
  assert.deepEqual(last().sent, [
    { op: "subscribe", id: 2, format: "columns", symbols: ["A"], from: "e:9" },
  ]);
  last().receive(subscribed(2, "t7", "e:9"));
  last().receive({ op: "data", sub: "t7", prev: 9, seq: 12, rows: [{ seq: 10 }, { seq: 12 }] });
  assert.deepEqual(consumer.heard, ["begin at e:5", 9, "on from e:9", 10, 12]);
});
