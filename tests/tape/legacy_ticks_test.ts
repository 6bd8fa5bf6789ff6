import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SEQ } from "../../src/core/bar.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { TapeError } from "../../src/store/tape_error.ts";
import { bits, taped, tick } from "../core/ticks.ts";
import { type LegacyContents, writeLegacyFile } from "../helpers/legacy_file.ts";
import {
  assertSame,
  TestReplica,
  type TestReplicaOptions,
  view,
  viewOfAll,
} from "../helpers/replica.ts";
import { readAll, TestStore } from "../helpers/store.ts";
import { change, query, TapeFolder } from "../helpers/tape_file.ts";
import { assertSlices, filtered } from "./contract.ts";

const folder = new TapeFolder();

/** Ticks of an older version, which had no -0. */
function ticks(count: number, first = 0): Tick[] {
  const odd = [0.1 + 0.2, 5e-324, 1.7e308, -1e21, 1 / 3];
  return Array.from({ length: count }, (_, index) => {
    const place = first + index;
    return tick({
      symbol: ["A", "B", "C/D"][place % 3]!,
      time: place * 250 + 0.25,
      price: place % 50 === 0 ? odd[(place / 50) % odd.length]! : place,
      size: place % 3 === 0 ? null : place,
      bid: place % 5 === 0 ? null : -place,
      ask: place % 7 === 0 ? place + 0.5 : null,
    });
  });
}

function legacy(contents: LegacyContents): string {
  const path = folder.fresh();
  writeLegacyFile(path, contents);
  return path;
}

/** A market that saved all ticks. */
function marketOf(all: readonly TapedTick[]) {
  const market = new Market({ barsKept: 100_000 });
  for (const each of all) market.apply(each);
  return market;
}

/** Converts all ticks. @param each called before each step */
function takeOver(store: TestStore, each = () => {}): void {
  do each(); while (store.tape.seal());
}

function checkReading({ tape }: TestStore, all: readonly TapedTick[]): void {
  const first = all[0]!.seq;
  const middle = first + Math.floor(all.length / 2);
  for (const symbols of [undefined, new Set(["A"]), new Set(["B", "C/D", "none"])]) {
    for (
      const bounds of [
        { after: first - 1 },
        { after: middle, through: middle + 100 },
        { after: first - 1, from: 250 * middle, to: 250 * middle + 2_000 },
      ]
    ) {
      assertSlices(tape, all, { symbols, limit: 50, ...bounds });
    }
  }
  assert.deepEqual([tape.tail, tape.head, tape.countFirst({ limit: Infinity }).count], [
    first - 1,
    all.at(-1)!.seq,
    all.length,
  ]);
}

