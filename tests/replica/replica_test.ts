import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { Hub } from "../../src/hub/hub.ts";
import { DEFAULT_LIMITS } from "../../src/hub/limits.ts";
import { FairQueue } from "../../src/hub/fair_queue.ts";
import { readBars } from "../../src/tape/bars.ts";
import { TapeError } from "../../src/store/tape_error.ts";
import { native } from "../../src/wire/native.ts";
import { bits, tick } from "../core/ticks.ts";
import { FakeSocket } from "../helpers/fake_socket.ts";
import { assertSame, TestReplica, view, viewOfAll } from "../helpers/replica.ts";
import { readAll } from "../helpers/store.ts";
import { query, TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();

function ticks(count: number, first = 0): Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const place = first + index;
    // Some ticks are late, by seconds or by an hour.
    const late = place % 7 === 0 ? 5_000 : place % 97 === 0 ? 3_600_000 : 0;
    return tick({
      symbol: ["A", "B", "C"][place % 3]!,
      time: 1e9 + place * 300 - late,
      price: 100 + (place % 89) * 1.1,
      size: place % 4 === 0 ? null : place % 9,
    });
  });
}

describe("Replica", () => {
  test("Replica answers each batch with its number of ticks and the position of the last one", async () => {
    const test = new TestReplica();
    const answers = [[], [tick(), tick()], [], [tick()]].map((ticks) => test.writer.accept(ticks));
    assert.deepEqual(test.published, []);
    test.work();
    assert.deepEqual(test.published.map(({ seq }) => seq), [1, 2, 3]);
    assert.deepEqual(await Promise.all(answers), [
      { accepted: 0, position: "e1:0" },
      { accepted: 2, position: "e1:2" },
      { accepted: 0, position: "e1:2" },
      { accepted: 1, position: "e1:3" },
    ]);
    assert.deepEqual(await test.send([]), { accepted: 0, position: "e1:3" });
    test.close();
  });

  test("Replica takes thousands of bars at once, in several entries, complete and once per key", async () => {
    const path = folder.fresh();
    const test = new TestReplica({ path });
    const bars = Array.from({ length: 3_000 }, (_, index) => ({
      ...{ symbol: "A", interval: "1m" as const, time: 1e12 - 1e12 % 60_000 + index * 60_000 },
      ...{ open: 1, high: 2, low: 0, close: 1, volume: 1 },
    }));
    const answer = await test.give(bars, { key: "k" });
    assert.equal(answer.accepted, 3_000);
    assert.deepEqual(await test.give(bars.slice(1), { key: "k" }), answer);
    const volumes = ({ market, tape }: TestReplica) =>
      (["1m", "5m", "1h", "1w"] as const).map((interval) =>
        readBars(market, tape, "A", interval, { limit: 1e9 })
          .reduce((sum, { volume }) => sum + volume!, 0)
      );
    assert.deepEqual(volumes(test), [3_000, 3_000, 3_000, 3_000]);
    const again = new TestReplica({ path: folder.killed(path) });
    assert.deepEqual(volumes(again), [3_000, 3_000, 3_000, 3_000]);
    assert.deepEqual(await again.give([], { key: "k" }), answer);
    test.close();
    again.close();
  });

  test("Replica keeps a given bar in a cancelled span, even if only the file has it", async () => {
    const path = folder.fresh();
    const test = new TestReplica({ path, barsHeld: 2 });
    const start = 1e12;
    await test.send([tick({ time: start + 2_000 }), tick({ time: start + 1_000 })]);
    const prices = { open: 1, high: 1, low: 1, close: 1, volume: null };
    await test.give([{ symbol: "A", interval: "1s", time: start, ...prices }]);
    test.save();
    await test.cancel({ symbol: "A", from: start, to: start + 60_000 });
    const starts = ({ market, tape }: TestReplica) =>
      readBars(market, tape, "A", "1s", { limit: 9 }).map(({ time }) => time);
    assert.deepEqual(starts(test), [start]);
    const again = new TestReplica({ path: folder.killed(path), barsHeld: 2 });
    assert.deepEqual(starts(again), [start]);
    test.close();
    again.close();
  });

  test("Replica has ticks on the tape and in its bars when it tells an audience of them", async () => {
    const test = new TestReplica({ blockTicks: 50 });
    let checked = 0;
    const publish = test.hub.publish;
    test.hub.publish = (each) => {
      publish(each);
      const { tape, market } = test;
      assert.ok(tape.head >= each.seq && market.seq === each.seq);
      assert.equal(bits(tape.first({ after: each.seq - 1, limit: 1 }).ticks), bits([each]));
      checked++;
    };
    for (let first = 0; first < 300; first += 60) {
      await test.send(ticks(60, first));
      test.save();
      test.tape.seal();
    }
    assert.equal(checked, 300);
    test.close();
  });

  test("Replica keeps new data even if the clocks of the writers are ten minutes apart", async () => {
    const test = new TestReplica({ retentionMs: 86_400_000 });
    for (const apart of [0, 120_000, -600_000, 300_000, 20_000]) {
      test.now += apart;
      await test.send(ticks(3));
    }
    test.save();
    for (let step = 0; step < 4; step++) test.maintenance.run(test.now + 60_000 * step);
    assert.equal(test.tape.tail, 0);
    assert.equal(readAll(test.tape, { limit: Infinity }).length, 15);
    test.close();
  });

  test("Replica finishes an entry before the next one, even if its audience asks for more", async () => {
    const test = new TestReplica();
    test.hub.refresh = () => void test.replica.work();
    const definitions = [{ symbol: "A", fields: { name: "Apple" } }];
    const batches = [ticks(1_000), ticks(1_000, 1_000)];
    const appended = batches.map((batch) => test.log.append({ ticks: batch, definitions }));
    test.work();
    await Promise.all(appended);
    const all = readAll(test.tape, { limit: Infinity });
    assert.deepEqual(test.published.map(({ seq }) => seq), all.map(({ seq }) => seq));
    test.close();
  });

  test("Replica tells of a batch of 180,000 ticks in slices, and answers after the last", async () => {
    const test = new TestReplica();
    const batch = Array.from(
      { length: 180_000 },
      (_, index) => tick({ time: index, price: index }),
    );
    let answer: unknown;
    const sent = test.writer.accept(batch).then((accepted) => answer = accepted);
    let [told, slices, more] = [0, 0, true];
    while (more) {
      more = test.replica.work();
      await Promise.resolve();
      const { length } = test.published;
      assert.ok(length - told <= 8_192, String(length - told));
      assert.ok(length === 180_000 || answer === undefined);
      // Ticks cannot be read before the audience was told of them.
      assert.equal(test.tape.head, length);
      if (length > told) slices++;
      told = length;
    }
    await sent;
    assert.deepEqual(answer, { accepted: 180_000, position: "e1:180000" });
    assert.ok(slices >= 22, String(slices));
    test.close();
  });

  test("Replica sends a client that joins during a batch each tick once", async () => {
    const test = new TestReplica();
    const { market, tape } = test;
    const now = () => test.now;
    const hub = new Hub({
      ...{ market, tape, limits: DEFAULT_LIMITS, now, elapsed: now, wake() {} },
      queue: new FairQueue({ elapsed: now, later() {}, fault() {} }),
    });
    const { publish } = test.hub;
    test.hub.publish = (tick) => {
      publish(tick);
      hub.publish(tick);
    };
    const sockets: FakeSocket[] = [];
    const join = (fields: object) => {
      const socket = new FakeSocket();
      sockets.push(socket);
      hub.open(socket, native).receive(
        JSON.stringify({ op: "subscribe", channel: "tick", ...fields }),
      );
    };
    const sent = test.writer.accept(Array.from({ length: 30_000 }, () => tick()));
    test.replica.work();
    assert.equal(test.published.length, 0);
    join({ symbols: ["A"] });
    join({ symbols: ["*"], from: "e1:0" });
    while (test.replica.work()) {
      if (test.published.length > 0) join({ symbols: ["A", "B"], from: hub.position });
      // A reader of the tape reaches its end before the next slice.
      for (let round = 0; round < 30; round++) hub.flush(test.now += 100);
    }
    await sent;
    await test.send([tick()]);
    for (let round = 0; round < 50; round++) hub.flush(test.now += 100);
    const starts = sockets.map((socket) => {
      const frames = socket.take().filter(({ op }) => op === "data");
      let { prev } = frames[0];
      const start = prev;
      for (const frame of frames) {
        assert.equal(frame.prev, prev);
        for (const { seq } of frame.rows) assert.equal(seq, ++prev);
        assert.equal(prev, frame.seq);
      }
      assert.equal(prev, 30_001);
      return start;
    });
    assert.deepEqual(starts, [0, 0, 8_192, 16_384, 24_576]);
    test.close();
  });

  test("Replica has late ticks in their bars when it answers", async () => {
    const test = new TestReplica();
    await test.send(Array.from({ length: 100 }, (_, second) => tick({ time: second * 1_000 })));
    await test.send([tick({ time: 3_000, price: 7 }), tick({ time: 50_000, price: 8 })]);
    const bar = (time: number) =>
      readBars(test.market, test.tape, "A", "1s", { from: time, limit: 1 })[0]!;
    assert.deepEqual([bar(3_000).close, bar(50_000).close], [7, 8]);
    assert.ok(test.tape.barsHeld > 0);
    test.save();
    assert.equal(test.tape.barsHeld, 0);
    assert.deepEqual([bar(3_000).close, bar(50_000).close], [7, 8]);
    test.close();
  });

  test("Replica has every tick in every bar at once, in any order, also after a kill", async () => {
    let path = folder.fresh();
    let test = new TestReplica({ path });
    const seconds = Array.from({ length: 500 }, (_, second) => tick({ time: second * 1_000 }));
    const counts = () =>
      (["1s", "1m", "1h"] as const).map((interval) =>
        readBars(test.market, test.tape, "A", interval, { from: 0, limit: 100_000 })
          .reduce((sum, { count }) => sum + count, 0)
      );
    let head = 0;
    for (const batch of [seconds, seconds.toReversed(), seconds]) {
      await test.send(batch);
      head += 500;
      assert.deepEqual(counts(), [head, head, head]);
      const saved = test.replica.save();
      assert.deepEqual(counts(), [head, head, head], `saved ${saved}`);
      const left = folder.killed(path);
      test.close();
      test = new TestReplica({ path: path = left });
      assert.deepEqual(counts(), [head, head, head]);
    }
    test.close();
  });

  test("Replica is the same market after a kill at any time during saving, sealing and forgetting", async () => {
    const options = { blockTicks: 300, barsHeld: 3 };
    let path = folder.fresh();
    let test = new TestReplica({ ...options, path });
    const all: TapedTick[] = [];
    let kills = 0;
    const check = (found: TestReplica, expected: string[], what: string) => {
      assertSame(view(found.market, found.tape), expected, what);
      assert.equal(bits(readAll(found.tape, { after: 0, limit: Infinity })), bits(all), what);
    };
    const kill = (expected: string[], what: string) => {
      const left = new TestReplica({ ...options, path: folder.killed(path) });
      check(left, expected, what);
      left.close();
      kills++;
    };
    for (let round = 0; round < 3; round++) {
      const before = test.published.length;
      await test.send(ticks(500, all.length), { key: `k${round}` });
      all.push(...test.published.slice(before));
      const expected = viewOfAll(all);
      for (let step = 0, more = true; more; step++) {
        const saved = test.replica.save();
        if (step % 4 === 0) kill(expected, `round ${round}, save ${step}`);
        const sealed = test.tape.seal();
        if (sealed) kill(expected, `round ${round}, seal ${step}`);
        const settled = test.tape.settle();
        if (step % 4 === 1) kill(expected, `round ${round}, settle ${step}`);
        test.log.forget(settled);
        more = saved < test.tape.head || sealed;
      }
      kill(expected, `round ${round}, forgotten`);
      check(test, expected, `round ${round}`);
      // The next round is in another process.
      const left = folder.killed(path);
      test.close();
      test = new TestReplica({ ...options, path: path = left });
      assert.equal(test.tape.receipt(`k${round}`)!.seq, all.length);
    }
    assert.ok(kills > 10, String(kills));
    assert.ok(Number(query(folder.killed(path), "SELECT count(*) FROM block")) >= 3);
    test.close();
  });

  test("Replica loses no bars that left the memory before they were stored, when it is killed", async () => {
    const path = folder.fresh();
    const test = new TestReplica({ path });
    const symbols = ["A", "B", "C"];
    const at = (second: number) =>
      symbols.map((symbol) => tick({ symbol, time: 1e9 + second * 1_000, price: second, size: 1 }));
    // The changes of the first ticks wait to be stored when the second ticks push them out of
    // memory.
    await test.send(at(1));
    await test.send(Array.from({ length: 900 }, (_, second) => at(2 + second)).flat());
    const expected = view(test.market, test.tape);
    for (let saves = 0; test.tape.saved < test.tape.head; saves++) {
      const left = new TestReplica({ path: folder.killed(path) });
      assertSame(view(left.market, left.tape), expected, `after ${saves} saves`);
      left.close();
      test.replica.save();
    }
    test.close();
  });

  test("Replica makes progress with storing even if more data comes than one save can store", async () => {
    const test = new TestReplica({ path: folder.fresh() });
    let saved = 0;
    for (let second = 0; second < 40; second += 10) {
      for (let round = 0; round < 10; round++) {
        const symbols = Array.from({ length: 60 }, (_, index) => `S${index}`);
        const time = 1e9 + (second + round) * 86_400_000;
        await test.send(symbols.map((symbol) => tick({ symbol, time, price: 1 + round })));
        for (let saves = 0; saves < 3; saves++) test.replica.save();
      }
      assert.ok(test.tape.saved > saved, `${test.tape.saved} of ${test.tape.head} are stored`);
      saved = test.tape.saved;
    }
    test.close();
  });

  test("Replica has definitions, marks and receipts in order after any kill", async () => {
    const options = { blockTicks: 5 };
    let path = folder.fresh();
    let test = new TestReplica({ ...options, path });
    const restart = () => {
      const left = folder.killed(path);
      test.close();
      test = new TestReplica({ ...options, path: path = left });
    };
    const check = (what: string) => {
      const { catalogue } = test.market;
      const names = ["A", "B", "QUIET"].map((symbol) => catalogue.get(symbol)?.name);
      assert.deepEqual(names, ["third", null, "never ticks"], what);
      assert.equal(catalogue.get("A")!.decimals, 5, what);
      assert.equal(test.tape.mark("feed"), "2", what);
      assert.equal(test.tape.mark("other"), "x", what);
      assert.deepEqual(test.tape.receipt("k")?.seq, 5, what);
    };
    await test.define("A", { name: "first", decimals: 3 });
    await test.send([1, 2, 3, 4, 5].map((price) => tick({ price })), {
      key: "k",
      marks: [{ name: "feed", value: "1" }, { name: "other", value: "x" }],
    });
    // All data so far is stored, and the log may forget it; then entries without ticks come.
    test.seal();
    await test.define("A", { name: "second" });
    await test.define("QUIET", { name: "never ticks" });
    await test.define("A", { name: "third", decimals: null });
    await test.send([], { marks: [{ name: "feed", value: "2" }] });
    while (test.log.forget(test.tape.settle()));
    await test.send([tick({ symbol: "B" }), tick({ price: 1.23456 })]);
    check("before");
    restart();
    check("killed");
    test.replica.save();
    restart();
    check("killed after a save");
    await test.send([6, 7, 8].map((price) => tick({ price })));
    test.seal();
    restart();
    check("killed after all is sealed");
    test.close();
  });

  test("Replica is behind an entry that has a seq without a tick, sealed or not", async () => {
    for (const isSealed of [true, false]) {
      for (const isLast of [true, false]) {
        let path = folder.fresh();
        let test = new TestReplica({ path, blockTicks: 2 });
        await test.send(ticks(3));
        for (let seq = 4; seq <= 6; seq++) {
          const appended = test.log.append({ ticks: [], corrections: [] });
          test.work();
          assert.deepEqual(await appended, { first: seq, last: seq });
        }
        if (!isLast) await test.send(ticks(4, 3));
        const { head } = test.tape;
        assert.equal(test.market.seq, head);
        test.save();
        if (isSealed) test.seal();
        for (let start = 0; start < 2; start++) {
          path = folder.killed(path);
          test.close();
          test = new TestReplica({ path, blockTicks: 2 });
          assert.deepEqual([test.tape.head, test.market.seq], [head, head]);
        }
        assert.equal((await test.send(ticks(1))).position, `e1:${head + 1}`);
        test.close();
      }
    }
  });

  test("Replica ignores a definition that the saved state has already included", async () => {
    const path = folder.fresh();
    const test = new TestReplica({ path });
    await test.send([tick({ price: 1.5 })]);
    await test.define("A", { decimals: 3 });
    await test.define("A", { decimals: null });
    await test.send([tick({ price: 1.23456 })]);
    assert.equal(test.market.catalogue.get("A")!.decimals, 5);
    test.save();
    const again = new TestReplica({ path: folder.killed(path) });
    assert.equal(again.market.catalogue.get("A")!.decimals, 5);
    again.close();
    test.close();
  });

  test("Replica saves in parts, each with the seq up to which the parts are complete", async () => {
    const test = new TestReplica();
    const names = Array.from({ length: 100 }, (_, index) => `S${index}`);
    await test.send(names.map((symbol) => tick({ symbol })));
    const seqs = [test.replica.save()];
    while (seqs.at(-1)! < test.tape.head) seqs.push(test.replica.save());
    assert.ok(seqs.length >= 5, seqs.join());
    assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b));
    assert.equal(seqs.at(-1), 100);
    assert.equal(test.tape.load(1).newest.length, 100);
    test.close();
  });

  test("Replica repeats a failed save later, with the changes since then", async () => {
    const path = folder.fresh();
    const test = new TestReplica({ path, barsHeld: 2 });
    const all: TapedTick[] = [];
    const send = async (...times: number[]) => {
      const before = test.published.length;
      await test.send(times.map((time) => tick({ time: time * 1_000, price: time })));
      all.push(...test.published.slice(before));
    };
    await send(1, 2, 3);
    await test.define("A", { name: "older" });
    test.store.writable(false);
    assert.throws(() => test.replica.save(), TapeError);
    test.store.writable(true);
    await test.define("A", { name: "newer" });
    // The unsaved bars leave the memory, and get late ticks.
    await send(4, 5, 6, 7, 2, 3, 1);
    test.store.writable(false);
    assert.throws(() => test.replica.save(), TapeError);
    test.store.writable(true);
    test.save();
    for (const name of ["live", "killed"]) {
      const found = name === "live"
        ? test
        : new TestReplica({ path: folder.killed(path), barsHeld: 2 });
      assert.equal(found.market.catalogue.get("A")!.name, "newer");
      const bars = readBars(found.market, found.tape, "A", "1s", { limit: 99 });
      assert.deepEqual(bars.map(({ count }) => count), [2, 2, 2, 1, 1, 1, 1], name);
      if (found !== test) found.close();
    }
    test.close();
  });
});
