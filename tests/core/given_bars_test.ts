import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cancels, type Correction, type TapedCorrection } from "../../src/core/correction.ts";
import type { GivenBar } from "../../src/core/given_bar.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import type { Tick } from "../../src/core/tick.ts";
import { readBars } from "../../src/tape/bars.ts";
import { naiveStart } from "./naive.ts";
import { type Logged, naiveGivenBars, naivePrice } from "./naive_given.ts";
import { anyTick, anyTime, bits, NEAR_MONDAY, quarters, tick } from "./ticks.ts";
import { assertSame, TestReplica } from "../helpers/replica.ts";
import { TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
const HOUR_MS = 3_600_000;

const anyBar: fc.Arbitrary<GivenBar> = fc.record({
  interval: fc.constantFrom(...INTERVALS),
  time: anyTime,
  prices: fc.tuple(quarters(-10, 10), quarters(-10, 10), quarters(0, 5), quarters(0, 5)),
  volume: fc.option(quarters(0, 5), { nil: null }),
}).map(({ interval, time, prices: [open, close, above, below], volume }) => ({
  symbol: "A",
  interval,
  time: naiveStart(interval, time),
  open,
  high: Math.max(open, close) + above,
  low: Math.min(open, close) - below,
  close,
  volume,
}));

/** Ticks, bars, a full save, a partial save, time that passes, or a kill. */
type Step =
  | { readonly ticks: readonly Tick[] }
  | { readonly bars: readonly GivenBar[] }
  | { readonly cancelled: Omit<Correction, "symbol"> }
  | { readonly saved: number }
  | { readonly passed: number }
  | "restart";

const anyCorrection: fc.Arbitrary<Omit<Correction, "symbol">> = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 })
    .map((seqs) => ({ seqs })),
  fc.tuple(anyTime, anyTime).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) + 1 })),
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.array(anyTick("A"), { maxLength: 8 }).map((ticks) => ({ ticks })) },
  {
    weight: 4,
    arbitrary: fc.array(anyBar, { minLength: 1, maxLength: 8 }).map((bars) => ({ bars })),
  },
  { weight: 2, arbitrary: anyCorrection.map((cancelled) => ({ cancelled })) },
  { weight: 2, arbitrary: fc.constantFrom(1, 2, 3, Infinity).map((saved) => ({ saved })) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 30 * HOUR_MS }).map((passed) => ({ passed })) },
  { weight: 2, arbitrary: fc.constant("restart" as const) },
);

/** A server that is restarted. It holds so few bars in memory that all are dropped soon. */
class Restarted {
  readonly log: Logged[] = [];
  #now = NEAR_MONDAY - 100 * HOUR_MS;
  #path = folder.fresh();
  #test: TestReplica;
  #isCorrected = false;
  readonly #barsHeld: number;

  constructor(barsHeld: number) {
    this.#barsHeld = barsHeld;
    this.#test = this.#open();
  }

  #open(): TestReplica {
    const barsHeld = this.#barsHeld;
    const test = new TestReplica({
      path: this.#path,
      blockTicks: 5,
      barsHeld,
      now: () => this.#now,
    });
    return test;
  }

  async take(step: Step): Promise<void> {
    const test = this.#test;
    if (step === "restart") return this.#restart();
    if ("passed" in step) this.#now += step.passed;
    else if ("saved" in step) this.#save(step.saved);
    else if ("ticks" in step) {
      const before = test.published.length;
      await test.send(step.ticks);
      this.log.push(...test.published.slice(before).map((tick) => ({ tick })));
    } else if ("cancelled" in step) {
      await test.cancel({ symbol: "A", ...step.cancelled });
      this.#cancel({ symbol: "A", ...step.cancelled, seq: test.tape.head });
    } else {
      await test.give(step.bars);
      this.log.push({ bars: step.bars, seq: test.tape.head, time: this.#now });
    }
  }

  /** Removes the ticks as if nobody had sent them. */
  #cancel(correction: TapedCorrection): void {
    this.#isCorrected = true;
    const left = this.log.filter((logged) =>
      !("tick" in logged && cancels(correction, logged.tick))
    );
    this.log.splice(0, Infinity, ...left);
  }

  #save(parts: number): void {
    if (parts === Infinity) return this.#test.seal();
    for (let part = 0; part < parts; part++) this.#test.replica.save();
  }

  /** Kills the process and starts another. */
  #restart(): void {
    const left = folder.killed(this.#path);
    this.#test.close();
    this.#path = left;
    this.#test = this.#open();
  }

  check(): void {
    const { market, tape } = this.#test;
    const expected = naiveGivenBars(this.log);
    for (const interval of INTERVALS) {
      const bars = readBars(market, tape, "A", interval, { limit: 1e9 });
      const found = bars.map(({ symbol: _, closed: __, revised: ___, ...figures }) => figures);
      assertSame(found.map(sorted), expected.get(interval)!.map(sorted), interval);
    }
    // A cancelled tick may have been the newest only because a given bar has an earlier time.
    if (!this.#isCorrected) assert.equal(market.board.row("A").price, naivePrice(this.log));
  }

  close(): void {
    this.#test.close();
  }
}

function sorted(figures: object): string {
  return bits(Object.fromEntries(Object.entries(figures).sort()).valueOf());
}

describe("Given bars: memory, file and log", () => {
  test("A bar given after finer ones were stored is the base of longer bars after a correction", async () => {
    const [time, prices] = [1_767_571_197_000, { open: 0, high: 0, low: 0, close: 0 }];
    const bar = { symbol: "A", volume: null, ...prices };
    const restarted = new Restarted(2);
    const steps: Step[] = [
      { bars: [{ ...bar, interval: "1s", time }] },
      { ticks: [tick({ symbol: "A", time: time + 1_000, price: 0, size: null })] },
      { saved: 1 },
      { bars: [{ ...bar, interval: "5m", time: 1_767_570_900_000, low: -0.25 }] },
      { cancelled: { from: time - 3_600_000, to: time + 3_001 } },
      "restart",
    ];
    for (const step of steps) {
      await restarted.take(step);
      restarted.check();
    }
    restarted.close();
  });

  test("Bars of ticks and given bars equal a naive calculation from the log, whatever is stored when", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { maxLength: 16 }),
        fc.constantFrom(2, 5, 100),
        async (steps, barsHeld) => {
          const restarted = new Restarted(barsHeld);
          for (const step of steps) {
            await restarted.take(step);
            restarted.check();
          }
          await restarted.take("restart");
          restarted.check();
          restarted.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});
