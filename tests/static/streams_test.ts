import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame, StreamRequest } from "../../static/frames.js";
import { Streams } from "../../static/streams.js";
import { FakeClock, FakeConsumer, subscribed } from "./fakes.ts";

function setUp() {
  const clock = new FakeClock();
  const sent: Record<string, unknown>[] = [];
  const givenUp: string[] = [];
  const streams = new Streams({
    clock,
    send: (text) => sent.push(JSON.parse(text)),
    giveUp(reason) {
      givenUp.push(reason);
      streams.closed();
    },
  });
  streams.opened();
  return {
    clock,
    givenUp,
    streams,
    /** Frames since the last call, without `format`, which all have. */
    sent: () => sent.splice(0).map(({ format: _, ...frame }) => frame),
    ops: () => sent.splice(0).map((frame) => `${frame["op"]} ${frame["sub"] ?? frame["symbols"]}`),
    receive: (frame: Record<string, unknown>) => streams.receive(frame as unknown as Frame),
    open(symbols: string, request: Partial<StreamRequest> = {}) {
      const consumer = new FakeConsumer();
      return { heard: consumer.heard, stream: streams.open({ symbols, ...request }, consumer) };
    },
    again() {
      streams.closed();
      streams.opened();
    },
  };
}

const data = (sub: string, prev: number, seq: number) => ({
  op: "data",
  sub,
  prev,
  seq,
  rows: [{ seq }],
});
const updated = (id: number, sub: string, fields: object = {}) => ({
  op: "updated",
  id,
  sub,
  ...fields,
});

test("Subscriptions are requested when a connection opens, one at a time", () => {
  const { streams, ops, receive, open } = setUp();
  streams.closed();
  open("A");
  open("B");
  assert.deepEqual(ops(), []);
  streams.opened();
  assert.deepEqual(ops(), ["subscribe A"]);
  receive(subscribed(1, "t1", "e:1"));
  assert.deepEqual(ops(), ["subscribe B"]);
});

test("Rows go to their stream and move its position, and heartbeats do not", () => {
  const { streams, receive, open } = setUp();
  const [a, b] = [open("A"), open("B")];
  assert.equal(a.stream.position, undefined);
  receive(subscribed(1, "t1", "e:10"));
  receive({ ...subscribed(2, "t2", "e:11"), columns: ["symbol", "seq"], symbols: ["B"] });
  receive(data("t1", 10, 12));
  receive({ op: "symbols", sub: "t2", add: ["X"] });
  receive({ op: "data", sub: "t2", prev: 11, seq: 13, rows: [[1, 13]] });
  receive(data("t9", 11, 12));
  receive({ op: "heartbeat", seq: 14, time: 0 });
  assert.deepEqual(a.heard, ["begin at e:10", 12]);
  assert.deepEqual(b.heard, ["begin at e:11", 13]);
  assert.deepEqual([a.stream.position, b.stream.position], ["e:12", "e:13"]);
  assert.equal(streams.position, "e:14");
});

test("A stream resumes at its last position, and tells its consumer whether that succeeded", () => {
  const { sent, receive, open, again } = setUp();
  const { heard } = open("A", { channel: "quote", mode: "latest" });
  receive(subscribed(1, "q1", "e:10"));
  receive(data("q1", 10, 12));
  again();
  const asked = { op: "subscribe", symbols: "A", channel: "quote", mode: "latest" };
  assert.deepEqual(sent(), [{ ...asked, id: 1 }, { ...asked, id: 2, from: "e:12" }]);
  receive(subscribed(2, "q1", "e:12"));
  again();
  receive({ ...subscribed(3, "q1", "f:2"), recovered: false, reason: "The epoch is f, not e" });
  receive(data("q1", 2, 3));
  again();
  sent();
  assert.deepEqual(heard, ["begin at e:10", 12, "on from e:12", "begin at f:2", 3]);
});

