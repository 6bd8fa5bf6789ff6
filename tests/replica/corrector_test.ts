import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  cancels,
  type Correction,
  isWhole,
  type TapedCorrection,
} from "../../src/core/correction.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { readBars } from "../../src/tape/bars.ts";
import type { Archive } from "../../src/tape/tape.ts";
import { anyTick, anyTime, bits } from "../core/ticks.ts";
import { assertSame, TestReplica } from "../helpers/replica.ts";
import { readAll } from "../helpers/store.ts";
import { TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
const BEGIN = 1_763_700_000_000;
const TICK = { symbol: "A", time: BEGIN, price: 1, size: 1, bid: null, ask: null };

/** Rows and bars by symbol, as texts without `revised`, which corrections set. */
function shown(market: Market, archive: Archive): string[] {
  return [...market.catalogue.symbols()].sort().flatMap((symbol) => [
    bits(market.board.row(symbol)),
    ...INTERVALS.flatMap((interval) =>
      readBars(market, archive, symbol, interval, { limit: 1e9 })
        .map((bar) => bits({ ...bar, revised: undefined }))
    ),
  ]);
}

/** The expected state, as if nobody had sent the cancelled ticks. */
class Ledger {
  ticks: TapedTick[] = [];
  readonly symbols = new Set<string>();

  add(ticks: readonly Tick[], last: number): void {
    for (const [index, tick] of ticks.entries()) {
      this.ticks.push({ seq: last - ticks.length + 1 + index, ...tick });
      this.symbols.add(tick.symbol);
    }
  }

  /** @returns the number of cancelled ticks */
  cancel(correction: TapedCorrection): number {
    const before = this.ticks.length;
    this.ticks = this.ticks.filter((tick) => !cancels(correction, tick));
    if (isWhole(correction)) this.symbols.delete(correction.symbol);
    return before - this.ticks.length;
  }

  shown(): string[] {
    const market = new Market({ barsKept: 1_000_000 });
    for (const symbol of this.symbols) market.define(symbol, {});
    for (const tick of this.ticks) market.apply(tick);
    return shown(market, { bars: () => [] });
  }
}

function assertRight(test: TestReplica, ledger: Ledger, what = ""): void {
  assertSame(shown(test.market, test.tape), ledger.shown(), what);
  const all = readAll(test.tape, { after: 0, limit: Infinity });
  assertSame(all.map(bits), ledger.ticks.map(bits), what);
  for (const symbol of ["A", "B"]) {
    const query = { symbols: new Set([symbol]), limit: Infinity };
    const own = ledger.ticks.filter((tick) => tick.symbol === symbol);
    assertSame(readAll(test.tape, query).map(bits), own.map(bits), what);
    assert.equal(test.tape.countFirst({ ...query, after: 0 }).count, own.length, what);
  }
}

type Step =
  | { readonly kind: "ticks"; readonly ticks: readonly Tick[] }
  | { readonly kind: "seqs"; readonly symbol: string; readonly places: readonly number[] }
  | { readonly kind: "span"; readonly symbol: string; readonly from?: number; readonly to?: number }
  | { readonly kind: "whole"; readonly symbol: string }
  | { readonly kind: "save some" | "save" | "seal" | "kill" };

const anySymbol = fc.constantFrom("A", "B");
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(anyTick("A", "B"), { minLength: 1, maxLength: 12 })
      .map((ticks) => ({ kind: "ticks" as const, ticks })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("seqs" as const),
      symbol: anySymbol,
      places: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(anySymbol, anyTime, anyTime, fc.integer({ min: 0, max: 9 }))
      .map(([symbol, one, other, open]): Step => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        if (open === 0) return { kind: "span", symbol, from };
        if (open === 1) return { kind: "span", symbol, to };
        return { kind: "span", symbol, from, to };
      }),
  },
  { weight: 1, arbitrary: anySymbol.map((symbol) => ({ kind: "whole" as const, symbol })) },
  {
    weight: 4,
    arbitrary: fc.constantFrom("save some", "save", "seal", "kill").map((kind) =>
      ({ kind }) as Step
    ),
  },
);

function correctionOf(step: Step): Correction | undefined {
  if (step.kind === "seqs") return { symbol: step.symbol, seqs: step.places };
  if (step.kind === "whole") return { symbol: step.symbol };
  if (step.kind !== "span") return undefined;
  const { symbol, from, to } = step;
  return { symbol, ...from === undefined ? {} : { from }, ...to === undefined ? {} : { to } };
}

describe("Corrector", () => {
  test("Corrector gives the state without the ticks, for any way of storing and any kill", async () => {
    const property = fc.asyncProperty(fc.array(anyStep, { maxLength: 25 }), async (steps) => {
      const options = { blockTicks: 10, barsHeld: 3 };
      let path = folder.fresh();
      let test = new TestReplica({ path, ...options });
      const ledger = new Ledger();
      for (const [index, step] of steps.entries()) {
        const correction = correctionOf(step);
        if (step.kind === "ticks") {
          const { position } = await test.send(step.ticks);
          ledger.add(step.ticks, Number(position.split(":")[1]));
        } else if (correction !== undefined) {
          ledger.cancel({ ...correction, seq: await test.cancel(correction) });
        } else if (step.kind === "save some") test.replica.save();
        else if (step.kind === "save") test.save();
        else if (step.kind === "seal") test.seal();
        else {
          path = folder.killed(path);
          test.close();
          test = new TestReplica({ path, ...options });
        }
        assertRight(test, ledger, `step ${index}: ${step.kind}`);
      }
      test.close();
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test("Corrector reopens the bar before, whatever the order of the cancelled ticks", async () => {
    for (const seqs of [[1, 3], [3, 1]]) {
      const test = new TestReplica();
      const ledger = new Ledger();
      const ticks = [0, 0, 1_500].map((ms): Tick => ({ ...TICK, time: BEGIN + ms }));
      await test.send(ticks);
      ledger.add(ticks, ticks.length);
      const correction = { symbol: "A", seqs };
      ledger.cancel({ ...correction, seq: await test.cancel(correction) });
      assertRight(test, ledger);
      test.close();
    }
  });

  test("Corrector makes bars from shorter ones where only the newest ticks are stored", async () => {
    const test = new TestReplica({ ticksMax: 10, blockTicks: 5, barsHeld: 4 });
    const all = Array.from({ length: 50 }, (_, index): Tick => ({
      ...TICK,
      time: BEGIN + index * 1_000,
      price: index === 45 ? 1e9 : index,
    }));
    for (const tick of all) await test.send([tick]);
    await test.cancel({ symbol: "A", seqs: [46] });
    for (const interval of INTERVALS) {
      const bars = readBars(test.market, test.tape, "A", interval, { limit: 100 });
      assert.equal(Math.max(...bars.map(({ high }) => high)), 49, interval);
      assert.equal(bars.reduce((sum, { count }) => sum + count, 0), 49, interval);
    }
    assert.equal(test.market.board.row("A").high, 49);
    // Only the bar of this tick is still known.
    await test.cancel({ symbol: "A", seqs: [3] });
    assert.deepEqual(test.corrected.length, 1);
    test.close();
  });
});
