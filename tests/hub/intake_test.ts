import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Bar } from "../../src/core/bar.ts";
import type { Interval } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import { Hub } from "../../src/hub/hub.ts";
import { Intake } from "../../src/hub/intake.ts";
import { DEFAULT_LIMITS } from "../../src/hub/limits.ts";
import { readBars } from "../../src/tape/bars.ts";
import { Rota } from "../../src/hub/rota.ts";
import { PublishedTape } from "../../src/tape/published_tape.ts";
import { SqliteTape } from "../../src/tape/sqlite.ts";
import { RECEIPT_MS } from "../../src/tape/tape.ts";
import { TapeFull } from "../../src/store/tape_error.ts";
import { native } from "../../src/wire/native.ts";
import { tick } from "../core/ticks.ts";
import { FakeSocket } from "../helpers/fake_socket.ts";

const BARS_KEPT = 4;

/** An intake with all that it needs, which commits when it is told to. */
class TestIntake {
  now = 1_763_700_000_000;
  readonly tape = new SqliteTape({
    path: ":memory:",
    bootId: "boot",
    holder: "a test",
    newEpoch: () => "e1",
    now: () => this.now,
  });
  market!: Market;
  intake!: Intake;
  hub!: Hub;
  readonly published: number[] = [];

  constructor(readonly symbolsMax = 10) {
    this.restart();
  }

  /** All bars that a reader finds. */
  bars(interval: Interval): () => Bar[] {
    return () => readBars(this.market, this.tape, "A", interval, { from: 0, limit: 100_000 });
  }

  /** The process ends without a word, and another one begins. */
  restart(): void {
    const { tape, symbolsMax } = this;
    const now = () => this.now;
    const market = new Market({ barsKept: BARS_KEPT });
    const limits = DEFAULT_LIMITS;
    const rota = new Rota({ elapsed: now, later() {}, fault() {} });
    const told = new PublishedTape(tape, market);
    const hub = this.hub = new Hub({
      ...{ market, tape: told, archive: tape, limits, rota },
      ...{ now, elapsed: now, wake() {} },
    });
    const publish = hub.publish.bind(hub);
    hub.publish = (tick) => {
      this.published.push(tick.seq);
      publish(tick);
    };
    const options = { tape, archive: tape, market, hub, symbolsMax, now, waiting: () => {} };
    this.market = market;
    this.intake = new Intake(options);
    this.intake.restore(BARS_KEPT);
  }
}

