import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RECEIPT_MS, RECEIPTS_MAX } from "../../src/tape/receipts.ts";
import { tick } from "../core/ticks.ts";
import { TestStore } from "../helpers/store.ts";
import { change, TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
const NOTHING = { instruments: [], newest: [], bars: [] };

function save({ tape }: TestStore): void {
  while (tape.save({ ...NOTHING, seq: tape.head }) < tape.head);
}

describe("Receipts", () => {
  test("Receipts are found at once, when stored, and after a kill, with the seq of the last tick", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path, now: () => 5 }).follow();
    await store.append([tick(), tick()], { key: "a" });
    await store.append([tick()], { key: "b \u{1F600}" });
    await store.append([], { key: "c" });
    const check = ({ tape }: TestStore) => {
      assert.deepEqual(tape.receipt("a"), { key: "a", accepted: 2, seq: 2, time: 5 });
      assert.deepEqual(tape.receipt("b \u{1F600}"), {
        ...{ key: "b \u{1F600}", accepted: 1, seq: 3, time: 5 },
      });
      assert.deepEqual(tape.receipt("c"), { key: "c", accepted: 0, seq: 3, time: 5 });
      for (const key of ["A", "", "b", "d"]) assert.equal(tape.receipt(key), undefined);
    };
    check(store);
    for (const saved of [false, true]) {
      if (saved) save(store);
      check(store);
      const again = new TestStore({ path: folder.killed(path) }).follow();
      check(again);
      again.close();
    }
    store.close();
  });

  test("Receipts of a reused key are replaced by the newer one", async () => {
    let now = 5;
    const store = new TestStore({ now: () => now }).follow();
    await store.append([tick()], { key: "a" });
    for (const stores of [false, true]) {
      if (stores) save(store);
      now++;
      const { seq } = (await store.append([tick()], { key: "a" }))[0]!;
      assert.deepEqual(store.tape.receipt("a"), { key: "a", accepted: 1, seq, time: now });
    }
    save(store);
    assert.equal(store.tape.receipt("a")!.seq, 3);
    store.close();
  });

  test("Receipts that are not stored prevent the log from forgetting their entries", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path, blockTicks: 10 }).follow();
    for (let index = 0; index < 1_200; index++) await store.append([tick()], { key: `k${index}` });
    const seqs = [1, 2, 3].map(() => store.tape.save({ ...NOTHING, seq: 1_200 }));
    assert.deepEqual(seqs, [500, 1_000, 1_200]);
    store.close();
    const again = new TestStore({ path, blockTicks: 10 }).follow();
    for (let round = 0; round < 3; round++) {
      const saved = again.tape.save({ ...NOTHING, seq: again.tape.head });
      while (again.tape.seal());
      assert.ok(again.tape.settle() <= saved);
      while (again.log.forget(again.tape.settle()));
      const left = new TestStore({ path: folder.killed(path), blockTicks: 10 }).follow();
      for (const index of [0, 499, 500, 1_199]) {
        assert.equal(left.tape.receipt(`k${index}`)?.seq, index + 1);
      }
      left.close();
    }
    again.close();
  });

  test("Receipts are forgotten after a day, by the clock, a thousand at a time", async () => {
    let now = 0;
    const store = new TestStore({ now: () => now }).follow();
    for (let minute = 0; minute < 1_440; minute++) {
      now = minute * 60_000;
      await store.append([tick()], { key: `at ${now}` });
    }
    save(store);
    const forget = (now: number) => {
      const retention = { before: -Infinity, bytesMax: Infinity };
      let calls = 1;
      while (store.tape.retain(retention, now - RECEIPT_MS)) calls++;
      return calls;
    };
    forget(RECEIPT_MS + 60_000);
    assert.equal(store.tape.receipt("at 0"), undefined);
    assert.equal(store.tape.receipt("at 60000")!.seq, 2);
    assert.equal(forget(3 * RECEIPT_MS), 2);
    assert.equal(store.tape.receipt("at 86340000"), undefined);
    assert.equal(store.tape.head, 1_440);
    store.close();
  });

  test(`Receipts are limited to ${RECEIPTS_MAX}, and a new one replaces the oldest`, () => {
    const store = new TestStore().follow();
    const entry = { first: 1, ticks: [], time: 0, definitions: [], marks: [], more: false };
    const add = (...keys: string[]) => {
      const receipts = keys.map((key) => ({ key, accepted: 0, seq: 0, time: 5 }));
      store.tape.add({ ...entry, receipts });
      for (let left = keys.length; left > 0; left -= 500) {
        store.tape.save({ ...NOTHING, seq: 0 });
      }
    };
    add(...Array.from({ length: RECEIPTS_MAX }, (_, index) => `k${index}`));
    assert.equal(store.tape.receipt("k0")!.time, 5);
    add("one more", "two more");
    const kept = ["k0", "k1", "k2", "one more", "two more"].map((key) =>
      store.tape.receipt(key)?.time
    );
    assert.deepEqual(kept, [undefined, undefined, 5, 5, 5]);
    store.close();
  });

  test("A changed receipt is not used as an answer", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path, blockTicks: 1 }).follow();
    for (const key of ["a", "b"]) await store.append([tick()], { key });
    store.seal();
    store.close();
    change(path, "UPDATE receipt SET seq = 2 WHERE key = 'a'");
    const damaged = new TestStore({ path, blockTicks: 1 }).follow();
    assert.throws(
      () => damaged.tape.receipt("a"),
      /damaged \(the checksum of the receipt of "a" is wrong/,
    );
    assert.equal(damaged.tape.receipt("b")!.seq, 2);
    damaged.close();
  });
});
