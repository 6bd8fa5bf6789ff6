import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryBlock } from "../../src/tape/memory_block.ts";
import { Segments } from "../../src/tape/segments.ts";
import { next } from "../core/ticks.ts";

const names = (id: number) => `S${id}`;

interface Added {
  readonly seq: number;
  readonly time: number;
  readonly appended: number;
}

function segmentsOf(added: readonly Added[], blockTicks: number): Segments {
  const segments = new Segments(0, blockTicks, names);
  for (const { seq, time, appended } of added) {
    segments.open().add(1, { ...next({ time }), seq }, appended);
  }
  return segments;
}

const anyAdded = fc.array(
  fc.record({
    hole: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(9)),
    time: fc.nat(500),
    ms: fc.nat(3_000),
  }),
  { maxLength: 60 },
).map((steps) => {
  let [seq, appended] = [0, 0];
  return steps.map(({ hole, time, ms }) => ({
    seq: seq += 1 + hole,
    time,
    appended: appended += ms,
  }));
});
const anyBlockTicks = fc.integer({ min: 1, max: 12 });

describe("Segments", () => {
  test("Segments count and skip ticks from any place, also over gaps in the seqs", () => {
    fc.assert(fc.property(anyAdded, anyBlockTicks, (added, blockTicks) => {
      const segments = segmentsOf(added, blockTicks);
      const last = added.at(-1)?.seq ?? 0;
      assert.equal(segments.last, last);
      for (const seq of new Set([0, ...added.flatMap((each) => [each.seq - 1, each.seq])])) {
        const later = added.filter((each) => each.seq > seq);
        assert.equal(segments.countAfter(seq), later.length);
        for (const count of [0, 1, 2, 7, 100]) {
          const expected = count === 0 ? seq : later[count - 1]?.seq ?? last;
          assert.equal(segments.skip(seq, count), expected, `${count} after ${seq}`);
        }
      }
    }));
  });

  test("Segments find a place before every tick of a time or later", () => {
    fc.assert(fc.property(anyAdded, anyBlockTicks, fc.nat(600), (added, blockTicks, time) => {
      const before = segmentsOf(added, blockTicks).before(time);
      const first = added.find((each) => each.time >= time);
      if (first === undefined) return assert.equal(before, added.at(-1)?.seq ?? 0);
      assert.ok(before < first.seq);
      assert.ok(added.filter(({ seq }) => seq > before && seq < first.seq).length < blockTicks);
    }));
  });

  test("Segments find the ticks that were certainly appended before a time", () => {
    fc.assert(fc.property(anyAdded, anyBlockTicks, fc.nat(200_000), (added, blockTicks, time) => {
      const seq = segmentsOf(added, blockTicks).appendedBefore(time);
      assert.ok(added.every((each) => each.seq > seq || each.appended < time));
      const surely = added.findLast(({ appended }) => appended < time - 60_000)?.seq ?? 0;
      assert.ok(added.filter((each) => each.seq > seq && each.seq <= surely).length < 64);
    }));
  });

  test("Segments of a clock that was wrong for a time do not change the age of others, and keep nothing for ever", () => {
    const [ahead, day] = [9e12, 86_400_000];
    const added = [ahead, 1, 2, day, day + 1].map((appended, index) => ({
      ...{ seq: index + 1, time: 0, appended },
    }));
    assert.equal(segmentsOf(added, 1).appendedBefore(day), 3);
    assert.equal(segmentsOf(added, 2).appendedBefore(day), 2);
    const behind = [day, 2 * day, 5, 3 * day].map((appended, index) => ({
      ...{ seq: index + 1, time: 0, appended },
    }));
    assert.equal(segmentsOf(behind, 1).appendedBefore(1.5 * day), 1);
  });

  test("Segments of several servers with different clocks lose no new ticks", () => {
    const added = [1_000, 990, 1_010, 995].map((minutes, index) => ({
      ...{ seq: index + 1, time: 0, appended: 60_000 * minutes },
    }));
    for (const blockTicks of [1, 2, 4]) {
      const segments = segmentsOf(added, blockTicks);
      for (const minutes of [500, 989, 990]) {
        assert.equal(segments.appendedBefore(60_000 * minutes), 0);
      }
    }
  });

  test("Segments that are full end, and only the last one takes ticks", () => {
    const segments = segmentsOf([1, 2, 3, 4, 5].map((seq) => ({ seq, time: 0, appended: 0 })), 2);
    assert.deepEqual(segments.all.map(({ after, last }) => [after, last]), [[0, 2], [2, 4], [
      4,
      5,
    ]]);
    assert.equal(segments.full(), segments.all[0]);
    assert.equal(segments.unsealed, 5);
    segments.close();
    segments.open().add(1, { ...next(), seq: 9 }, 0);
    assert.deepEqual(segments.all.map(({ after, last }) => [after, last]).at(-1), [5, 9]);
  });

  test("Segments are settled up to the first that is in memory", () => {
    const segments = segmentsOf([1, 2, 3, 4, 5].map((seq) => ({ seq, time: 0, appended: 0 })), 2);
    assert.equal(segments.settled, 0);
    const sealed = (block: MemoryBlock) => ({
      ...{ after: block.after, last: block.last, count: block.count, oldest: 0, newest: 0 },
      ...{ appended: 0, runs: () => block.runs(), view: () => block.view(undefined) },
      countOf: () => block.count,
    });
    for (const settled of [2, 4]) {
      const full = segments.full()!;
      segments.replace([full], sealed(full));
      assert.equal(segments.settled, settled);
      assert.equal(segments.last, 5);
    }
    assert.equal(segments.full(), undefined);
    segments.open().add(1, { ...next(), seq: 6 }, 0);
    const newest = segments.full()!;
    segments.replace([newest], sealed(newest));
    assert.deepEqual([segments.settled, segments.last, segments.unsealed], [6, 6, 0]);
    segments.open().add(1, { ...next(), seq: 7 }, 0);
    assert.deepEqual([segments.settled, segments.last, segments.unsealed], [6, 7, 1]);
  });

  test("Segments that are all removed keep the numbering", () => {
    const segments = segmentsOf([1, 2, 3].map((seq) => ({ seq, time: 0, appended: 0 })), 2);
    segments.shift();
    segments.shift();
    assert.deepEqual([segments.last, segments.all.length, segments.countAfter(0)], [3, 0, 0]);
    assert.deepEqual([segments.before(0), segments.skip(3, 1), segments.settled], [3, 3, 3]);
    assert.equal(segments.open().after, 3);
  });
});
