import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryTape } from "../../src/tape/memory.ts";
import { PublishedTape } from "../../src/tape/published_tape.ts";
import { tick } from "../core/ticks.ts";

describe("PublishedTape", () => {
  test("PublishedTape shows no tick that nobody was told of", () => {
    const tape = new MemoryTape({ epoch: "e1", ticksMax: 100 });
    const told = { seq: 0 };
    const published = new PublishedTape(tape, told);
    tape.append(Array.from({ length: 10 }, (_, time) => tick({ time })));
    for (const seq of [0, 1, 7, 10]) {
      told.seq = seq;
      assert.deepEqual([published.epoch, published.head, published.tail], ["e1", seq, 0]);
      const seqs = (query: object) =>
        published.read({ limit: 100, ...query }).map((each) => each.seq);
      assert.deepEqual(seqs({}), Array.from({ length: seq }, (_, index) => index + 1));
      assert.deepEqual(seqs({ through: 3 }), [1, 2, 3].slice(0, seq));
      assert.ok(published.before(Infinity) <= seq);
    }
    told.seq = 99;
    assert.equal(published.head, 10);
  });
});