test("A replay resumes at its position with its speed, and without speed if it starts again", () => {
  const { sent, receive, open, again } = setUp();
  open("A", { from: "-1h", speed: 10 });
  again();
  receive({ ...subscribed(2, "t1", "e:10"), granted: { speed: 10 } });
  receive(data("t1", 10, 12));
  again();
  receive({ ...subscribed(3, "t1", "e:99"), recovered: false });
  again();
  const asked = { op: "subscribe", symbols: "A" };
  assert.deepEqual(sent(), [
    { ...asked, id: 1, from: "-1h", speed: 10 },
    { ...asked, id: 2, from: "-1h", speed: 10 },
    { ...asked, id: 3, from: "e:12", speed: 10 },
    { ...asked, id: 4, from: "e:99" },
  ]);
});

test("A stream can start at a given position", () => {
  const { receive, open } = setUp();
  const { heard, stream } = open("A", { from: "e:7" });
  assert.equal(stream.position, "e:7");
  receive(subscribed(1, "t1", "e:7"));
  assert.deepEqual(heard, ["on from e:7"]);
});

test("A gap is detected, its frame is dropped, and the missing rows are requested", () => {
  const { clock, sent, receive, open } = setUp();
  const { heard } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  receive(data("t1", 10, 12));
  clock.advance(1_000);
  sent();
  receive(data("t1", 13, 14));
  assert.deepEqual(sent(), [{ op: "unsubscribe", sub: "t1", id: 2 }]);
  // The server sent this frame before it read the request.
  receive(data("t1", 14, 15));
  receive({ op: "unsubscribed", id: 2, sub: "t1" });
  assert.deepEqual(sent(), [{ op: "subscribe", symbols: "A", from: "e:12", id: 3 }]);
  receive(subscribed(3, "t1", "e:12"));
  receive(data("t1", 12, 15));
  assert.deepEqual(heard, ["begin at e:10", 12, "gap 12 13", "on from e:12", 15]);
});

test("A gap right after joining closes the connection, so that the next attempt waits", () => {
  const { clock, givenUp, receive, open } = setUp();
  open("A");
  receive(subscribed(1, "t1", "e:10"));
  clock.advance(999);
  receive(data("t1", 11, 12));
  assert.equal(givenUp.length, 1);
});

