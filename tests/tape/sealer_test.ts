import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { TapeFull } from "../../src/store/tape_error.ts";
import { bits, tick } from "../core/ticks.ts";
import { readAll, TestStore } from "../helpers/store.ts";
import { diskFault, query, SmallDisk, TapeFolder } from "../helpers/tape_file.ts";
import { filtered } from "./contract.ts";

const folder = new TapeFolder();

function ticks(count: number, first = 0): Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const place = first + index;
    return tick({ symbol: `S${place % 40}`, time: place, price: place / 3, size: place % 9 });
  });
}

/** Marks all derived data as stored. */
function save({ tape }: TestStore, seq = tape.head): void {
  tape.save({ seq, instruments: [], newest: [], bars: [] });
}

function check(store: TestStore, all: readonly TapedTick[]): void {
  assert.equal(store.tape.head, all.length);
  assert.equal(bits(readAll(store.tape, { after: 0, limit: Infinity })), bits(all));
  const symbols = new Set(["S7"]);
  const found = readAll(store.tape, { symbols, after: 0, limit: Infinity });
  assert.equal(bits(found), bits(filtered(all, { symbols })));
}

describe("Sealer", () => {
  test("Sealer writes full blocks into the file in parts, and they stay readable meanwhile", async () => {
    const path = folder.fresh();
    const options = { path, blockTicks: 30_000 };
    const store = new TestStore(options).follow();
    const all = await store.append(ticks(40_000));
    assert.equal(store.tape.seal(), false);
    save(store);
    const steps: number[] = [];
    for (let more = true; more;) {
      more = store.tape.seal();
      steps.push(store.tape.unsealed);
      check(store, all);
      // After a kill, the next process reads the same, from the log or the file.
      const again = new TestStore({ ...options, path: folder.killed(path) }).follow();
      check(again, all);
      again.close();
    }
    assert.ok(steps.length > 2, String(steps.length));
    const unsealed = steps.at(-1)!;
    assert.ok(unsealed > 0 && unsealed < 10_000, String(unsealed));
    assert.equal(steps[0], 40_000);
    store.close();
  });

  test("Sealer seals no tick before its derived data is stored", async () => {
    const store = new TestStore({ blockTicks: 10 }).follow();
    for (let block = 0; block < 3; block++) await store.append(ticks(10, 10 * block));
    const left: number[] = [];
    for (const saved of [0, 9, 10, 19, 29, 30]) {
      save(store, saved);
      while (store.tape.seal());
      assert.equal(store.tape.sealsAfterSave, saved < 30);
      left.push(store.tape.unsealed);
    }
    assert.deepEqual(left, [30, 30, 20, 20, 10, 0]);
    store.close();
  });

  test("The log forgets exactly the sealed entries, and after a kill at any time all ticks are there", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path, blockTicks: 10 }).follow();
    const all: TapedTick[] = [];
    for (let batch = 0; batch < 25; batch++) all.push(...await store.append(ticks(3, 3 * batch)));
    const entries = (file: string) => query(folder.killed(file), "SELECT count(*) FROM entry");
    save(store, 40);
    assert.equal(entries(path), 25);
    while (store.tape.seal());
    // The first needed seq of the log is stored before anything is forgotten.
    assert.equal(entries(path), 25);
    const settled = store.tape.settle();
    assert.equal(settled, 36);
    const notForgotten = new TestStore({ path: folder.killed(path), blockTicks: 10 }).follow();
    check(notForgotten, all);
    notForgotten.close();
    store.log.forget(settled);
    assert.equal(entries(path), 25 - 12);
    const again = new TestStore({ path: folder.killed(path), blockTicks: 10 }).follow();
    check(again, all);
    assert.equal(again.tape.unsealed, 75 - 36);
    again.close();
    store.close();
  });

  test("An unfinished block is started anew", async () => {
    const path = folder.fresh();
    const options = { path, blockTicks: 30_000 };
    const store = new TestStore(options).follow();
    const all = await store.append(ticks(40_000));
    save(store);
    store.tape.seal();
    const left = folder.killed(path);
    store.close();
    assert.ok(Number(query(left, "SELECT count(*) FROM chunk")) > 0);
    assert.equal(query(left, "SELECT count(*) FROM block"), 0);
    const again = new TestStore({ ...options, path: left }).follow();
    assert.equal(query(folder.killed(left), "SELECT count(*) FROM chunk"), 0);
    again.seal();
    check(again, all);
    again.close();
    const last = new TestStore({ ...options, path: left }).follow();
    check(last, all);
    last.close();
  });

  test("A large draft may be sealed in part, and followers continue from there", async () => {
    const path = folder.fresh();
    const options = { path, blockTicks: 1_000 };
    const store = new TestStore(options).follow();
    const all = await store.append(ticks(20_000), { key: "k" });
    save(store, 9_000);
    while (store.tape.seal());
    store.log.forget(store.tape.settle());
    assert.ok(store.tape.unsealed > 0 && store.tape.unsealed < 20_000);
    const again = new TestStore({ ...options, path: folder.killed(path) }).follow();
    check(again, all);
    assert.equal(again.tape.receipt("k")!.seq, 20_000);
    again.close();
    store.close();
  });
});

describe("Sealer: a full disk", { skip: diskFault() ?? false }, () => {
  const disk = new SmallDisk();

  test("A full disk during sealing loses nothing, and sealing goes on once there is room", async () => {
    const path = disk.path("tape.db");
    const options = { path, blockTicks: 20_000 };
    const store = new TestStore(options).follow();
    const all = await store.append(ticks(124_000));
    save(store);
    disk.fill();
    const fail = () => {
      for (let step = 0; step < 500; step++) if (!store.tape.seal()) return;
    };
    assert.throws(fail, TapeFull);
    assert.throws(fail, TapeFull);
    check(store, all);
    const left = new TestStore({ ...options, path: folder.killed(path) }).follow();
    check(left, all);
    left.close();

    disk.clear();
    while (store.tape.seal());
    assert.ok(store.tape.unsealed < 2_000);
    check(store, all);
    store.log.forget(store.tape.settle());
    store.close();
    const again = new TestStore(options).follow();
    check(again, all);
    assert.ok(again.tape.unsealed < 2_000);
    again.close();
    disk.remove("tape.db");
  });

  test("A tape on a completely full disk closes, and goes on once there is room", async () => {
    const path = disk.path("closed.db");
    const store = new TestStore({ path }).follow();
    const all = await store.append(ticks(100));
    disk.fill();
    const fill = async () => {
      for (let round = 0; round < 1_000; round++) all.push(...await store.append(ticks(100)));
    };
    await assert.rejects(fill, TapeFull);
    assert.throws(() => save(store), TapeFull);
    assert.throws(() => store.tape.retain({ before: 1e12, bytesMax: 0 }, 0), TapeFull);
    assert.deepEqual([store.tape.tail, store.tape.head], [0, all.length]);
    store.close();
    disk.clear();
    const again = new TestStore({ path, epoch: "other" }).follow();
    assert.equal(again.tape.epoch, store.tape.epoch);
    assert.equal(bits(readAll(again.tape, { after: 0, limit: Infinity })), bits(all));
    again.close();
    disk.remove("closed.db");
  });
});
