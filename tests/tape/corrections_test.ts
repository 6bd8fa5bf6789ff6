import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cancels, type TapedCorrection } from "../../src/core/correction.ts";
import { Cancelled } from "../../src/tape/cancelled.ts";
import { inspect } from "../../src/tape/inspection.ts";
import { TapeError } from "../../src/store/tape_error.ts";
import { next, tick } from "../core/ticks.ts";
import { TestReplica } from "../helpers/replica.ts";
import { readAll } from "../helpers/store.ts";
import { change, query, TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
const START = 1_763_700_000_000;

describe("Cancelled", () => {
  test("Cancelled needs no check of single ticks for reads as of before or long after a correction", () => {
    const cancelled = new Cancelled();
    cancelled.add(1, { symbol: "A", seq: 100, from: 10, to: 30 });
    cancelled.add(1, { symbol: "A", seq: 200 });
    const span = { after: 0, last: 80, oldest: 12, newest: 20 };
    assert.equal(cancelled.of(span, [1], 100), undefined);
    assert.notEqual(cancelled.of(span, [1], 101), undefined);
    assert.equal(cancelled.of({ ...span, oldest: 30, newest: 40 }, [1], 200), undefined);
    assert.deepEqual([100, 101, 201, Infinity].map((asOf) => cancelled.hasAll(span, 1, asOf)), [
      ...[false, true, true, true],
    ]);
    assert.equal(cancelled.hasAll({ ...span, last: 150 }, 1, 200), false);
  });

  test("Cancelled finds each tick that a correction cancels, at any later correction", () => {
    const time = fc.integer({ min: 0, max: 20 });
    const correction = fc.oneof(
      fc.record({
        seqs: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
      }),
      fc.tuple(time, time).map(([one, other]) => ({
        from: Math.min(one, other),
        to: Math.max(one, other),
      })),
      time.map((from) => ({ from })),
      time.map((to) => ({ to })),
      fc.constant({}),
    );
    const property = fc.property(fc.array(correction, { maxLength: 6 }), (corrections) => {
      const cancelled = new Cancelled();
      const all = corrections.map((each, index): TapedCorrection => ({
        ...each,
        ..."seqs" in each ? { seqs: each.seqs.filter((seq) => seq < 10 * (index + 1)) } : {},
        symbol: "A",
        seq: 10 * (index + 1),
      }));
      for (const each of all) cancelled.add(1, each);
      const span = { after: 0, last: 80, oldest: 0, newest: 20 };
      for (const asOf of [5, 10, 35, Infinity]) {
        const is = cancelled.of(span, undefined, asOf);
        for (let seq = 1; seq < 80; seq += 3) {
          for (let time = 0; time <= 20; time++) {
            const found = next({ symbol: "A", time });
            const wanted = all.some((each) => each.seq < asOf && cancels(each, { ...found, seq }));
            assert.equal(is?.(1, seq, time) ?? false, wanted, `${seq} at ${time} as of ${asOf}`);
            assert.ok(!is?.(2, seq, time));
          }
        }
      }
      for (let from = 0; from < 20; from += 2) {
        const isAll = [0, 1, 2].every((time) =>
          all.some((each) =>
            each.seqs === undefined &&
            cancels(each, { ...next({ time: from + time }), symbol: "A", seq: 15 })
          )
        );
        assert.equal(cancelled.covers(1, from, from + 3, 15), isAll);
      }
    });
    fc.assert(property);
  });
});

function whole<Result>(steps: Generator<unknown, Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

describe("Corrections", () => {
  const filled = async (path: string) => {
    const test = new TestReplica({ path, blockTicks: 10 });
    test.now = START;
    await test.send(
      Array.from(
        { length: 40 },
        (_, index) =>
          tick({ symbol: index % 2 ? "A" : "B", time: START + index * 1_000, price: index }),
      ),
    );
    await test.cancel({ symbol: "A", from: START, to: START + 20_000 });
    await test.cancel({ symbol: "B", seqs: [1, 3] });
    return test;
  };

  test("Corrections are forgotten with their ticks, and not before", async () => {
    const path = folder.fresh();
    let test = await filled(path);
    test.seal();
    while (test.tape.sweep());
    assert.equal(query(folder.killed(path), "SELECT count(*) FROM correction"), 2);
    const left = (interval: number) =>
      query(
        folder.killed(path),
        `SELECT count(*) FROM bar WHERE interval = ${interval}
        AND symbol = (SELECT id FROM symbol WHERE name = 'A')`,
      );
    assert.equal(left(0), 10);
    await test.send([tick({ symbol: "C", time: START + 90_000 })]);
    test.save();
    const retain = (before: number) => {
      while (test.tape.retain({ before, bytesMax: 1e12 }, 0));
    };
    retain(0);
    assert.equal(test.tape.corrections(0).length, 2);
    for (let day = 1; day <= 2; day++) {
      test.now = START + day * 86_400_000;
      await test.send(Array.from({ length: 30 }, () => tick({ symbol: "C", time: test.now })));
    }
    test.seal();
    retain(test.now - 1);
    assert.deepEqual(test.tape.corrections(0), []);
    assert.equal(query(folder.killed(path), "SELECT count(*) FROM correction"), 0);
    // Later corrections have the next ids.
    await test.cancel({ symbol: "C", seqs: [test.tape.head] });
    test.save();
    test.close();
    test = new TestReplica({ path, blockTicks: 10 });
    assert.equal(test.tape.corrections(0).length, 1);
    test.close();
  });

  test("Cancelled bars do not come back when their correction is forgotten, nor the one at its start", async () => {
    const test = new TestReplica({ path: folder.fresh(), blockTicks: 10 });
    const noon = Date.UTC(2025, 10, 21, 12), hour = 3_600_000;
    test.now = noon + 2 * hour;
    const times = Array.from({ length: 36 }, (_, index) => noon - hour + index * hour / 12);
    await test.send(times.map((time) => tick({ symbol: "A", time })));
    test.seal();
    await test.cancel({ symbol: "A", from: noon, to: noon + hour });
    test.seal();
    while (test.tape.sweep());
    for (let day = 1; day <= 2; day++) {
      test.now = noon + day * 86_400_000;
      await test.send(Array.from({ length: 30 }, () => tick({ symbol: "C", time: test.now })));
    }
    test.seal();
    while (test.tape.retain({ before: test.now - 1, bytesMax: 1e12 }, 0));
    assert.deepEqual(test.tape.corrections(0), []);
    for (const [interval, left] of [["5m", 24], ["1h", 2]] as const) {
      const bars = test.tape.bars("A", interval, { limit: 100 });
      assert.deepEqual(bars.filter(({ time }) => time >= noon && time < noon + hour), []);
      assert.equal(bars.length, left);
    }
    test.close();
  });

  test("Missing or changed corrections in the file are damage", async () => {
    const wrongs = [
      ["DELETE FROM correction WHERE id = 1", /correction 1 is missing/],
      ["DELETE FROM correction WHERE id = 2", /correction 2 is missing/],
      ["UPDATE correction SET seq = 7 WHERE id = 1", /the checksum of correction 1 is wrong/],
    ] as const;
    for (const [sql, reason] of wrongs) {
      const path = folder.fresh();
      const test = await filled(path);
      test.save();
      const found = readAll(test.tape, { after: 0, limit: 100 }).length;
      assert.equal(found, 28);
      test.close();
      change(path, sql);
      assert.match(whole(inspect(path)).damage.join(), reason);
      assert.throws(() => new TestReplica({ path }), (error) => {
        assert.ok(error instanceof TapeError);
        assert.match(error.message, reason);
        return true;
      });
    }
  });
});
