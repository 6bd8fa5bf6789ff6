import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Draft, type Entry, lastSeq } from "../../src/log/log.ts";
import { MemoryEntries } from "../../src/log/memory.ts";
import { type EntryStore, QueuedLog } from "../../src/log/queued_log.ts";
import { assertOrdered, Follower, numbered } from "./contract.ts";

/** Entries in memory. The test sees each call, and can make calls fail. */
class TestEntries implements EntryStore {
  readonly written: Entry[][] = [];
  /** Number of ticks that still fit. */
  room = Infinity;
  readonly #entries = new MemoryEntries();

  get all(): Entry[] {
    return [...this.#entries.read(0)];
  }

  read(after: number): Iterable<Entry> {
    return this.#entries.read(after);
  }

  write(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const ticks = entries.reduce((sum, { ticks }) => sum + ticks.length, 0);
    if (ticks > this.room) throw new Error("there is no room");
    this.room -= ticks;
    this.written.push([...entries]);
    this.#entries.write(entries);
  }

  takeBack(count: number): void {
    this.#entries.takeBack(count);
  }

  forget(through: number): boolean {
    return this.#entries.forget(through);
  }
}

class TestLog {
  readonly waited: boolean[] = [];
  readonly told = new Follower();
  readonly answers: string[] = [];
  readonly log: QueuedLog;
  now = 100;

  constructor(readonly store = new TestEntries()) {
    const waiting = (isMuch: boolean) => void this.waited.push(isMuch);
    this.log = new QueuedLog({
      epoch: "e1",
      store,
      now: () => this.now,
      elapsed: () => 0,
      waiting,
    });
    this.log.follow(0, this.told.deliver);
  }

  send(name: string, draft: Draft): void {
    this.log.append(draft).then(
      ({ first, last }) => this.answers.push(`${name} ${first} ${last}`),
      (error) => this.answers.push(`${name} ${error.message}`),
    );
  }

  /** @returns whether more work is left */
  async work(): Promise<boolean> {
    const more = this.log.work();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return more;
  }

