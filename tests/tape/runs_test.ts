import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { pushVarint, readVarint, Runs } from "../../src/tape/runs.ts";

interface Added {
  readonly seq: number;
  readonly time: number;
}

function runsOf(added: readonly Added[]): Runs {
  const runs = new Runs();
  added.forEach(({ seq, time }, place) => runs.add(place, seq, time));
  return runs;
}

/** Ticks that mostly follow one another, at times that mostly grow. */
const anyAdded = fc.array(
  fc.record({
    hole: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(9), fc.nat(1e12)),
    ms: fc.oneof({ weight: 5, arbitrary: fc.nat(30) }, fc.integer({ min: -90_000, max: 200_000 })),
  }),
  { maxLength: 300 },
).map((steps) => {
  let [seq, time] = [0, 1_763_700_000_000];
  return steps.map(({ hole, ms }) => ({ seq: seq += 1 + hole, time: time += ms }));
});

describe("Runs", () => {
  test("Runs convert between places and seqs, encoded or not", () => {
    fc.assert(fc.property(anyAdded, (added) => {
      const runs = runsOf(added);
      for (const each of [runs, Runs.decode(runs.encode())]) {
        // Places are requested in any order.
        for (const place of [...added.keys(), ...[...added.keys()].reverse()]) {
          assert.equal(each.seqAt(place), added[place]!.seq);
        }
        const asked = new Set([0, ...added.flatMap(({ seq }) => [seq - 1, seq, seq + 1])]);
        for (const seq of asked) {
          const found = added.findIndex((tick) => tick.seq > seq);
          const place = each.placeAfter(seq, added.length);
          assert.equal(place, found < 0 ? added.length : found, `after ${seq}`);
        }
      }
    }));
  });

  test("Runs count exactly the ticks appended before a time, while the clock grows", () => {
    fc.assert(fc.property(anyAdded, fc.nat(9_000_000), (steps, ahead) => {
      let newest = 0;
      const added = steps.map(({ seq, time }) => ({ seq, time: newest = Math.max(newest, time) }));
      const time = 1_763_700_000_000 + ahead;
      const runs = runsOf(added);
      const count = runs.appendedBefore(time);
      assert.equal(Runs.decode(runs.encode()).appendedBefore(time), count);
      assert.ok(added.slice(0, count).every((each) => each.time < time));
      // A run spans a second, or a minute if it has few ticks.
      const longAgo = added.filter((each) => each.time < time - 60_000).length;
      assert.ok(count >= longAgo - 64, `${count} of ${longAgo}`);
    }));
  });

  test("Runs of consecutive ticks at once need a few bytes", () => {
    const added = Array.from({ length: 60_000 }, (_, index) => ({ seq: 1 + index, time: 5 }));
    assert.ok(runsOf(added).encode().length < 10);
    const minute = added.map(({ seq }) => ({ seq, time: seq }));
    assert.ok(runsOf(minute).encode().length < 500);
    const quiet = added.map(({ seq }) => ({ seq, time: 60_000 * seq }));
    assert.ok(runsOf(quiet.slice(0, 1_000)).encode().length < 7_000);
  });

  test("Runs of a clock that was wrong for a time do not change the age of others, and keep nothing for ever", () => {
    const appended = (...times: number[]) =>
      runsOf(times.map((time, index) => ({ seq: index + 1, time })));
    const ahead = appended(9e12, 5_000, 90_000);
    assert.deepEqual([5_000, 80_000].map((time) => ahead.appendedBefore(time)), [0, 1]);
    const behind = appended(100_000, 200_000, 5, 300_000);
    const times = [50_000, 150_000, 250_000, 400_000];
    assert.deepEqual(times.map((time) => behind.appendedBefore(time)), [0, 0, 2, 3]);
  });

  test("Runs of several servers with different clocks lose no new ticks", () => {
    const minutes = (...times: number[]) =>
      runsOf(times.map((time, index) => ({ seq: 10 * index + 1, time: 60_000 * time })));
    const now = minutes(1_000, 990, 1_010, 995, 1_012);
    assert.deepEqual([500, 989, 990].map((time) => now.appendedBefore(60_000 * time)), [0, 0, 0]);
    const aged = minutes(100, 90, 110, 1_000, 990);
    assert.equal(aged.appendedBefore(60_000 * 500), 2);
  });

  test("Runs without ticks have no place", () => {
    const runs = Runs.decode(new Uint8Array());
    assert.deepEqual([runs.placeAfter(0, 0), runs.appendedBefore(1e15)], [0, 0]);
  });
});

describe("pushVarint", () => {
  test("pushVarint writes whole numbers for readVarint, up to the largest", () => {
    const anyNumber = fc.oneof(fc.nat(300), fc.maxSafeNat());
    fc.assert(fc.property(fc.array(anyNumber), (numbers) => {
      const bytes: number[] = [];
      for (const number of [...numbers, 0, 127, 128, Number.MAX_SAFE_INTEGER]) {
        pushVarint(bytes, number);
      }
      const reader = { at: 0 };
      const all = Uint8Array.from(bytes);
      for (const number of numbers) assert.equal(readVarint(all, reader), number);
      const edges = [0, 127, 128, Number.MAX_SAFE_INTEGER];
      for (const number of edges) assert.equal(readVarint(all, reader), number);
      assert.equal(reader.at, all.length);
    }));
  });

  test("readVarint refuses an unfinished number", () => {
    for (const bytes of [[], [128], [255, 255], new Array(20).fill(255)]) {
      assert.throws(() => readVarint(Uint8Array.from(bytes), { at: 0 }), RangeError);
    }
  });
});
