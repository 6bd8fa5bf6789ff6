import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestQueue } from "../../src/hub/request_queue.ts";
import { ClientError } from "../../src/hub/client_error.ts";
import { FairQueue } from "../../src/hub/fair_queue.ts";

const MIB = 1_048_576;
const newRota = () => new FairQueue({ elapsed: () => 0, later() {}, fault() {} });

/** Takes all waiting requests, as `content`, or `(content)` for a refused one. */
function drain(backlog: RequestQueue): string[] {
  const taken: string[] = [];
  for (let next = backlog.take(); next !== undefined; next = backlog.take()) {
    taken.push(next.refused ? `(${next.content})` : String(next.content));
  }
  return taken;
}

describe("RequestQueue", () => {
  it("RequestQueue holds a number of frames, refuses as many more in order, and then drops them", () => {
    const backlog = new RequestQueue(newRota(), 2);
    const kept = ["a", "b", "c", "d", "e"].map((text) => backlog.add(text));
    assert.deepEqual(kept, [true, true, true, true, false]);
    assert.deepEqual(drain(backlog), ["a", "b", "(c)", "(d)"]);
    assert.ok(backlog.add("f"));
    assert.deepEqual(drain(backlog), ["f"]);
  });

  it("RequestQueue holds 1 MiB of text, refuses as much again, and then drops frames", () => {
    const backlog = new RequestQueue(newRota(), 1_000);
    const half = "x".repeat(MIB / 2);
    const kept = [1, 2, 3, 4, 5].map(() => backlog.add(half));
    assert.deepEqual(kept, [true, true, true, true, false]);
    assert.deepEqual(drain(backlog).map((text) => text[0]), ["x", "x", "(", "("]);
  });

  it("RequestQueue keeps a single waiting frame of any length", () => {
    const backlog = new RequestQueue(newRota(), 1);
    assert.ok(backlog.add("x".repeat(3 * MIB)));
    assert.equal(backlog.take()!.refused, false);
  });

  it("RequestQueue does not count the error of an unreadable frame as text", () => {
    const backlog = new RequestQueue(newRota(), 10);
    const fault = new ClientError("too_large", "Cannot read it");
    backlog.add("x".repeat(MIB));
    backlog.add(fault);
    backlog.take();
    assert.deepEqual(backlog.take(), { content: fault, refused: false });
  });

  it("RequestQueues share 64 MiB, and beyond that each keeps a little", () => {
    const queue = newRota();
    const greedy = Array.from({ length: 200 }, () => new RequestQueue(queue, 1e6));
    let held = 0;
    for (const backlog of greedy) while (backlog.add("x".repeat(1_000))) held += 1_000;
    assert.ok(held < 64 * MIB + greedy.length * 20_000, String(held));
    const modest = new RequestQueue(queue, 10);
    assert.ok(modest.add("a") && modest.add("b"));
    assert.deepEqual(drain(modest), ["a", "b"]);
    // Frames that were taken or cleared free their room.
    for (const backlog of greedy) backlog.clear();
    assert.equal(queue.lengthMax, MIB);
    assert.equal(greedy[0]!.size, 0);
  });
});
