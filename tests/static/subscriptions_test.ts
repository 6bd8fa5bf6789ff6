import assert from "node:assert/strict";
import { test } from "node:test";
import { type Frame, Subscriptions } from "../../static/subscriptions.js";
import { FakeClock, FakeListener, subscribed } from "./fakes.ts";

function setUp() {
  const clock = new FakeClock();
  const sent: Record<string, unknown>[] = [];
  const givenUp: string[] = [];
  const subscriptions = new Subscriptions({
    clock,
    send: (frame) => sent.push(frame),
    giveUp(reason) {
      givenUp.push(reason);
      subscriptions.closed();
    },
  });
  return {
    clock,
    givenUp,
    subscriptions,
    /** What has been sent since this was last asked. */
    sent: () => sent.splice(0).map((frame) => [frame["op"], frame["sub"] ?? frame["id"]].join(" ")),
    receive: (frame: Record<string, unknown>) => subscriptions.receive(frame as unknown as Frame),
    add(symbol: string) {
      const listener = new FakeListener();
      const leave = subscriptions.add({ symbols: [symbol], channel: "tick" }, listener);
      return { heard: listener.heard, leave };
    },
  };
}

const data = (sub: string, prev: number, seq: number) => ({
  op: "data",
  sub,
  prev,
  seq,
  rows: [[seq]],
});

test("What is wanted is asked for as soon as a connection is open", () => {
  const { subscriptions, sent, add } = setUp();
  add("A");
  assert.deepEqual(sent(), []);
  subscriptions.opened();
  assert.deepEqual(sent(), ["subscribe 1"]);
});

test("One subscription is asked for at a time", () => {
  const { subscriptions, sent, receive, add } = setUp();
  subscriptions.opened();
  add("A");
  add("B");
  assert.deepEqual(sent(), ["subscribe 1"]);
  receive(subscribed(1, "t1", "e:1"));
  assert.deepEqual(sent(), ["subscribe 2"]);
});

test("Rows go to their subscription", () => {
  const { subscriptions, receive, add } = setUp();
  subscriptions.opened();
  const [a, b] = [add("A"), add("B")];
  receive(subscribed(1, "t1", "e:10"));
  receive(subscribed(2, "t2", "e:11"));
  receive(data("t1", 10, 12));
  receive({ op: "symbols", sub: "t2", add: ["X"] });
  receive(data("t2", 11, 12));
  receive(data("t9", 11, 12));
  receive({ op: "heartbeat", seq: 14, time: 0 });
  assert.deepEqual(a.heard, ["at e:10", [12]]);
  assert.deepEqual(b.heard, ["at e:11", ["new", "X"], [12]]);
  assert.equal(subscriptions.position, "e:14");
});

test("A gap is noticed, its frame is dropped, and the subscription begins anew", () => {
  const { clock, subscriptions, sent, receive, add } = setUp();
  subscriptions.opened();
  const { heard } = add("A");
  receive(subscribed(1, "t1", "e:10"));
  receive(data("t1", 10, 12));
  clock.advance(1_000);
  sent();
  receive(data("t1", 13, 14));
  assert.deepEqual(sent(), ["unsubscribe t1", "subscribe 2"]);
  // This one was on its way when the server heard of it.
  receive(data("t1", 14, 15));
  receive(subscribed(2, "t1", "e:16"));
  receive(data("t1", 16, 17));
  assert.deepEqual(heard, ["at e:10", [12], "at e:16", [17]]);
});

test("A gap right after joining ends the connection, for the next attempt has to wait", () => {
  const { clock, givenUp, subscriptions, receive, add } = setUp();
  subscriptions.opened();
  add("A");
  receive(subscribed(1, "t1", "e:10"));
  clock.advance(999);
  receive(data("t1", 11, 12));
  assert.equal(givenUp.length, 1);
});

test("What is left is ended, and nobody hears of it any more", () => {
  const { subscriptions, sent, receive, add } = setUp();
  subscriptions.opened();
  const { heard, leave } = add("A");
  receive(subscribed(1, "t1", "e:10"));
  leave();
  leave();
  receive(data("t1", 10, 12));
  assert.deepEqual(sent(), ["subscribe 1", "unsubscribe t1"]);
  assert.deepEqual(heard, ["at e:10"]);
});

test("What is left before it is answered is ended before the next one is asked for", () => {
  const { subscriptions, sent, receive, add } = setUp();
  subscriptions.opened();
  const first = add("A");
  first.leave();
  const second = add("A");
  receive(subscribed(1, "t1", "e:10"));
  assert.deepEqual(sent(), ["subscribe 1", "unsubscribe t1", "subscribe 2"]);
  receive(subscribed(2, "t1", "e:11"));
  assert.deepEqual([first.heard, second.heard], [[], ["at e:11"]]);
});

test("A subscription that is refused is told so and not asked for again on this connection", () => {
  const { subscriptions, sent, receive, add } = setUp();
  subscriptions.opened();
  const refused = add("a b");
  add("B");
  receive({ op: "error", id: 1, code: "bad_symbol", message: "Cannot subscribe" });
  assert.deepEqual(refused.heard, ["Cannot subscribe"]);
  receive(subscribed(2, "t1", "e:10"));
  assert.deepEqual(sent(), ["subscribe 1", "subscribe 2"]);
});

test("After too many commands the unanswered one is said again when it is time", () => {
  const { clock, subscriptions, sent, receive, add } = setUp();
  subscriptions.opened();
  add("A");
  sent();
  receive({ op: "error", code: "too_many_commands", message: "Wait", retryAfter: 500 });
  clock.advance(499);
  assert.deepEqual(sent(), []);
  clock.advance(1);
  assert.deepEqual(sent(), ["subscribe 2"]);
});

test("A position of another epoch replaces the one before, even if its seq is smaller", () => {
  const { subscriptions, receive, add } = setUp();
  subscriptions.opened();
  add("A");
  receive(subscribed(1, "t1", "old:900"));
  subscriptions.closed();
  subscriptions.opened();
  receive(subscribed(2, "t1", "new:3"));
  assert.equal(subscriptions.position, "new:3");
});