  async settled(): Promise<void> {
    while (await this.work());
  }
}

describe("QueuedLog", () => {
  test("QueuedLog writes nothing and tells nobody until it works", async () => {
    const test = new TestLog();
    test.send("a", { ticks: numbered(3) });
    test.send("b", { ticks: [] });
    assert.deepEqual([test.store.written, test.told.entries], [[], []]);
    assert.equal(await test.work(), false);
    assert.deepEqual(test.answers, ["a 1 3", "b 4 3"]);
    assert.equal(await test.work(), false);
    assert.equal(test.told.entries.length, 1);
  });

  test("QueuedLog asks to be written soon when 500 ticks wait", () => {
    const { log, waited } = new TestLog();
    for (const count of [1, 498, 1, 0]) void log.append({ ticks: numbered(count) });
    assert.deepEqual(waited, [false, false, true, true]);
    log.work();
    void log.append({ ticks: numbered(499) });
    assert.equal(waited.at(-1), false);
  });

  test("QueuedLog writes all waiting ticks at once, in as few entries as possible", async () => {
    const test = new TestLog();
    for (const count of [1, 1_022, 1, 1, 1_024, 3]) test.send("", { ticks: numbered(count) });
    await test.settled();
    assert.deepEqual(
      test.store.written.map((entries) => entries.map(({ ticks }) => ticks.length)),
      [[1_024, 1, 1_024, 3]],
    );
    assert.ok(test.store.all.every(({ more }) => !more));
  });

  test("QueuedLog gives each draft of an entry its receipt with its own last seq and the time", async () => {
    const test = new TestLog();
    test.send("a", { ticks: numbered(2), key: "a" });
    test.send("-", { ticks: numbered(1) });
    test.send("b", { ticks: [], key: "b" });
    test.send("c", { ticks: numbered(4), key: "c" });
    await test.settled();
    const [entry] = test.store.all;
    assert.equal(entry!.time, 100);
    assert.deepEqual(entry!.receipts, [
      { key: "a", accepted: 2, seq: 2, time: 100 },
      { key: "b", accepted: 0, seq: 3, time: 100 },
      { key: "c", accepted: 4, seq: 7, time: 100 },
    ]);
  });

  test("QueuedLog writes and tells of a large draft in slices, and tells of none before all are written", async () => {
    const test = new TestLog();
    test.send("large", { ticks: numbered(180_000), key: "k" });
    test.send("small", { ticks: numbered(1) });
    const last = (entries: readonly Entry[]) => entries.length === 0 ? 0 : lastSeq(entries.at(-1)!);
    let [written, told, more] = [0, 0, true];
    while (more) {
      more = await test.work();
      const [nowWritten, nowTold] = [last(test.store.all), last(test.told.entries)];
      assert.ok(nowWritten - written <= 4_096, `${nowWritten - written} written at once`);
      assert.ok(nowTold - told <= 8_192, `${nowTold - told} told at once`);
      if (nowWritten < 180_000) assert.equal(nowTold, 0);
      if (nowTold < 180_000) assert.deepEqual(test.answers, []);
      [written, told] = [nowWritten, nowTold];
    }
    assert.deepEqual(test.answers, ["large 1 180000", "small 180001 180001"]);
    assertOrdered(test.told.entries, [...numbered(180_000), ...numbered(1)]);
  });

  test("QueuedLog writes many bars in small entries, because each changes wider bars too", async () => {
    const test = new TestLog();
    const bar = { symbol: "A", interval: "1m" as const, open: 1, high: 1, low: 1, close: 1 };
    const bars = Array.from(
      { length: 1_000 },
      (_, index) => ({ ...bar, time: index * 60_000, volume: 1 }),
    );
    test.send("bars", { ticks: [], bars });
    await test.settled();
    const counts = test.store.all.map((entry) => entry.bars!.length);
    assert.equal(counts.reduce((sum, count) => sum + count, 0), 1_000);
    assert.ok(Math.max(...counts) <= 64, String(counts));
  });

  test("QueuedLog puts new drafts behind a large draft that it is writing", async () => {
    const test = new TestLog();
    test.send("large", { ticks: numbered(40_000) });
    for (let first = 40_000; await test.work(); first++) {
      if (first < 40_004) test.send(`${first}`, { ticks: numbered(1, first) });
    }
    assertOrdered(test.told.entries, numbered(40_004));
    assert.equal(test.answers.length, 5);
    assert.equal(test.answers[0], "large 1 40000");
  });

  test("QueuedLog limits the ticks of one write, and writes the rest later", async () => {
    const test = new TestLog();
    for (let draft = 0; draft < 10; draft++) {
      test.send("", { ticks: numbered(1_000, draft * 1_000) });
    }
    await test.settled();
    const sizes = test.store.written.map((each) =>
      each.reduce((sum, e) => sum + e.ticks.length, 0)
    );
    assert.deepEqual(sizes.filter((size) => size > 0), [4_000, 4_000, 2_000]);
    assertOrdered(test.told.entries, numbered(10_000));
  });

  test("QueuedLog keeps nothing of drafts that cannot be written, and goes on with the same seqs", async () => {
    const test = new TestLog();
    test.send("before", { ticks: numbered(2) });
    await test.settled();
    test.store.room = 5;
    test.send("a", { ticks: numbered(4), key: "a", marks: [{ name: "m", value: "1" }] });
    test.send("b", { ticks: numbered(2), key: "b" });
    await test.settled();
    assert.deepEqual(test.answers.slice(1), ["a there is no room", "b there is no room"]);
    test.send("c", { ticks: numbered(5, 2) });
    await test.settled();
    assert.equal(test.answers[3], "c 3 7");
    assertOrdered(test.told.entries, numbered(7));
    assert.deepEqual(test.store.all, test.told.entries);
    assert.deepEqual(test.told.rest, { definitions: [], marks: [], receipts: [] });
  });

  test("QueuedLog keeps nothing of a large draft, wherever it fails", async () => {
    for (const room of [0, 4_096, 40_000, 49_999]) {
      const test = new TestLog();
      test.send("before", { ticks: numbered(2) });
      await test.settled();
      test.store.room = room;
      test.send("large", { ticks: numbered(50_000), key: "k" });
      // This draft waits for the large one, and is not rejected with it.
      test.send("small", { ticks: numbered(3, 2) });
      while (await test.work()) if (test.answers.length > 1) test.store.room = Infinity;
      test.send("after", { ticks: numbered(9_000, 5) });
      await test.settled();
      assert.deepEqual(test.answers.slice(1), [
        "large there is no room",
        "small 3 5",
        "after 6 9005",
      ]);
      assertOrdered(test.told.entries, numbered(9_005));
      assert.deepEqual(test.store.all, test.told.entries);
      assert.deepEqual(test.told.rest.receipts, []);
    }
  });

  test("QueuedLog removes the rest of an unfinished large draft when it is followed", async () => {
    const first = new TestLog();
    first.send("before", { ticks: numbered(2) });
    await first.settled();
    first.send("large", { ticks: numbered(50_000) });
    await first.work();
    assert.ok(first.store.all.length > 1);
    const second = new TestLog(first.store);
    assertOrdered(second.told.entries, numbered(2));
    assert.equal(second.store.all.length, 1);
    second.send("after", { ticks: numbered(1, 2) });
    await second.settled();
    assert.deepEqual(second.answers, ["after 3 3"]);
  });

  test("QueuedLog rejects a draft when telling of it fails", async () => {
    const store = new TestEntries();
    const log = new QueuedLog({
      epoch: "e1",
      store,
      now: () => 0,
      elapsed: () => 0,
      waiting: () => {},
    });
    log.follow(0, () => {
      throw new Error("nobody listens");
    });
    const sent = log.append({ ticks: numbered(1) });
    assert.throws(() => log.work(), /nobody listens/);
    await assert.rejects(sent, /nobody listens/);
  });

  test("QueuedLog allows only one follower", () => {
    const { log } = new TestLog();
    assert.throws(() => log.follow(0, () => {}), TypeError);
  });
});
