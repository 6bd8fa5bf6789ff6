import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, test } from "node:test";
import { type BarRecord, reviseRecord } from "../../src/core/bar.ts";
import { type Interval, lengthOf } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { TapeFull } from "../../src/store/tape_error.ts";
import { bits, next, tick } from "../core/ticks.ts";
import { readAll, TestStore, type TestStoreOptions } from "../helpers/store.ts";
import { diskFault, query, SmallDisk, TapeFolder } from "../helpers/tape_file.ts";

const DAY = 86_400_000;
const NOTHING = { seq: 0, instruments: [], newest: [], bars: [] };
const folder = new TapeFolder();

function ticks(count: number, first = 0): Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const price = first + index;
    return tick({ symbol: ["A", "B", "C"][price % 3]!, time: price * 1_000, price, size: 1 });
  });
}

/** A tape with one tick a second, from second 0 on. */
async function aged(count: number, options: TestStoreOptions = {}) {
  let now = 0;
  const store = new TestStore({ ...options, now: () => now }).follow();
  const all: TapedTick[] = [];
  for (let index = 0; index < count; index++) {
    now = index * 1_000;
    all.push(...await store.append([tick({ price: index, time: DAY + index * 1_000 })]));
  }
  return { store, tape: store.tape, all, setNow: (time: number) => void (now = time) };
}

function save({ tape }: TestStore, seq = tape.head): void {
  tape.save({ ...NOTHING, seq });
}

function retain({ tape }: TestStore, before: number, bytesMax = Infinity): number {
  let calls = 1;
  while (tape.retain({ before, bytesMax }, 0)) calls++;
  return calls;
}

describe("Retainer: age", () => {
  for (const blockTicks of [10, 1_000]) {
    for (const seals of [false, true]) {
      const where = `blocks of ${blockTicks} ${seals ? "in the file" : "in memory"}`;
      test(`Ticks appended before a time are forgotten, to the minute: ${where}`, async () => {
        const { store, tape, all } = await aged(400, { blockTicks });
        if (seals) store.seal();
        else save(store);
        retain(store, 0);
        assert.equal(tape.tail, 0);
        retain(store, 200_000);
        assert.ok(tape.tail >= 130 && tape.tail <= 200, String(tape.tail));
        const kept = all.slice(tape.tail);
        assert.deepEqual(readAll(tape, { limit: Infinity }), kept);
        assert.deepEqual(tape.first({ after: 0, limit: 1 }).ticks, kept.slice(0, 1));
        assert.equal(tape.countFirst({ limit: Infinity }).count, kept.length);
        assert.equal(tape.before(0), tape.tail);
        store.close();
      });
    }
  }

  test("The time of appending counts, not the tick's own time", async () => {
    const store = new TestStore({ now: () => 100 * DAY }).follow();
    await store.append(ticks(10));
    save(store);
    retain(store, 99 * DAY);
    assert.equal(store.tape.tail, 0);
    store.close();
  });

  test("The newest tick is never forgotten, so that seqs go on after a restart", async () => {
    for (const blockTicks of [1, 4, 100]) {
      const path = folder.fresh();
      const first = new TestStore({ path, blockTicks }).follow();
      for (let batch = 0; batch < 5; batch++) await first.append(ticks(2));
      first.seal();
      retain(first, DAY, 0);
      assert.deepEqual([first.tape.tail, first.tape.head], [9, 10]);
      const second = new TestStore({ path: folder.killed(path), blockTicks }).follow();
      assert.deepEqual([second.tape.tail, second.tape.head], [9, 10]);
      assert.equal((await second.append(ticks(1)))[0]!.seq, 11);
      first.close();
      second.close();
    }
  });

  test("A clock that is set back does not keep ticks for ever", async () => {
    let now = 400 * DAY;
    const store = new TestStore({ blockTicks: 5, now: () => now }).follow();
    await store.append(ticks(5));
    now = 0;
    await store.append(ticks(5));
    now = DAY;
    await store.append(ticks(5));
    store.seal();
    retain(store, DAY / 2);
    assert.equal(store.tape.tail, 10);
    store.close();
  });

  test("A tick is not forgotten before its derived data is saved", async () => {
    const { store, tape } = await aged(100, { blockTicks: 10 });
    for (const [saved, tail] of [[0, 0], [40, 40], [45, 45], [99, 99], [100, 99]]) {
      save(store, saved);
      retain(store, DAY, 0);
      assert.equal(tape.tail, tail);
    }
    store.close();
  });
});

