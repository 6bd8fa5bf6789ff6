import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { BarRange } from "../../src/core/bar.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { Tick } from "../../src/core/tick.ts";
import { readBars } from "../../src/tape/bars.ts";
import { SqliteTape } from "../../src/tape/sqlite.ts";
import { anyTick, anyTime, bits, tick } from "../core/ticks.ts";

const SYMBOLS = ["A", "B"];
/** So few that bars are dropped and ticks are late all the time. */
const BARS_KEPT = 2;
const ALL: BarRange = { limit: 1e9 };

/** What a server holds between two starts. */
class Restarted {
  readonly tape = new SqliteTape({
    path: ":memory:",
    bootId: "boot",
    holder: "a test",
    newEpoch: () => "e1",
    now: () => 0,
  });
  market = new Market({ barsKept: BARS_KEPT });

  add(ticks: readonly Tick[]): void {
    for (const taped of this.tape.append(ticks)) this.market.apply(taped);
  }

  /** @param max how many changes are saved in one go, with nothing saved of the rest */
  save(max = Infinity): void {
    this.tape.save(this.market.takeChanges(max));
  }

  /** The process ends without a word, and another one begins. */
  restart(): void {
    this.market = new Market({ barsKept: BARS_KEPT });
    this.market.restore(this.tape.load(BARS_KEPT));
    for (const taped of this.tape.read({ after: this.market.seq, limit: 1e9 })) {
      this.market.apply(taped);
    }
  }
}

/** Rows, bars and instruments, as a text in which every bit of a number counts. */
function view(market: Market, archive: SqliteTape | undefined, range: BarRange): string[] {
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

/** Sums of such prices depend on the order of the ticks. */
const inexact = anyTick(...SYMBOLS).map((tick) => ({ ...tick, price: tick.price * 1.1 }));
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.array(inexact, { maxLength: 8 }) },
  { weight: 2, arbitrary: fc.constant("save" as const) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 30 }) },
  { weight: 2, arbitrary: fc.constant("restart" as const) },
);
const anyRange = fc.record({
  from: fc.option(anyTime, { nil: undefined }),
  to: fc.option(anyTime, { nil: undefined }),
  limit: fc.integer({ min: 1, max: 12 }),
});

/** Ticks, a whole saving, a part of one, or an end without a word. */
type Step = readonly Tick[] | "save" | number | "restart";

function check(steps: readonly Step[], ranges: readonly BarRange[]): void {
  const all = new Market({ barsKept: 100_000 });
  const restarted = new Restarted();
  const { tape } = restarted;
  try {
    for (const step of steps) {
      if (step === "save" || step === "restart") restarted[step]();
      else if (typeof step === "number") restarted.save(step);
      else restarted.add(step);
    }
    restarted.save();
    for (const taped of tape.read({ after: 0, limit: 1e9 })) all.apply(taped);
    for (const range of [ALL, ...ranges]) {
      assert.deepEqual(view(restarted.market, tape, range), view(all, undefined, range));
    }
  } finally {
    tape.close();
  }
}

const DAY = 86_400_000;
const day = (number: number, price: number) => tick({ time: number * DAY, price });

describe("readBars", () => {
  test("readBars joins the bars of the market with older ones of the archive", () => {
    check([Array.from({ length: 50 }, (_, second) => tick({ time: second * 1_000 })), "save"], [
      { limit: 3 },
      { from: 0, limit: 3 },
      { from: 44_000, limit: 5 },
      { from: 47_000, limit: 50 },
      { to: 48_000, limit: 5 },
      { from: 60_000, limit: 5 },
      { from: 48_000, to: 10_000, limit: 5 },
    ]);
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
    test(`A market that was restored equals one that saw all ticks: ${what}`, () => {
      check(steps, []);
    });
  }

  test("A market that was restored equals one that saw all ticks, whenever it was saved", () => {
    const steps = fc.array(anyStep, { maxLength: 12 });
    fc.assert(fc.property(steps, fc.array(anyRange, { maxLength: 4 }), check), { numRuns: 300 });
  });
});
