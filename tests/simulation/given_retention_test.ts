import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GivenBar } from "../../src/core/given_bar.ts";
import { type Interval, INTERVALS, lengthOf } from "../../src/core/interval.ts";
import type { Tick } from "../../src/core/tick.ts";
import { readBars } from "../../src/tape/bars.ts";
import { tick } from "../core/ticks.ts";
import { type Logged, naiveGivenBars } from "../core/naive_given.ts";
import { TestReplica } from "../helpers/replica.ts";
import { TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
const DAY_MS = 86_400_000;
/** A Monday. */
const START = 1_763_942_400_000;
const OPTIONS = { blockTicks: 5, barsHeld: 3, barsKept: 4 };

/** Prices and volumes are quarters, so that sums are exact. */
function bars(interval: Interval, first: number, count: number): GivenBar[] {
  return Array.from({ length: count }, (_, index) => {
    const open = (first + index) % 8 / 4;
    const prices = { open, high: open + 1, low: open - 1, close: open + 0.5, volume: 2 };
    const time = START + (first + index) * lengthOf(interval);
    return { symbol: "A", interval, time, ...prices };
  });
}

/** A server with given bars whose entries the retention has deleted. */
class Aged {
  now = START + 10 * DAY_MS;
  readonly log: Logged[] = [];
  #path = folder.fresh();
  #test = this.#open();

  #open(): TestReplica {
    return new TestReplica({ ...OPTIONS, path: this.#path, now: () => this.now });
  }

  /** Starts of the bars of an interval. */
  starts(interval: Interval): number[] {
    const { market, tape } = this.#test;
    return readBars(market, tape, "A", interval, { limit: 1e9 }).map(({ time }) => time);
  }

  async give(given: readonly GivenBar[]): Promise<void> {
    await this.#test.give(given);
    this.log.push({ bars: given, seq: this.#test.tape.head, time: this.now });
  }

  async send(...ticks: readonly Tick[]): Promise<void> {
    const before = this.#test.published.length;
    await this.#test.send(ticks);
    this.log.push(...this.#test.published.slice(before).map((tick) => ({ tick })));
  }

  async cancel(...prices: readonly number[]): Promise<void> {
    const seqs = this.log.flatMap((logged) =>
      "tick" in logged && prices.includes(logged.tick.price) ? [logged.tick.seq] : []
    );
    await this.#test.cancel({ symbol: "A", seqs });
    const left = this.log.filter((each) => !("tick" in each && seqs.includes(each.tick.seq)));
    this.log.splice(0, Infinity, ...left);
  }

  /** Lets the retention delete all that was logged so far, then restarts the server. */
  async forget(bytesMax = Infinity): Promise<void> {
    this.now += 10 * DAY_MS;
    // The newest tick is always kept.
    for (let index = 0; index < 12; index++) {
      await this.#test.send([tick({ symbol: "B", time: this.now, price: 1 })]);
    }
    this.#test.seal();
    for (let round = 0; round < 500; round++) {
      if (!this.#test.tape.retain({ before: this.now - DAY_MS, bytesMax }, 0)) break;
    }
    assert.ok(this.#test.tape.tail > this.#test.tape.head - 15, "the entries are forgotten");
    this.restart();
  }

  restart(): void {
    const left = folder.killed(this.#path);
    this.#test.close();
    this.#path = left;
    this.#test = this.#open();
  }

  /** Checks that all bars are those of the whole log. */
  check(what: string, intervals: readonly Interval[] = INTERVALS): void {
    const { market, tape } = this.#test;
    const expected = naiveGivenBars(this.log);
    for (const interval of intervals) {
      const found = readBars(market, tape, "A", interval, { limit: 1e9 })
        .map(({ symbol: _, closed: __, revised: ___, ...figures }) => figures);
      assert.deepEqual(found, expected.get(interval), `${what}: ${interval}`);
    }
  }

  close(): void {
    this.#test.close();
  }
}

describe("Given bars of which the entries are forgotten", () => {
  for (const interval of ["1s", "30s", "1m", "1h", "1d"] as const) {
    test(`They stay, and so do the wider ones made of them: ${interval}`, async () => {
      const aged = new Aged();
      await aged.give(bars(interval, 0, 70));
      aged.check("given");
      await aged.forget();
      aged.check("forgotten");
      await aged.give(bars(interval, 5, 30));
      aged.check("given again");
      await aged.give(bars(interval, 3, 1).map((bar) => ({ ...bar, high: 50, volume: null })));
      aged.check("changed");
      aged.restart();
      aged.check("restarted");
      aged.close();
    });

    test(`Late ticks are added to them and taken back: ${interval}`, async () => {
      const aged = new Aged();
      const late = (index: number, price: number) =>
        tick({ symbol: "A", time: START + index * lengthOf(interval) + 10, price, size: 0.5 });
      await aged.give(bars(interval, 0, 70));
      await aged.send(late(4, 11), late(68, 12));
      await aged.forget();
      aged.check("forgotten");
      await aged.send(late(5, 21), late(30, 22), late(69, 23));
      aged.check("late ticks");
      aged.restart();
      aged.check("restarted");
      await aged.cancel(21, 23);
      aged.check("taken back");
      aged.restart();
      aged.check("restarted again");
      aged.close();
    });
  }

  test("Short bars of ticks are deleted, however many given ones are before them", async () => {
    const aged = new Aged();
    await aged.give(bars("1s", 0, 1_200));
    const ticks = Array.from(
      { length: 900 },
      (_, index) =>
        tick({ symbol: "A", time: START + (1_170 + index) * 1_000, price: 3, size: 0.25 }),
    );
    await aged.send(...ticks);
    await aged.forget();
    const left = aged.starts("1s");
    assert.deepEqual(left.slice(0, 1_200), bars("1s", 0, 1_200).map(({ time }) => time));
    assert.ok(left.length <= 1_210, String(left.length));
    aged.check("forgotten", INTERVALS.slice(4));
    await aged.send(tick({ symbol: "A", time: START + 1_199_500, price: 9, size: 0.25 }));
    aged.check("a late tick", INTERVALS.slice(4));
    aged.close();
  });

  test("Bars keep what they were made of when the file was too large for it", async () => {
    const aged = new Aged();
    const late = (second: number, price: number) =>
      tick({ symbol: "A", time: START + second * 1_000 + 10, price, size: 0.5 });
    await aged.give(bars("1s", 0, 70));
    await aged.send(late(69, 12));
    await aged.forget(4_000);
    const wide = INTERVALS.slice(4);
    assert.ok(aged.starts("1s").length < 10);
    aged.check("squeezed", wide);
    await aged.send(late(5, 21), late(69, 22));
    aged.check("late ticks", wide);
    await aged.cancel(22);
    const [minute] = aged.starts("1m");
    assert.equal(minute, START);
    aged.restart();
    aged.close();
  });
});