test("A stream that the server starts again goes on from there", () => {
  const { receive, open } = setUp();
  const { heard, stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  const { id: _, ...unasked } = subscribed(0, "t1", "e:90");
  receive({ ...unasked, recovered: false, reason: "no longer kept" });
  receive(data("t1", 90, 91));
  assert.deepEqual(heard, ["begin at e:10", "begin at e:90", 91]);
  assert.equal(stream.position, "e:91");
});

test("A stream that is left is unsubscribed, and its consumer hears nothing more", () => {
  const { ops, receive, open } = setUp();
  const { heard, stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  stream.close();
  stream.close();
  receive(data("t1", 10, 12));
  assert.deepEqual(ops(), ["subscribe A", "unsubscribe t1"]);
  assert.deepEqual(heard, ["begin at e:10"]);
});

test("A stream left before its answer is unsubscribed before the next request", () => {
  const { ops, receive, open } = setUp();
  const first = open("A");
  first.stream.close();
  const second = open("A");
  receive(subscribed(1, "t1", "e:10"));
  receive({ op: "unsubscribed", id: 2, sub: "t1" });
  assert.deepEqual(ops(), ["subscribe A", "unsubscribe t1", "subscribe A"]);
  receive(subscribed(3, "t1", "e:11"));
  assert.deepEqual([first.heard, second.heard], [[], ["begin at e:11"]]);
});

test("A refused stream is reported and not requested again on this connection", () => {
  const { ops, receive, open, again } = setUp();
  const refused = open("a b");
  open("B");
  receive({ op: "error", id: 1, code: "bad_symbol", message: "Cannot subscribe" });
  assert.deepEqual(refused.heard, ["bad_symbol"]);
  receive(subscribed(2, "t1", "e:10"));
  assert.deepEqual(ops(), ["subscribe a b", "subscribe B"]);
  again();
  assert.deepEqual(ops(), ["subscribe a b"]);
  // The server could not read the id.
  receive({ op: "error", code: "too_large", message: "Cannot read" });
  assert.deepEqual(refused.heard, ["bad_symbol", "too_large"]);
});

test("After too_many_commands, the unanswered command is repeated after the wait", () => {
  const { clock, ops, receive, open } = setUp();
  const { stream } = open("A");
  receive(subscribed(1, "t1", "e:1"));
  stream.update({ speed: 2 });
  ops();
  receive({ op: "error", code: "too_many_commands", message: "Wait", retryAfter: 500 });
  clock.advance(499);
  assert.deepEqual(ops(), []);
  clock.advance(1);
  assert.deepEqual(ops(), ["update t1"]);
});

test("A position of another epoch replaces the previous one, even with a smaller seq", () => {
  const { streams, receive, open, again } = setUp();
  open("A");
  receive(subscribed(1, "t1", "old:900"));
  again();
  receive({ ...subscribed(2, "t1", "new:3"), recovered: false });
  assert.equal(streams.position, "new:3");
});

test("Updates are sent one at a time and survive a reconnect", () => {
  const { sent, receive, open, again } = setUp();
  const { heard, stream } = open("A", { from: "-1h", speed: 10 });
  stream.update({ speed: 2 });
  stream.update({ seek: "-2h" });
  receive({ ...subscribed(1, "t1", "e:50"), granted: { speed: 10 } });
  receive(updated(2, "t1", { position: "e:50" }));
  sent();
  again();
  receive({ ...subscribed(4, "t1", "e:50"), granted: { speed: 2 } });
  assert.deepEqual(sent(), [
    { op: "subscribe", id: 4, symbols: "A", from: "e:50", speed: 2 },
    { op: "update", id: 5, sub: "t1", seek: "-2h" },
  ]);
  // This frame is from before the jump.
  receive(data("t1", 50, 51));
  receive(updated(5, "t1", { position: "e:20", symbols: [], snapshot: [] }));
  receive(data("t1", 20, 21));
  assert.deepEqual(heard.slice(2), ["on from e:50", 51, "begin at e:20", 21]);
});

test("A new spacing gives another subscription, and survives a reconnect", () => {
  const { ops, sent, receive, open, again } = setUp();
  const { heard, stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  stream.update({ every: 100 });
  receive(updated(2, "t2", { position: "e:10", symbols: [], snapshot: [] }));
  receive(data("t2", 10, 11));
  again();
  assert.equal(sent().at(-1)!["every"], 100);
  receive(subscribed(3, "t2", "e:11"));
  stream.close();
  assert.deepEqual(ops(), ["unsubscribe t2"]);
  assert.deepEqual(heard, ["begin at e:10", "on from e:10", 11, "on from e:11"]);
});

test("A stream left while its new name is on the way is unsubscribed by that name", () => {
  const { ops, receive, open } = setUp();
  const { stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  stream.update({ every: 100 });
  stream.close();
  ops();
  receive(updated(2, "t2", { position: "e:10", symbols: [] }));
  assert.deepEqual(ops(), ["unsubscribe t2"]);
});

test("A paused stream does not join a new connection until it goes on", () => {
  const { sent, receive, open, again } = setUp();
  const { stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  stream.update({ pause: true });
  receive(updated(2, "t1", { position: "e:10" }));
  sent();
  again();
  assert.deepEqual(sent(), []);
  stream.update({ resume: true });
  receive(subscribed(3, "t1", "e:10"));
  receive(updated(4, "t1", { position: "e:10" }));
  assert.deepEqual(sent(), [
    { op: "subscribe", id: 3, symbols: "A", from: "e:10" },
    { op: "update", id: 4, sub: "t1", pause: true },
    { op: "update", id: 5, sub: "t1", resume: true },
  ]);
});

test("A refused update changes nothing", () => {
  const { sent, receive, open, again } = setUp();
  const { heard, stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  stream.update({ seek: "never" });
  receive({ op: "error", id: 2, code: "bad_from", message: "Cannot seek" });
  receive(data("t1", 10, 11));
  assert.deepEqual(heard, ["begin at e:10", "bad_from", 11]);
  sent();
  again();
  assert.deepEqual(sent(), [{ op: "subscribe", id: 3, symbols: "A", from: "e:11" }]);
});
