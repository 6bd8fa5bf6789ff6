import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestQueue } from "../../src/hub/request_queue.ts";
import { ClientError } from "../../src/hub/client_error.ts";
import { FairQueue } from "../../src/hub/fair_queue.ts";

const MIB = 1_048_576;
const newFairQueue = () => new FairQueue({ elapsed: () => 0, later() {}, fault() {} });

/** Takes all waiting requests, as `content`, or `(content)` for a refused one. */
function drain(requests: RequestQueue): string[] {
  const taken: string[] = [];
  for (let next = requests.take(); next !== undefined; next = requests.take()) {
    taken.push(next.refused ? `(${next.content})` : String(next.content));
  }
  return taken;
}

describe("RequestQueue", () => {
  it("RequestQueue holds a number of frames, refuses as many more in order, and then drops them", () => {
    const requests = new RequestQueue(newFairQueue(), 2);
    const kept = ["a", "b", "c", "d", "e"].map((text) => requests.add(text));
    assert.deepEqual(kept, [true, true, true, true, false]);
    assert.deepEqual(drain(requests), ["a", "b", "(c)", "(d)"]);
    assert.ok(requests.add("f"));
    assert.deepEqual(drain(requests), ["f"]);
  });

  it("RequestQueue holds 1 MiB of text, refuses as much again, and then drops frames", () => {
    const requests = new RequestQueue(newFairQueue(), 1_000);
    const half = "x".repeat(MIB / 2);
    const kept = [1, 2, 3, 4, 5].map(() => requests.add(half));
    assert.deepEqual(kept, [true, true, true, true, false]);
    assert.deepEqual(drain(requests).map((text) => text[0]), ["x", "x", "(", "("]);
  });

  it("RequestQueue keeps a single waiting frame of any length", () => {
    const requests = new RequestQueue(newFairQueue(), 1);
    assert.ok(requests.add("x".repeat(3 * MIB)));
    assert.equal(requests.take()!.refused, false);
  });

  it("RequestQueue does not count the error of an unreadable frame as text", () => {
    const requests = new RequestQueue(newFairQueue(), 10);
    const fault = new ClientError("too_large", "Cannot read it");
    requests.add("x".repeat(MIB));
    requests.add(fault);
    requests.take();
    assert.deepEqual(requests.take(), { content: fault, refused: false });
  });

  it("RequestQueues share 64 MiB, and beyond that each keeps a little", () => {
    const queue = newFairQueue();
    const greedy = Array.from({ length: 200 }, () => new RequestQueue(queue, 1e6));
    let held = 0;
    for (const requests of greedy) while (requests.add("x".repeat(1_000))) held += 1_000;
    assert.ok(held < 64 * MIB + greedy.length * 20_000, String(held));
    const modest = new RequestQueue(queue, 10);
    assert.ok(modest.add("a") && modest.add("b"));
    assert.deepEqual(drain(modest), ["a", "b"]);
    // Frames that were taken or cleared free their room.
    for (const requests of greedy) requests.clear();
    assert.equal(queue.lengthMax, MIB);
    assert.equal(greedy[0]!.size, 0);
  });
});