describe("LegacyTicks", () => {
  test("LegacyTicks are read from the old table, then from blocks, always the same, until none is left", () => {
    const all = taped(ticks(17_000));
    const path = legacy({ ticks: all });
    const store = new TestStore({ path }).follow();
    assert.equal(store.tape.epoch, "e0");
    const left: number[] = [];
    takeOver(store, () => {
      left.push(store.tape.legacyTicks);
      checkReading(store, all);
    });
    assert.equal(left[0], 17_000);
    assert.equal(left.at(-1), 0);
    assert.deepEqual(left, left.toSorted((a, b) => b - a));
    assert.equal(bits(readAll(store.tape, { after: 0, limit: Infinity })), bits(all));
    store.close();
    assert.equal(
      query(path, "SELECT count(*) FROM sqlite_schema WHERE name IN ('tick', 'span')"),
      0,
    );
    const again = new TestStore({ path }).follow();
    assert.equal(bits(readAll(again.tape, { after: 0, limit: Infinity })), bits(all));
    again.close();
  });

  test("LegacyTicks larger than a block become several blocks, and a kill at any time loses none", () => {
    const all = taped(ticks(90_000));
    const path = legacy({ ticks: all });
    let store = new TestStore({ path }).follow();
    const symbols = new Set(["B"]);
    const expected = bits(filtered(all, { symbols }).slice(0, 500));
    let steps = 0;
    for (let more = true; more; steps++) {
      more = store.tape.seal();
      if (steps % 9 !== 5) continue;
      // The process is killed here, and the next one goes on.
      const left = folder.killed(path);
      const again = new TestStore({ path: left }).follow();
      assert.deepEqual([
        again.tape.tail,
        again.tape.head,
        again.tape.countFirst({ limit: Infinity }).count,
      ], [0, 90_000, 90_000]);
      assert.equal(bits(readAll(again.tape, { symbols, after: 0, limit: 500 })), expected);
      const edge = 65_536;
      assertSlices(again.tape, all, { after: edge - 5, limit: 10 });
      again.close();
    }
    assert.ok(steps > 20, String(steps));
    assert.equal(store.tape.legacyTicks, 0);
    store.close();
    store = new TestStore({ path }).follow();
    assert.equal(bits(readAll(store.tape, { after: 0, limit: Infinity })), bits(all));
    store.close();
  });

  test("LegacyTicks are converted by processes that are killed after a step each", () => {
    const all = taped(ticks(10_000));
    let path = legacy({ ticks: all });
    let doneBefore = 0;
    for (let round = 0, more = true; more; round++) {
      assert.ok(round < 60);
      const store = new TestStore({ path }).follow();
      checkReading(store, all);
      // Each process takes one step more than the last, because it starts an unfinished block anew.
      for (let step = 0; more && step <= round; step++) more = store.tape.seal();
      doneBefore = store.tape.legacyTicks;
      const left = folder.killed(path);
      store.close();
      path = left;
    }
    assert.equal(doneBefore, 0);
  });

  test("Ticks that are logged during the conversion of LegacyTicks come behind them, and are sealed first", async () => {
    const all = taped(ticks(9_000));
    const path = legacy({ ticks: all });
    const store = new TestStore({ path, blockTicks: 100 }).follow();
    for (let round = 0; round < 5; round++) {
      all.push(...await store.append(ticks(150, all.length)));
      store.tape.save({ seq: store.tape.head, instruments: [], newest: [], bars: [] });
      for (let step = 0; step < 3; step++) store.tape.seal();
      checkReading(store, all);
      const again = new TestStore({ path: folder.killed(path), blockTicks: 100 }).follow();
      checkReading(again, all);
      again.close();
    }
    takeOver(store);
    checkReading(store, all);
    assert.equal(bits(readAll(store.tape, { after: 0, limit: Infinity })), bits(all));
    store.close();
  });

  test("LegacyTicks whose oldest were forgotten have the right tail", () => {
    const all = taped(ticks(500)).slice(200);
    const store = new TestStore({ path: legacy({ ticks: all }) }).follow();
    takeOver(store, () => checkReading(store, all));
    checkReading(store, all);
    store.close();
  });

  test("LegacyTicks are forgotten by age, before and after the conversion", () => {
    const all = taped(ticks(12_000));
    const minutes = (seq: number) => Math.floor(seq / 200) * 60_000;
    for (const stepsBefore of [0, 3, 999]) {
      const path = legacy({ ticks: all, appended: minutes, state: marketOf(all).takeChanges() });
      let store = new TestStore({ path }).follow();
      for (let step = 0; step < stepsBefore && store.tape.seal(); step++);
      while (store.tape.retain({ before: 30 * 60_000, bytesMax: Infinity }, 0));
      const { tail } = store.tape;
      assert.ok(tail >= 28 * 200 && tail <= 30 * 200, String(tail));
      const kept = all.slice(tail);
      checkReading(store, kept);
      takeOver(store);
      checkReading(store, kept);
      store.close();
      store = new TestStore({ path }).follow();
      checkReading(store, kept);
      store.close();
    }
  });

  test("LegacyTicks of an empty file leave a file without their tables", () => {
    const path = legacy({ ticks: [] });
    const store = new TestStore({ path }).follow();
    assert.deepEqual([store.tape.head, store.tape.legacyTicks, store.tape.seal()], [0, 0, false]);
    store.close();
    assert.equal(query(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'tick'"), 0);
  });
});

describe("LegacyTicks: damage", () => {
  const withDamage = (sql: string, ticks: readonly TapedTick[]) => {
    const path = legacy({ ticks });
    change(path, sql);
    return path;
  };

  test("A changed tick is reported to its readers and not converted, and others are read", () => {
    const all = taped(ticks(20_000));
    const path = withDamage("UPDATE tick SET price = 1e9 WHERE seq = 15000", all);
    const store = new TestStore({ path }).follow();
    assert.throws(
      () => store.tape.first({ after: 14_900, limit: 200 }),
      /damaged \(the checksum of tick 15000/,
    );
    assert.deepEqual(store.tape.first({ after: 100, limit: 10 }).ticks, all.slice(100, 110));
    assert.throws(() => takeOver(store), /damaged \(the checksum of tick 15000/);
    assert.equal(store.tape.legacyTicks, 20_000);
    assert.throws(() => takeOver(store), TapeError);
    store.close();
  });

  test("A missing tick in the middle is reported", () => {
    const all = taped(ticks(100));
    const store = new TestStore({ path: withDamage("DELETE FROM tick WHERE seq = 50", all) });
    store.follow();
    assert.throws(() => store.tape.first({ limit: 100 }), /damaged \(1 ticks after 0 are missing/);
    store.close();
  });

  test("A tape without its newest ticks is refused", () => {
    const all = taped(ticks(100));
    const path = legacy({ ticks: all, state: marketOf(all).takeChanges() });
    change(path, "DELETE FROM tick WHERE seq > 90");
    const store = new TestStore({ path });
    assert.throws(() => store.follow(), /damaged \(its newest ticks, 91 to 100, are missing/);
    store.close();
  });

  test("A tape without ticks that a part of the saved market includes is refused", () => {
    const all = taped(ticks(100));
    const state = marketOf(all).takeChanges(5);
    assert.equal(state.seq, 0);
    const path = legacy({ ticks: all, state });
    change(path, "DELETE FROM tick WHERE seq > 90");
    const store = new TestStore({ path });
    assert.throws(() => store.follow(), /damaged \(its newest ticks, 91 to 100, are missing/);
    store.close();
  });
});

describe("LegacyTicks: what was derived from them", () => {
  const open = (path: string, options: TestReplicaOptions = {}) =>
    new TestReplica({ path, ...options });

  for (const version of [1, 2] as const) {
    test(`A fully saved file of version ${version} gives the same market, and goes on`, async () => {
      const all = taped(ticks(3_000));
      const market = marketOf(all);
      const receipts = version === 1 ? [] : [{ key: "k", accepted: 9, seq: 99, time: 5 }];
      const state = market.takeChanges();
      const path = legacy({ version, ticks: all, state, receipts, marks: { feed: "7" } });
      const test = open(path);
      assert.ok(Number(query(folder.killed(path), "PRAGMA user_version")) > 2);
      assert.equal(test.tape.mark("feed"), "7");
      assert.deepEqual(test.tape.receipt("k"), receipts[0]);
      assertSame(view(test.market, test.tape), viewOfAll(all));
      await test.send(ticks(100, 2_990), { key: "l" });
      const more = taped(ticks(100, 2_990)).map((each) => ({ ...each, seq: each.seq + 3_000 }));
      // Version 1 did not store the seqs of records: each has all ticks up to its last one.
      const expected = viewOfAll([...all, ...more]);
      assertSame(view(test.market, test.tape), expected);
      test.seal();
      const left = folder.killed(path);
      test.close();
      const again = open(left);
      assertSame(view(again.market, again.tape), expected);
      assert.equal(again.tape.receipt("l")!.seq, 3_100);
      again.close();
    });
  }

  test("Records of version 1 have the ticks up to the newest", () => {
    const all = taped(ticks(300));
    const state = marketOf(all).takeChanges();
    const store = new TestStore({ path: legacy({ version: 1, ticks: all, state }) }).follow();
    const { bars, newest } = store.tape.load(10);
    assert.deepEqual(newest.map(({ seq }) => seq), [0, 0, 0]);
    assert.ok(bars.length > 30 && bars.every(({ numbers }) => numbers[SEQ] === 300));
    store.close();
  });

  for (const savedAt of [undefined, 0, 1_000]) {
    test(`A file with ticks after ${savedAt ?? "none"} saved gives a market that saw all ticks, for any kill`, () => {
      // Hundreds of bars do not fit into the memory of the market.
      const all = taped(ticks(12_000));
      const state = savedAt === undefined
        ? undefined
        : marketOf(all.slice(0, savedAt)).takeChanges();
      let path = legacy({ ticks: all, ...(state && { state }) });
      const expected = viewOfAll(all);
      for (const saves of [0, 1, 2, 30, 999]) {
        const test = open(path);
        assertSame(view(test.market, test.tape), expected, `before ${saves} saves`);
        for (let save = 0; save < saves && test.replica.save() < test.tape.head; save++);
        path = folder.killed(path);
        test.close();
      }
      const test = open(path);
      assert.equal(test.tape.saved, 12_000);
      assertSame(view(test.market, test.tape), expected);
      test.close();
    });
  }
});
