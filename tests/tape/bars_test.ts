import { describe, test } from "node:test";
import fc from "fast-check";
import type { BarRange } from "../../src/core/bar.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { readBars } from "../../src/tape/bars.ts";
import type { Archive } from "../../src/tape/tape.ts";
import { anyTick, anyTime, bits, tick } from "../core/ticks.ts";
import { assertSame, TestReplica } from "../helpers/replica.ts";
import { TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
const SYMBOLS = ["A", "B"];
/** So few that bars are dropped and ticks are late all the time. */
const BARS_HELD = 2;
const ALL: BarRange = { limit: 1e9 };

/** A server that is restarted. */
class Restarted {
  readonly all: TapedTick[] = [];
  #path = folder.fresh();
  test = this.#open();

  #open(): TestReplica {
    return new TestReplica({ path: this.#path, blockTicks: 5, barsHeld: BARS_HELD });
  }

  async add(ticks: readonly Tick[]): Promise<void> {
    const before = this.test.published.length;
    await this.test.send(ticks);
    this.all.push(...this.test.published.slice(before));
  }

  /** Stores all derived data, or a part. */
  save(parts = Infinity): void {
    if (parts === Infinity) this.test.seal();
    for (let part = 0; part < Math.min(parts, 3); part++) this.test.replica.save();
  }

  /** Kills the process and starts another. */
  restart(): void {
    const left = folder.killed(this.#path);
    this.test.close();
    this.#path = left;
    this.test = this.#open();
  }
}

/** Rows, bars and instruments as texts that differ if any bit of a number differs. */
function view(market: Market, archive: Archive, range: BarRange): string[] {
  const symbols = [...market.catalogue.symbols()];
  return [
    ...symbols.map((symbol) => bits(market.board.row(symbol))),
    ...market.catalogue.all().map(bits),
    ...symbols.flatMap((symbol) =>
      INTERVALS.flatMap((interval) =>
        readBars(market, archive, symbol, interval, range).map((bar) => bits(bar))
      )
    ),
  ];
}

/** Prices whose sums depend on the order of the ticks. */
const inexact = anyTick(...SYMBOLS).map((tick) => ({ ...tick, price: tick.price * 1.1 }));
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.array(inexact, { maxLength: 8 }) },
  { weight: 2, arbitrary: fc.constant("save" as const) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 2, arbitrary: fc.constant("restart" as const) },
);
const anyRange = fc.record({
  from: fc.option(anyTime, { nil: undefined }),
  to: fc.option(anyTime, { nil: undefined }),
  limit: fc.integer({ min: 1, max: 12 }),
});

/** Ticks, a full save, a partial save, or a kill. */
type Step = readonly Tick[] | "save" | number | "restart";

/** Checks that all logged ticks are in the bars at once, for any part that was stored. */
async function check(steps: readonly Step[], ranges: readonly BarRange[]): Promise<void> {
  const all = new Market({ barsKept: 100_000 });
  const restarted = new Restarted();
  let known = 0;
  for (const step of steps) {
    if (step === "save" || step === "restart") restarted[step]();
    else if (typeof step === "number") restarted.save(step);
    else await restarted.add(step);
    for (const taped of restarted.all.slice(known)) all.apply(taped);
    known = restarted.all.length;
    const { market, tape } = restarted.test;
    for (const range of [ALL, ...ranges]) {
      assertSame(view(market, tape, range), view(all, { bars: () => [] }, range), String(step));
    }
  }
  restarted.test.close();
}

const DAY = 86_400_000;
const day = (number: number, price: number) => tick({ time: number * DAY, price });

describe("readBars", () => {
  test("readBars joins the bars of the market with older ones of the archive", async () => {
    await check(
      [Array.from({ length: 50 }, (_, second) => tick({ time: second * 1_000 })), "save"],
      [
        { limit: 3 },
        { from: 0, limit: 3 },
        { from: 44_000, limit: 5 },
        { from: 47_000, limit: 50 },
        { to: 48_000, limit: 5 },
        { from: 60_000, limit: 5 },
        { from: 48_000, to: 10_000, limit: 5 },
      ],
    );
  });

  const cases: [string, Step[]][] = [
    ["a tick of the day before, after a restart", [[day(9, 1)], "save", "restart", [day(8, 2)]]],
    ["a tick of a day that was left out", [
      [day(5, 1), day(7, 2), day(9, 3)],
      "save",
      "restart",
      [day(6, 4), day(8, 5), day(4, 6)],
      "restart",
    ]],
    ["late ticks that were not saved", [
      [day(1, 1), day(2, 2), day(3, 3), day(4, 4), day(5, 5)],
      "save",
      [day(1, 6), day(2, 7)],
      "restart",
      [day(1, 8)],
      "save",
      "restart",
    ]],
    ["a first save after many bars", [
      [1, 2, 3, 4, 5, 6, 7, 8].map((number) => day(number, number)),
      "restart",
      [day(3, 9)],
    ]],
  ];
  for (const [what, steps] of cases) {
    test(`A restored market equals one that saw all ticks: ${what}`, async () => {
      await check(steps, []);
    });
  }

  test("A restored market equals one that saw all ticks, for any time of saving", async () => {
    const steps = fc.array(anyStep, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(steps, fc.array(anyRange, { maxLength: 3 }), check),
      { numRuns: 60 },
    );
  });

  test("A bar that ended is not late after a kill during its save", async () => {
    const seconds = Array.from({ length: 1_500 }, (_, second) => tick({ time: second * 1_000 }));
    for (const saves of [1, 2, 3]) {
      await check([seconds, saves, "restart", saves, "restart"], []);
    }
  });
});
