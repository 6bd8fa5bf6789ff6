import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Tick } from "../../src/core/tick.ts";
import type { FeedContext } from "../../src/feeds/feed.ts";
import { Outbox } from "../../src/feeds/outbox.ts";
import type { Mark } from "../../src/log/log.ts";

const tick = (price: number): Tick => ({
  symbol: "A",
  time: 1,
  price,
  size: null,
  bid: null,
  ask: null,
});

/** An outbox whose writes the test completes. */
function outboxOf(fault?: Error) {
  const written: { prices: number[]; marks: readonly Mark[] }[] = [];
  const stop = new AbortController();
  const outbox = new Outbox(
    {
      signal: stop.signal,
      async emit(ticks: readonly Tick[], marks: readonly Mark[] = []) {
        await Promise.resolve();
        if (fault !== undefined) throw fault;
        written.push({ prices: ticks.map(({ price }) => price), marks });
      },
    } as Partial<FeedContext> as FeedContext,
  );
  return { outbox, written, stop };
}

describe("Outbox", () => {
  test("Outbox writes in order, and writes ticks that came during a write together", async () => {
    const { outbox, written } = outboxOf();
    outbox.put([tick(1)], { name: "m", value: "1" });
    outbox.put([tick(2), tick(3)], { name: "m", value: "2" }, { name: "n", value: "x" });
    outbox.put([tick(4)], { name: "m", value: "3" });
    assert.equal(outbox.size, 4);
    await outbox.drained();
    assert.equal(outbox.size, 0);
    assert.deepEqual(written, [
      { prices: [1], marks: [{ name: "m", value: "1" }] },
      { prices: [2, 3, 4], marks: [{ name: "m", value: "3" }, { name: "n", value: "x" }] },
    ]);
    outbox.put([tick(5)]);
    await outbox.drained();
    assert.deepEqual(written.at(-1), { prices: [5], marks: [] });
  });

  test("Outbox runs an action in its place among the ticks", async () => {
    const { outbox, written } = outboxOf();
    const seen: number[] = [];
    outbox.put([tick(1)]);
    outbox.andThen(() => Promise.resolve(void seen.push(written.length)));
    outbox.put([tick(2)], { name: "m", value: "2" });
    outbox.andThen(() => Promise.resolve(void seen.push(written.length)));
    outbox.andThen(() => Promise.resolve(void seen.push(written.length)));
    outbox.put([tick(3)]);
    assert.equal(outbox.size, 3);
    await outbox.drained();
    assert.deepEqual(seen, [1, 2, 2]);
    assert.deepEqual(written.map(({ prices }) => prices), [[1], [2], [3]]);
    assert.equal(outbox.size, 0);
  });

  test("Outbox reports a failed action, and writes nothing of what came before its end", async () => {
    const { outbox, written } = outboxOf();
    const fault = new Error("no");
    outbox.put([tick(1)]);
    outbox.andThen(() => Promise.reject(fault));
    outbox.put([tick(2)]);
    await assert.rejects(outbox.drained(), fault);
    assert.deepEqual(written.map(({ prices }) => prices), [[1]]);
  });

  test("Outbox accepts empty batches without a wait", async () => {
    const { outbox, written } = outboxOf();
    outbox.put([]);
    await outbox.drained();
    outbox.put([tick(1)]);
    outbox.put([]);
    await outbox.drained();
    assert.deepEqual(written.map(({ prices }) => prices), [[1]]);
  });

  test("Outbox reports a failed write to those who wait for it, and to nobody else", async () => {
    const fault = new Error("no");
    const { outbox } = outboxOf(fault);
    outbox.put([tick(1)]);
    await Promise.resolve();
    await assert.rejects(outbox.drained(), fault);
  });

  test("Outbox ends with its feed", async () => {
    const { outbox, written, stop } = outboxOf();
    stop.abort();
    outbox.put([tick(1)]);
    await outbox.drained();
    assert.deepEqual(written, []);
  });
});