describe("Retainer: parts of blocks", () => {
  /** Blocks with so many parts that none is forgotten at once. */
  async function large(path: string) {
    const store = new TestStore({ path, blockTicks: 3_000 }).follow();
    const batch = Array.from(
      { length: 4_000 },
      (_, index) => tick({ symbol: `S${index % 2_000}`, time: index, price: index }),
    );
    const busy = Array.from({ length: 4_000 }, (_, index) => tick({ symbol: "A", price: index }));
    const all = [...await store.append(batch), ...await store.append(busy)];
    all.push(...await store.append(ticks(5)));
    store.seal();
    return { store, all };
  }

  test("Blocks are forgotten in parts, and after a kill at any time the rest is complete", async () => {
    const path = folder.fresh();
    const { store, all } = await large(path);
    const parts = (file: string) =>
      Number(query(folder.killed(file), "SELECT count(*) FROM chunk"));
    const before = parts(path);
    for (let more = true; more;) {
      more = store.tape.retain({ before: DAY, bytesMax: Infinity }, 0);
      const { tail } = store.tape;
      const kept = all.filter(({ seq }) => seq > tail);
      assert.equal(bits(readAll(store.tape, { after: 0, limit: Infinity })), bits(kept));
      const left = folder.killed(path);
      const again = new TestStore({ path: left, blockTicks: 3_000 }).follow();
      assert.equal(again.tape.tail, tail);
      assert.equal(bits(readAll(again.tape, { after: 0, limit: Infinity })), bits(kept));
      // The next process continues the work.
      retain(again, DAY);
      again.close();
      assert.equal(parts(left), 0);
    }
    assert.equal(store.tape.tail, 8_004);
    assert.ok(before >= 2);
    assert.equal(query(folder.killed(path), "SELECT count(*) FROM block"), 0);
    store.close();
  });

  test("A block that is being written is forgotten when it is complete", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path, blockTicks: 30_000 }).follow();
    await store.append(ticks(40_000));
    save(store);
    store.tape.seal();
    retain(store, DAY);
    assert.equal(store.tape.tail, 39_999);
    assert.equal(store.tape.first({ after: 0, limit: 9 }).ticks.length, 1);
    while (store.tape.seal());
    retain(store, DAY);
    assert.equal(store.tape.first({ after: 0, limit: 9 }).ticks.length, 1);
    for (const table of ["block", "chunk"]) {
      assert.equal(query(folder.killed(path), `SELECT count(*) FROM ${table}`), 0);
    }
    store.close();
  });
});

