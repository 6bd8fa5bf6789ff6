import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FairQueue, type QueueMember } from "../../src/hub/fair_queue.ts";

/** A queue whose clock moves only by the work of its members. */
class Stand {
  now = 1_000;
  /** Time of the next turn, by `now`. */
  laterAt = Infinity;
  readonly faults: unknown[] = [];
  /** Names of served members, in order. */
  readonly served: string[] = [];
  readonly queue = new FairQueue({
    elapsed: () => this.now,
    later: (ms) => {
      this.laterAt = this.now + ms;
    },
    fault: (error) => void this.faults.push(error),
  });

  /** A member with a number of tasks, each of the given length. */
  waiter(name: string, count: number, ms: number): QueueMember & { full: boolean; count: number } {
    const waiter = {
      full: false,
      count,
      serve: () => {
        if (waiter.count === 0) return false;
        this.now += ms;
        this.served.push(name);
        return --waiter.count > 0;
      },
    };
    return waiter;
  }

  /** Runs all turns that the queue requests. */
  finish(): void {
    for (let rounds = 0; this.laterAt < Infinity; rounds++) {
      assert.ok(rounds < 10_000, "the queue does not come to an end");
      this.now = Math.max(this.now, this.laterAt);
      this.laterAt = Infinity;
      this.queue.serve();
    }
  }
}

describe("FairQueue", () => {
  it("FairQueue serves at once while there is time, and requests no later turn", () => {
    const stand = new Stand();
    for (let count = 0; count < 100; count++) {
      stand.queue.add(stand.waiter("a", 1, 0.1));
      stand.now += 0.2;
    }
    assert.equal(stand.served.length, 100);
    assert.equal(stand.laterAt, Infinity);
  });

  it("FairQueue takes at most half of the time, a little at a time, and completes everything", () => {
    const stand = new Stand();
    const waiter = stand.waiter("a", 1_000, 0.1);
    const begun = stand.now;
    stand.queue.add(waiter);
    let longest = 0;
    while (stand.laterAt < Infinity) {
      stand.now = stand.laterAt;
      stand.laterAt = Infinity;
      const before = stand.now;
      stand.queue.serve();
      longest = Math.max(longest, stand.now - before);
    }
    assert.equal(waiter.count, 0);
    assert.ok(longest < 1.2, `${longest} ms in one piece`);
    const took = stand.now - begun;
    assert.ok(took > 190 && took < 230, `${took} ms for 100 ms of work`);
  });

  it("FairQueue serves members in turn, so that a small task does not wait for long", () => {
    const stand = new Stand();
    stand.queue.add(stand.waiter("much", 500, 0.5));
    stand.queue.add(stand.waiter("little", 2, 0.5));
    stand.queue.add(stand.waiter("other", 1, 0.5));
    stand.finish();
    const at = (name: string) => stand.served.lastIndexOf(name);
    assert.ok(at("little") < 10 && at("other") < 10, stand.served.slice(0, 12).join());
    assert.equal(stand.served.length, 503);
  });

  it("FairQueue serves nobody while it rests", () => {
    const stand = new Stand();
    stand.queue.add(stand.waiter("a", 100, 0.5));
    const { length } = stand.served;
    stand.now = stand.laterAt - 0.1;
    stand.queue.add(stand.waiter("b", 1, 0.5));
    assert.equal(stand.served.length, length);
    stand.finish();
    assert.equal(stand.served.length, 101);
  });

  it("FairQueue rests for at most 20 ms, however long a task has taken", () => {
    const stand = new Stand();
    stand.queue.add(stand.waiter("slow", 2, 500));
    assert.equal(stand.laterAt - stand.now, 20);
    stand.finish();
    assert.equal(stand.served.length, 2);
  });

  it("FairQueue skips a full member, and serves it when it has room", () => {
    const stand = new Stand();
    const full = stand.waiter("full", 1, 0.1);
    full.full = true;
    stand.queue.add(full);
    stand.queue.add(stand.waiter("free", 1, 0.1));
    assert.deepEqual(stand.served, ["free"]);
    assert.equal(stand.laterAt - stand.now, 5);
    full.full = false;
    stand.finish();
    assert.deepEqual(stand.served, ["free", "full"]);
  });

  it("FairQueue forgets a member that has left", () => {
    const stand = new Stand();
    const waiter = stand.waiter("a", 100, 1);
    stand.queue.add(waiter);
    stand.queue.remove(waiter);
    stand.finish();
    assert.equal(waiter.count, 99);
  });

  it("FairQueue reports a failed task, and goes on with the same member and the others", () => {
    const stand = new Stand();
    const waiter = stand.waiter("a", 2, 0.1);
    const { serve } = waiter;
    let fails = true;
    waiter.serve = () => {
      if (!fails) return serve();
      fails = false;
      throw new TypeError("ours");
    };
    stand.queue.add(waiter);
    stand.queue.add(stand.waiter("b", 1, 0.1));
    stand.finish();
    assert.deepEqual(stand.faults.map(String), ["TypeError: ours"]);
    assert.deepEqual(stand.served, ["a", "a", "b"]);
  });
});
