import assert from "node:assert/strict";
import { test } from "node:test";
import type { KV } from "@nats-io/kv";
import { StreamLeases } from "../../src/log/leases.ts";

/** Leases in a bucket that always grants them, with a clock that the test moves. */
class TestLeases {
  readonly done: string[] = [];
  readonly leases: StreamLeases;
  readonly #sleeping = new Map<() => void, number>();
  #revision = 0;

  constructor() {
    const bucket = {
      create: () => Promise.resolve(++this.#revision),
      update: () => Promise.resolve(++this.#revision),
      delete: () => Promise.resolve(void this.done.push("given up")),
    } as unknown as KV;
    this.leases = new StreamLeases({
      stream: { bucket: () => Promise.resolve(bucket) },
      holder: "h",
      elapsed: () => 0,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      warn: (message) => assert.fail(message),
    });
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#sleeping.set(resolve, ms);
      signal?.addEventListener("abort", () => resolve());
    });
  }

  /** Ends all pauses of at least this length. */
  wake(msMin: number): void {
    for (const [resolve, ms] of this.#sleeping) if (ms >= msMin) resolve();
  }

  /** Holds a lease for a task that ends when the test says so, and gives the lease up. */
  async begin(): Promise<() => void> {
    const giving = new AbortController();
    let end = () => {};
    const held = this.leases.hold("a", giving.signal, async () => {
      await new Promise<void>((resolve) => end = resolve);
      this.done.push("task ended");
    });
    void held.then(() => this.done.push("over"));
    await turn();
    assert.deepEqual(this.leases.held, ["a"]);
    giving.abort();
    await turn();
    return end;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("StreamLeases gives a lease up when its task has ended, and not before", async () => {
  const test = new TestLeases();
  const end = await test.begin();
  assert.deepEqual(test.done, []);
  end();
  await turn();
  assert.deepEqual(test.done, ["task ended", "given up", "over"]);
});

test("StreamLeases waits for a task that hangs only until its lease has expired", async () => {
  const test = new TestLeases();
  await test.begin();
  test.wake(6_000);
  await turn();
  assert.deepEqual(test.done, ["over"]);
});