describe("Retainer: room", () => {
  test("The tape and its file shrink to the limit and stay there", async () => {
    const path = folder.fresh();
    const bytesMax = 2_000_000;
    const store = new TestStore({ path, blockTicks: 5_000 }).follow();
    const { tape } = store;
    const sizes: number[] = [];
    for (let round = 0; round < 40; round++) {
      // Prices that cannot be compressed.
      const batch = ticks(5_000, round * 5_000);
      await store.append(batch.map((each) => ({ ...each, price: Math.sin(each.price) })));
      store.seal();
      retain(store, -Infinity, bytesMax);
      sizes.push(statSync(path).size);
    }
    assert.equal(tape.head, 200_000);
    assert.ok(tape.tail > 0 && tape.head - tape.tail > 5_000, String(tape.head - tape.tail));
    assert.ok(tape.bytes <= bytesMax, String(tape.bytes));
    assert.ok(Math.max(...sizes) < 2 * bytesMax, String(Math.max(...sizes)));
    assert.equal(readAll(tape, { limit: Infinity }).length, tape.head - tape.tail);
    store.close();
  });

  test("The log beside the file does not grow without limit", async () => {
    const path = folder.fresh();
    const store = new TestStore({ path, blockTicks: 20_000 }).follow();
    for (let round = 0; round < 100; round++) {
      await store.append(ticks(2_000));
      store.seal();
    }
    const { size } = statSync(`${path}-wal`);
    assert.ok(size < 16_000_000, String(size));
    store.close();
  });

  const record = (symbol: string, interval: Interval, index: number): BarRecord => {
    const at = next({ time: index * lengthOf(interval), price: index });
    return { symbol, interval, numbers: reviseRecord(interval, undefined, at) };
  };

  test("Bars that fill the limit are forgotten too, except the newest of each series", async () => {
    const store = new TestStore({ blockTicks: 1_000 }).follow();
    const { tape } = store;
    await store.append(["A", "B"].flatMap((symbol) => ticks(5_000).map((t) => ({ ...t, symbol }))));
    const put = (symbol: string, interval: Interval, count: number) => {
      const bars = Array.from({ length: count }, (_, index) => record(symbol, interval, index));
      tape.save({ ...NOTHING, bars });
      while (tape.barsHeld > 0) tape.save(NOTHING);
    };
    put("A", "1m", 15_000);
    put("B", "1m", 10_000);
    put("B", "1h", 10_000);
    put("B", "1d", 1_000);
    store.seal();
    const bytesMax = tape.bytes * 0.7;
    retain(store, -Infinity, bytesMax);
    assert.ok(tape.bytes <= bytesMax);
    const kept = ([["A", "1m"], ["B", "1m"], ["B", "1h"], ["B", "1d"]] as const).map(
      ([symbol, interval]) => tape.bars(symbol, interval, { limit: 1e9 }),
    );
    assert.equal(tape.tail, 0);
    for (const [index, bars] of kept.slice(0, 3).entries()) {
      assert.ok(bars.length >= 1_500 && bars.length < [15_000, 10_000, 10_000][index]!);
      // Exactly the oldest have been forgotten.
      const { time } = bars[0]!;
      const length = lengthOf(bars[0]!.interval);
      assert.ok(bars.every((bar, place) => bar.time === time + place * length));
    }
    assert.equal(kept[0]!.at(-1)!.open, 14_999);
    assert.equal(kept[3]!.length, 1_000);

    retain(store, -Infinity, 100_000);
    const left = (["1m", "1h"] as const).map((each) => tape.bars("B", each, { limit: 1e9 }).length);
    assert.deepEqual(left, [1_500, 1_500]);
    // The newest block of ticks stays.
    assert.ok(tape.tail >= 5_000, String(tape.tail));
    store.close();
  });

  test("Short bars are forgotten with their ticks; longer ones and the newest of each series stay", async () => {
    const store = new TestStore({ blockTicks: 2_000, barsKept: 1_500 }).follow();
    const { tape } = store;
    const market = new Market({ barsKept: 2 });
    const add = async (first: number, count: number) => {
      const batch = Array.from({ length: count }, (_, index) => {
        const second = first + index;
        return tick({ symbol: second % 2 === 0 ? "A" : "B", time: second * 1_000 });
      });
      for (const each of await store.append(batch)) market.apply(each);
      tape.hold(market.takeDropped());
      store.seal(market.takeChanges());
    };
    const count = (interval: Interval, symbol = "A") =>
      tape.bars(symbol, interval, { limit: 1e9 }).length;
    await add(0, 12_000);
    retain(store, -Infinity);
    assert.deepEqual([count("1s"), count("5s"), count("1m")], [6_000, 2_400, 200]);
    retain(store, DAY);
    assert.equal(tape.tail, 11_999);
    for (let call = 0; call < 9; call++) retain(store, DAY);
    assert.deepEqual([count("1s"), count("1s", "B"), count("5s")], [1_500, 1_500, 1_500]);
    assert.deepEqual([count("1m"), count("1h")], [200, 4]);
    await add(12_000, 10);
    for (let call = 0; call < 9; call++) retain(store, DAY);
    assert.deepEqual([count("1s"), count("1m"), count("1h")], [1_500, 201, 4]);
    assert.equal(tape.bars("A", "1s", { limit: 9e9 })[0]!.time, (12_010 - 2 * 1_500) * 1_000);
    store.close();
  });
});

describe("Retainer: a full disk", { skip: diskFault() ?? false }, () => {
  const disk = new SmallDisk();

  test("A failed attempt forgets nothing, and after a kill at any time the rest is complete", async () => {
    const path = disk.path("tape.db");
    const store = new TestStore({ path, blockTicks: 1_000 }).follow();
    const all = await store.append(ticks(30_000));
    store.seal();
    disk.fill();
    // The rest of the disk may have room for less.
    for (const count of [500, 1]) {
      await assert.rejects(async () => {
        for (;;) all.push(...await store.append(ticks(count)));
      }, TapeFull);
    }
    const failing = () => store.tape.retain({ before: DAY, bytesMax: 0 }, 0);
    assert.throws(failing, TapeFull);
    disk.clear();
    // Forgets only a part before the process is killed.
    store.tape.retain({ before: DAY, bytesMax: 0 }, 0);
    const again = new TestStore({ path: folder.killed(path), blockTicks: 1_000 }).follow();
    const { tail } = again.tape;
    const kept = all.filter(({ seq }) => seq > tail);
    assert.equal(bits(readAll(again.tape, { after: 0, limit: Infinity })), bits(kept));
    again.close();
    store.close();
    disk.remove("tape.db");
  });
});