describe("Intake", () => {
  it("Intake tells each batch how many ticks it had, and the position of its last one", async () => {
    const { intake, published } = new TestIntake();
    const answers = [[], [tick(), tick()], [], [tick()]].map((ticks) => intake.accept(ticks));
    assert.deepEqual(published, []);
    intake.commit();
    assert.deepEqual(published, [1, 2, 3]);
    assert.deepEqual(await Promise.all(answers), [
      { accepted: 0, position: "e1:0" },
      { accepted: 2, position: "e1:2" },
      { accepted: 0, position: "e1:2" },
      { accepted: 1, position: "e1:3" },
    ]);
    const nothing = intake.accept([]);
    intake.commit();
    assert.deepEqual(await nothing, { accepted: 0, position: "e1:3" });
  });

  it("Intake tells of a large batch in slices, and answers in order when all is told of", async () => {
    const test = new TestIntake();
    const { intake, hub, tape } = test;
    const socket = new FakeSocket();
    const join = (fields: object) =>
      hub.open(socket, native).receive(
        JSON.stringify({ op: "subscribe", channel: "tick", ...fields }),
      );
    const answered: string[] = [];
    const send = async (name: string, count: number, key?: string) => {
      const { position } = await intake.accept(Array.from({ length: count }, () => tick()), {
        key,
      });
      answered.push(`${name} ${position}`);
    };
    const sent = [send("large", 12_345, "k")];
    // It is full, and so the first slice was told of at once.
    assert.deepEqual([tape.head, test.published.length], [12_345, 5_000]);
    join({ symbols: ["A"] });
    join({ symbols: ["*"], from: "e1:0" });
    sent.push(send("small", 1), send("none", 0), send("again", 1, "k"));
    for (let slices = 2; intake.commit(); slices++) {
      assert.equal(test.published.length, 5_000 * slices);
      await Promise.resolve();
      assert.deepEqual(answered, []);
      assert.equal(hub.position, `e1:${5_000 * slices}`);
      join({ symbols: ["A", "B"], from: hub.position });
      // Whoever reads the tape comes to its end before the next slice.
      for (let round = 0; round < 30; round++) hub.flush(test.now += 100);
    }
    await Promise.all(sent);
    const [last, position] = [12_346, "e1:12345"];
    assert.deepEqual(answered.toSorted(), [
      `again ${position}`,
      `large ${position}`,
      `none e1:${last}`,
      `small e1:${last}`,
    ]);
    assert.deepEqual(test.published, Array.from({ length: last }, (_, index) => index + 1));
    for (let round = 0; round < 50; round++) hub.flush(test.now += 100);
    const streams = Map.groupBy(socket.take().filter(({ op }) => op === "data"), ({ sub }) => sub);
    const starts = [...streams.values()].map((frames) => {
      let { prev } = frames[0];
      const begin = prev;
      for (const frame of frames) {
        assert.equal(frame.prev, prev);
        for (const { seq } of frame.rows) assert.equal(seq, ++prev);
        assert.equal(prev, frame.seq);
      }
      assert.equal(prev, last);
      return begin;
    });
    assert.deepEqual(starts.toSorted((a, b) => a - b), [0, 5_000, 10_000]);
  });

  it("Intake counts symbols that nobody was told of yet", async () => {
    const { intake } = new TestIntake(2);
    const many = Array.from({ length: 6_000 }, (_, at) => tick({ symbol: at < 5_900 ? "A" : "B" }));
    const large = intake.accept(many);
    await assert.rejects(
      Promise.all([intake.accept([tick({ symbol: "C" })]), intake.commit()]),
      /2 symbols are the limit/,
    );
    assert.equal((await large).accepted, 6_000);
  });

  it("Intake gives a key that was used in the last day the answer of then, after a restart too", async () => {
    const test = new TestIntake();
    const first = test.intake.accept([tick(), tick()], { key: "k" });
    test.intake.commit();
    const answer = { accepted: 2, position: "e1:2" };
    assert.deepEqual(await first, answer);
    for (const ms of [0, 1, RECEIPT_MS - 2]) {
      test.now += ms;
      assert.deepEqual(await test.intake.accept([tick()], { key: "k" }), answer);
      test.restart();
      assert.deepEqual(await test.intake.accept([tick()], { key: "k" }), answer);
    }
    test.now += 1;
    const later = test.intake.accept([tick()], { key: "k" });
    test.intake.commit();
    assert.deepEqual(await later, { accepted: 1, position: "e1:3" });
    assert.deepEqual(await test.intake.accept([], { key: "k" }), { accepted: 1, position: "e1:3" });
    assert.equal(test.tape.head, 3);
  });

  it("Intake gives equal keys that come at once one answer, and other keys another", async () => {
    const { intake, tape } = new TestIntake();
    const answers = ["k", "l", "k", "k"].map((key) => intake.accept([tick()], { key }));
    intake.commit();
    const [first, other, ...same] = await Promise.all(answers);
    assert.deepEqual([first, other], [
      { accepted: 1, position: "e1:1" },
      { accepted: 1, position: "e1:2" },
    ]);
    for (const each of same) assert.deepEqual(each, first);
    assert.equal(tape.head, 2);
  });

  it("Intake does not use up the key of a batch that is refused or fails", async () => {
    const { intake, tape } = new TestIntake(1);
    const both = [1, 2].map(() =>
      intake.accept([tick({ symbol: "A" }), tick({ symbol: "B" })], { key: "k" })
    );
    intake.commit();
    for (const each of both) await assert.rejects(each, /1 symbols are the limit/);
    const append = tape.append.bind(tape);
    tape.append = () => {
      throw new TapeFull("full");
    };
    const failing = intake.accept([tick()], { key: "k" });
    intake.commit();
    await assert.rejects(failing, TapeFull);
    tape.append = append;
    const taken = intake.accept([tick()], { key: "k" });
    intake.commit();
    assert.deepEqual(await taken, { accepted: 1, position: "e1:1" });
  });

  it("Intake has late ticks in their bars when it says that they are on the tape", async () => {
    const { intake, tape, market } = new TestIntake();
    const seconds = Array.from({ length: 100 }, (_, second) => tick({ time: second * 1_000 }));
    const send = async (...ticks: ReturnType<typeof tick>[]) => {
      const sent = intake.accept(ticks);
      intake.commit();
      await sent;
    };
    await send(...seconds);
    await send(tick({ time: 3_000, price: 7 }), tick({ time: 50_000, price: 8 }));
    const bar = (time: number) => readBars(market, tape, "A", "1s", { from: time, limit: 1 })[0]!;
    assert.deepEqual([bar(3_000).close, bar(50_000).close], [7, 8]);
    assert.equal(intake.shouldSave, false);
  });

  it("Intake tells of no more at a time than it saves with it, in order or not, after a restart too", async () => {
    const test = new TestIntake();
    const readers = [test.bars("1s"), test.bars("1m"), test.bars("1h")];
    const seconds = Array.from({ length: 500 }, (_, second) => tick({ time: second * 1_000 }));
    for (const batch of [seconds, seconds.toReversed(), seconds]) {
      const before = test.tape.head;
      const taken = test.intake.accept(batch);
      for (let turns = 1; test.market.seq < test.tape.head; turns++) {
        assert.equal(test.market.dropped, 0);
        for (const bars of readers) {
          assert.equal(bars().reduce((sum, { count }) => sum + count, 0), test.market.seq);
        }
        assert.ok(turns < 1_000);
        test.intake.commit();
      }
      assert.equal((await taken).position, `e1:${before + 500}`);
      test.restart();
      assert.equal(test.market.dropped, 0);
      for (const bars of readers) {
        assert.equal(bars().reduce((sum, { count }) => sum + count, 0), test.tape.head);
      }
    }
  });

  it("Intake finds room later for what it could not save with the ticks", async () => {
    const test = new TestIntake();
    const save = test.tape.save.bind(test.tape);
    test.tape.save = () => {
      throw new TapeFull("full");
    };
    const seconds = Array.from({ length: 600 }, (_, second) => tick({ time: second * 1_000 }));
    const taken = test.intake.accept(seconds);
    while (test.intake.commit());
    assert.equal((await taken).accepted, 600);
    assert.equal(test.intake.shouldSave, true);
    test.tape.save = save;
    while (test.intake.shouldSave) test.intake.save();
    assert.equal(test.bars("1s")().length, 600);
  });

  it("Intake changes nothing of an instrument whose definition cannot be saved", () => {
    const test = new TestIntake();
    const { tape } = test;
    test.intake.defineForGood("A", { name: "first", decimals: 3 });
    const save = tape.save.bind(tape);
    tape.save = () => {
      throw new TapeFull("full");
    };
    const { market: { catalogue } } = test;
    const before = catalogue.all();
    assert.throws(
      () => test.intake.defineForGood("A", { name: "second", decimals: null }),
      TapeFull,
    );
    assert.throws(() => test.intake.defineForGood("B", { name: "new" }), TapeFull);
    assert.deepEqual(catalogue.all(), before);
    tape.save = save;
    test.restart();
    assert.deepEqual(test.market.catalogue.all(), before);
    test.intake.defineForGood("B", { name: "new" });
    test.restart();
    assert.deepEqual(test.market.catalogue.all().map(({ name }) => name), ["first", "new"]);
  });

  it("Intake defines no more instruments than there is room for, and changes those it has", () => {
    const { intake, market: { catalogue } } = new TestIntake(1);
    intake.define("A", { name: "first" });
    const reason = { message: "Cannot define B: 1 symbols are the limit, see --symbols-max" };
    assert.throws(() => intake.define("B", {}), reason);
    assert.throws(() => intake.defineForGood("B", {}), reason);
    intake.define("A", { name: "second" });
    assert.deepEqual(catalogue.all().map(({ name }) => name), ["second"]);
  });

  it("Intake saves no older definition over a newer one", () => {
    const test = new TestIntake();
    const { tape } = test;
    test.intake.define("A", { name: "older" });
    const save = tape.save.bind(tape);
    tape.save = () => {
      throw new TapeFull("full");
    };
    assert.throws(() => test.intake.save(), TapeFull);
    tape.save = save;
    test.intake.defineForGood("A", { name: "newer" });
    test.intake.save();
    test.restart();
    assert.equal(test.market.catalogue.get("A")!.name, "newer");
  });

  it("Intake saves a part at a time, each with the seq up to which nothing is missing", () => {
    const test = new TestIntake(1_000);
    const { intake, tape } = test;
    const names = Array.from({ length: 100 }, (_, index) => `S${index}`);
    void intake.accept(names.map((symbol) => tick({ symbol })));
    intake.commit();
    const seqs = [intake.save()];
    while (seqs.at(-1)! < tape.head) seqs.push(intake.save());
    assert.ok(seqs.length >= 5, seqs.join());
    assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b));
    assert.equal(seqs.at(-1), 100);
    assert.equal(tape.load(1).newest.length, 100);
  });
});
