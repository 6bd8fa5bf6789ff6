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
    /** What has been sent since this was last asked, without what all have. */
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

test("What is wanted is asked for as soon as a connection is open, one at a time", () => {
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

test("Rows go to their stream and move its position, heartbeats do not", () => {
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

test("A stream resumes at its last position, and its consumer is told whether it goes on", () => {
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

test("A replay resumes at its position with its speed, and without one when it had to begin anew", () => {
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

test("A position from elsewhere is gone on from", () => {
  const { receive, open } = setUp();
  const { heard, stream } = open("A", { from: "e:7" });
  assert.equal(stream.position, "e:7");
  receive(subscribed(1, "t1", "e:7"));
  assert.deepEqual(heard, ["on from e:7"]);
});

test("A gap is noticed, its frame is dropped, and what was lost is asked for", () => {
  const { clock, sent, receive, open } = setUp();
  const { heard } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  receive(data("t1", 10, 12));
  clock.advance(1_000);
  sent();
  receive(data("t1", 13, 14));
  assert.deepEqual(sent(), [{ op: "unsubscribe", sub: "t1", id: 2 }]);
  // This one was on its way when the server heard of it.
  receive(data("t1", 14, 15));
  receive({ op: "unsubscribed", id: 2, sub: "t1" });
  assert.deepEqual(sent(), [{ op: "subscribe", symbols: "A", from: "e:12", id: 3 }]);
  receive(subscribed(3, "t1", "e:12"));
  receive(data("t1", 12, 15));
  assert.deepEqual(heard, ["begin at e:10", 12, "gap 12 13", "on from e:12", 15]);
});

test("A gap right after joining ends the connection, for the next attempt has to wait", () => {
  const { clock, givenUp, receive, open } = setUp();
  open("A");
  receive(subscribed(1, "t1", "e:10"));
  clock.advance(999);
  receive(data("t1", 11, 12));
  assert.equal(givenUp.length, 1);
});

test("A stream that the server had to begin anew goes on from there", () => {
  const { receive, open } = setUp();
  const { heard, stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  const { id: _, ...unasked } = subscribed(0, "t1", "e:90");
  receive({ ...unasked, recovered: false, reason: "no longer kept" });
  receive(data("t1", 90, 91));
  assert.deepEqual(heard, ["begin at e:10", "begin at e:90", 91]);
  assert.equal(stream.position, "e:91");
});

test("What is left is ended, and nobody hears of it any more", () => {
  const { ops, receive, open } = setUp();
  const { heard, stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  stream.close();
  stream.close();
  receive(data("t1", 10, 12));
  assert.deepEqual(ops(), ["subscribe A", "unsubscribe t1"]);
  assert.deepEqual(heard, ["begin at e:10"]);
});

test("What is left before it is answered is ended before the next one is asked for", () => {
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

test("A stream that is refused is told so and not asked for again on this connection", () => {
  const { ops, receive, open, again } = setUp();
  const refused = open("a b");
  open("B");
  receive({ op: "error", id: 1, code: "bad_symbol", message: "Cannot subscribe" });
  assert.deepEqual(refused.heard, ["bad_symbol"]);
  receive(subscribed(2, "t1", "e:10"));
  assert.deepEqual(ops(), ["subscribe a b", "subscribe B"]);
  again();
  assert.deepEqual(ops(), ["subscribe a b"]);
  // The server could not even read the id.
  receive({ op: "error", code: "too_large", message: "Cannot read" });
  assert.deepEqual(refused.heard, ["bad_symbol", "too_large"]);
});

test("After too many commands the unanswered one is said again when it is time", () => {
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

test("A position of another epoch replaces the one before, even if its seq is smaller", () => {
  const { streams, receive, open, again } = setUp();
  open("A");
  receive(subscribed(1, "t1", "old:900"));
  again();
  receive({ ...subscribed(2, "t1", "new:3"), recovered: false });
  assert.equal(streams.position, "new:3");
});

test("Updates are said in turn and survive a broken connection", () => {
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
  // This one is still from before the jump.
  receive(data("t1", 50, 51));
  receive(updated(5, "t1", { position: "e:20", symbols: [], snapshot: [] }));
  receive(data("t1", 20, 21));
  assert.deepEqual(heard.slice(2), ["on from e:50", 51, "begin at e:20", 21]);
});

test("A new spacing is another subscription, kept when the connection breaks", () => {
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

test("What is left while its new name is on the way is ended by that name", () => {
  const { ops, receive, open } = setUp();
  const { stream } = open("A");
  receive(subscribed(1, "t1", "e:10"));
  stream.update({ every: 100 });
  stream.close();
  ops();
  receive(updated(2, "t2", { position: "e:10", symbols: [] }));
  assert.deepEqual(ops(), ["unsubscribe t2"]);
});

test("A stream that is paused stays away from a new connection until it is to go on", () => {
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

test("An update that is refused changes nothing", () => {
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
