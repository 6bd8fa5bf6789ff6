import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryTape } from "../../src/tape/memory.ts";
import { tick } from "../core/ticks.ts";
import { tapeContract } from "./contract.ts";

tapeContract("MemoryTape", () => new MemoryTape({ epoch: "m1", ticksMax: 10_000 }));

function tapeOf(ticksMax: number, prices: readonly number[]): MemoryTape {
  const tape = new MemoryTape({ epoch: "m1", ticksMax });
  for (const price of prices) tape.append([tick({ time: price * 10, price })]);
  return tape;
}

function prices(tape: MemoryTape, query: Parameters<MemoryTape["read"]>[0]): number[] {
  return tape.read(query).map(({ price }) => price);
}

describe("MemoryTape: capacity", () => {
  test("MemoryTape has the epoch it was given", () => {
    assert.equal(tapeOf(1, []).epoch, "m1");
  });

  test("MemoryTape refuses to keep less than one tick", () => {
    for (const ticksMax of [0, -1, 1.5]) {
      assert.throws(() => new MemoryTape({ epoch: "m1", ticksMax }), RangeError);
    }
  });

  test("MemoryTape keeps as many ticks as it may and drops the oldest for one more", () => {
    const tape = tapeOf(3, [1, 2, 3]);
    assert.deepEqual([tape.tail, tape.head], [0, 3]);
    assert.deepEqual(prices(tape, { limit: 9 }), [1, 2, 3]);
    tape.append([tick({ price: 4 })]);
    assert.deepEqual([tape.tail, tape.head], [1, 4]);
    assert.deepEqual(prices(tape, { limit: 9 }), [2, 3, 4]);
  });

  test("MemoryTape reads from its oldest tick after a seq that it has dropped", () => {
    const tape = tapeOf(3, [1, 2, 3, 4, 5, 6]);
    assert.equal(tape.tail, 3);
    assert.deepEqual(prices(tape, { after: 0, limit: 2 }), [4, 5]);
    assert.deepEqual(prices(tape, { after: tape.tail, limit: 9 }), [4, 5, 6]);
    assert.deepEqual(prices(tape, { after: 4, limit: 9 }), [5, 6]);
    assert.deepEqual(prices(tape, { after: 6, limit: 9 }), []);
    assert.deepEqual(prices(tape, { from: 0, limit: 2 }), [4, 5]);
  });

  test("MemoryTape returns a batch larger than itself whole and keeps its end", () => {
    const tape = new MemoryTape({ epoch: "m1", ticksMax: 2 });
    const taped = tape.append([1, 2, 3, 4, 5].map((price) => tick({ price })));
    assert.deepEqual(taped.map(({ seq }) => seq), [1, 2, 3, 4, 5]);
    assert.deepEqual([tape.tail, tape.head], [3, 5]);
    assert.deepEqual(tape.read({ limit: 9 }), taped.slice(3));
  });

  test("MemoryTape keeps the newest ticks with their seqs, for any capacity and batches", () => {
    const batches = fc.array(fc.array(fc.nat(), { maxLength: 9 }), { maxLength: 9 });
    const capacity = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(capacity, batches, fc.nat(90), fc.nat(20), (max, batches, after, limit) => {
        const tape = new MemoryTape({ epoch: "m1", ticksMax: max });
        const all = batches.flatMap((batch) => tape.append(batch.map((price) => tick({ price }))));
        const kept = all.slice(-max);
        assert.deepEqual(all.map(({ seq }) => seq), all.map((_, index) => index + 1));
        assert.deepEqual([tape.tail, tape.head], [all.length - kept.length, all.length]);
        assert.deepEqual(tape.read({ limit: Infinity }), kept);
        const later = kept.filter(({ seq }) => seq > after).slice(0, limit);
        assert.deepEqual(tape.read({ after, limit }), later);
      }),
    );
  });
});
