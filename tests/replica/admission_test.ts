import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Entry, lastSeq } from "../../src/log/log.ts";
import { Admission } from "../../src/replica/admission.ts";
import { tick } from "../core/ticks.ts";

const DAY = 86_400_000;

function entry(first: number, count: number, rest: Partial<Entry> = {}): Entry {
  const ticks = Array.from({ length: count }, (_, index) => ({ ...tick(), seq: first + index }));
  const nothing = { definitions: [], marks: [], receipts: [], more: false };
  return { first, ticks, time: 5 * DAY, ...nothing, ...rest };
}

/** The part of a tape that admission uses. */
class Tape {
  readonly receipts = new Map<string, Entry["receipts"][number]>();
  readonly marks = new Map<string, string>();
  readonly #admission = new Admission({
    receipt: (key) => this.receipts.get(key),
    mark: (name) => this.marks.get(name),
  });

  /** @returns the number of added ticks */
  add(given: Entry): number {
    const { ticks, receipts, marks } = this.#admission.admit(given);
    for (const receipt of receipts) this.receipts.set(receipt.key, receipt);
    for (const { name, value } of marks) this.marks.set(name, value);
    return ticks.length;
  }
}

function keyed(first: number, count: number, keys: readonly string[], time = 5 * DAY): Entry {
  const each = count / keys.length;
  const receipts = keys.map((key, index) => (
    { key, accepted: each, seq: first + each * (index + 1) - 1, time }
  ));
  return entry(first, count, { receipts, time });
}

describe("Admission", () => {
  test("Admission adds nothing for a key that was used within a day", () => {
    const tape = new Tape();
    assert.equal(tape.add(keyed(1, 4, ["a"])), 4);
    assert.equal(tape.add(keyed(5, 4, ["a"], 6 * DAY - 1)), 0);
    assert.equal(tape.receipts.get("a")!.seq, 4);
    assert.equal(tape.add(keyed(9, 2, ["b"])), 2);
    // A day later the key counts as new.
    assert.equal(tape.add(keyed(11, 4, ["a"], 6 * DAY)), 4);
  });

  test("Admission recognises a key when the clocks of the writers are ten minutes apart", () => {
    for (const apart of [-600_000, 600_000]) {
      const tape = new Tape();
      assert.equal(tape.add(keyed(1, 4, ["a"])), 4);
      assert.equal(tape.add(keyed(5, 4, ["a"], 5 * DAY + apart)), 0);
      assert.equal(tape.receipts.get("a")!.seq, 4);
    }
  });

  test("Admission adds an entry again after a restart, even if its receipts are stored", () => {
    const tape = new Tape();
    const entries = [keyed(1, 9, ["a", "b", "c"]), keyed(10, 2, ["d"]), keyed(12, 0, ["e"])];
    for (const each of entries) tape.add(each);
    assert.deepEqual(entries.map((each) => tape.add(each)), [9, 2, 0]);
  });

  test("Admission adds nothing for a writer that lost its lease earlier in the log", () => {
    const lease = (term: number) => ({ lease: { feed: "f", term } });
    const entries = [
      entry(1, 1, lease(3)),
      entry(2, 1, lease(3)),
      entry(3, 0, lease(7)),
      entry(3, 1, lease(3)),
      entry(4, 1, lease(7)),
      entry(5, 1, { lease: { feed: "other", term: 1 } }),
      entry(6, 1, lease(9)),
      entry(7, 1, lease(7)),
      entry(8, 1),
    ];
    const expected = [1, 1, 0, 0, 1, 1, 1, 0, 1];
    const tape = new Tape();
    assert.deepEqual(entries.map((each) => tape.add(each)), expected);
    // After a restart with all marks stored, the result is the same.
    assert.deepEqual(entries.map((each) => tape.add(each)), expected);
    assert.equal(lastSeq(entries.at(-1)!), 8);
  });
});
