import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Market } from "../../src/core/market.ts";
import { Hub } from "../../src/hub/hub.ts";
import { Intake } from "../../src/hub/intake.ts";
import { DEFAULT_LIMITS } from "../../src/hub/limits.ts";
import { readBars } from "../../src/tape/bars.ts";
import { SqliteTape } from "../../src/tape/sqlite.ts";
import { RECEIPT_MS, TapeFull } from "../../src/tape/tape.ts";
import { tick } from "../core/ticks.ts";

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
  readonly published: number[] = [];

  constructor(readonly symbolsMax = 10) {
    this.restart();
  }

  /** The process ends without a word, and another one begins. */
  restart(): void {
    const { tape, symbolsMax } = this;
    const now = () => this.now;
    const market = new Market({ barsKept: BARS_KEPT });
    const limits = DEFAULT_LIMITS;
    const hub = new Hub({ market, tape, archive: tape, limits, now, elapsed: now, wake: () => {} });
    hub.publish = ({ seq }) => void this.published.push(seq);
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
