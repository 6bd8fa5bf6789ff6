import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BarSeries } from "../../src/core/bar_series.ts";
import { Board, emptyRow, type Row } from "../../src/core/board.ts";
import { Catalogue, type InstrumentFields } from "../../src/core/instrument.ts";
import type { Tick } from "../../src/core/tick.ts";
import { byEventTime } from "./naive.ts";
import { anyTick, bits, next, quarters, tick } from "./ticks.ts";

const DAY = 86_400_000;
const TODAY = Date.UTC(2026, 0, 5);
const YESTERDAY = TODAY - DAY;

/** A board with real bars of days and a real catalogue. */
function boardWith(fields?: InstrumentFields) {
  const days = new Map<string, BarSeries>();
  const catalogue = new Catalogue();
  if (fields !== undefined) catalogue.define("A", fields);
  const board = new Board({
    instrument: (symbol) => catalogue.get(symbol),
    days: (symbol) => days.get(symbol),
  });
  return {
    board,
    catalogue,
    apply(...ticks: Tick[]): Row {
      for (const tick of ticks.map(next)) {
        let series = days.get(tick.symbol);
        if (series === undefined) days.set(tick.symbol, series = new BarSeries("A", "1d", 100));
        series.apply(tick);
        catalogue.observe(tick.symbol, tick.price);
        board.apply(tick);
      }
      return board.row("A");
    },
  };
}

function rowOf(ticks: Partial<Tick>[], fields?: InstrumentFields): Row {
  return boardWith(fields).apply(...ticks.map(tick));
}

/** The expected row of symbol `A`, calculated from all its ticks at once. */
function naiveRow(ticks: readonly Tick[], known: number | null): Partial<Row> {
  const sorted = byEventTime(ticks);
  const newest = sorted.at(-1)!;
  const dateOf = ({ time }: Tick) => new Date(time).toISOString().slice(0, 10);
  const today = sorted.filter((tick) => dateOf(tick) === dateOf(newest));
  const before = sorted.filter((tick) => dateOf(tick) < dateOf(newest)).at(-1);
  const prevClose = before?.price ?? known;
  const change = prevClose ? newest.price - prevClose : null;
  return {
    symbol: "A",
    date: dateOf(newest),
    time: newest.time,
    price: newest.price,
    change,
    change_percent: change === null
      ? null
      : Math.round((change / Math.abs(prevClose!)) * 1e8) / 1e8 + 0,
    volume: today.reduce((sum, { size }) => sum + (size ?? 0), 0),
    prev_close: prevClose,
    open: today[0]!.price,
    high: Math.max(...today.map(({ price }) => price)),
    low: Math.min(...today.map(({ price }) => price)),
    bid: sorted.findLast(({ bid }) => bid !== null)?.bid ?? null,
    ask: sorted.findLast(({ ask }) => ask !== null)?.ask ?? null,
  };
}

describe("Board: the newest tick", () => {
  test("Board has a row of nulls for a symbol without ticks", () => {
    const { board } = boardWith();
    assert.equal(board.has("A"), false);
    assert.deepEqual(board.row("A"), {
      symbol: "A",
      name: null,
      date: null,
      time: null,
      price: null,
      change: null,
      change_percent: null,
      volume: null,
      prev_close: null,
      open: null,
      high: null,
      low: null,
      bid: null,
      ask: null,
      market_cap: null,
    });
    assert.deepEqual(emptyRow("A"), board.row("A"));
    assert.equal(board.has("A"), false);
  });

  test("Board has the reference data of a symbol without ticks", () => {
    const { board } = boardWith({ name: "Alpha", prevClose: 9, shares: 5 });
    const { name, prev_close, price, change, market_cap } = board.row("A");
    assert.deepEqual([name, prev_close, price, change, market_cap], ["Alpha", 9, null, null, null]);
  });

  test("Board makes a row of the first tick", () => {
    const row = rowOf(
      [{ time: TODAY + 0.5, price: 150.12, size: 20, bid: 150.11, ask: 150.13 }],
      { name: "Alpha", prevClose: 145.54, shares: 1_000 },
    );
    assert.deepEqual(row, {
      symbol: "A",
      name: "Alpha",
      date: "2026-01-05",
      time: TODAY + 0.5,
      price: 150.12,
      change: 4.58,
      change_percent: 0.03146901,
      volume: 20,
      prev_close: 145.54,
      open: 150.12,
      high: 150.12,
      low: 150.12,
      bid: 150.11,
      ask: 150.13,
      market_cap: 150_120,
    });
  });

  test("Board takes the newest tick by event time", () => {
    const { price, time } = rowOf([{ time: 200, price: 2 }, { time: 300, price: 3 }]);
    assert.deepEqual([price, time], [3, 300]);
  });

  test("Board takes the last of ticks with equal times in tape order", () => {
    const { price, bid, ask } = rowOf([
      { time: 200, price: 1, bid: 10, ask: 20 },
      { time: 200, price: 2, bid: 11, ask: 21 },
    ]);
    assert.deepEqual([price, bid, ask], [2, 11, 21]);
  });

  test("Board changes the day's figures for a late tick, but not price and time", () => {
    const row = rowOf([
      { time: TODAY + 500, price: 5, size: 1 },
      { time: TODAY + 100, price: 9, size: 2 },
      { time: TODAY + 200, price: 1, size: 4 },
    ]);
    const { price, time, open, high, low, volume } = row;
    assert.deepEqual([price, time], [5, TODAY + 500]);
    assert.deepEqual([open, high, low, volume], [9, 9, 1, 7]);
  });

  test("Board keeps bid and ask when a newer tick has none", () => {
    const { bid, ask } = rowOf([{ time: 1, bid: 10, ask: 12 }, { time: 2 }]);
    assert.deepEqual([bid, ask], [10, 12]);
  });

  test("Board updates bid and ask independently", () => {
    const { bid, ask } = rowOf([{ time: 1, bid: 10, ask: 12 }, { time: 2, ask: 13 }]);
    assert.deepEqual([bid, ask], [10, 13]);
  });

  test("Board takes bid and ask of a late tick only if no newer ones are known", () => {
    const first = rowOf([{ time: 5 }, { time: 3, bid: 10 }, { time: 4, ask: 12 }]);
    assert.deepEqual([first.bid, first.ask], [10, 12]);
    const second = rowOf([{ time: 5, bid: 11 }, { time: 3, bid: 10, ask: 12 }]);
    assert.deepEqual([second.bid, second.ask], [11, 12]);
  });

  test("Board accepts 0 as a price, a bid and an ask", () => {
    const { price, bid, ask } = rowOf([{ time: 1, price: 5, bid: 4, ask: 6 }, {
      time: 2,
      price: 0,
      bid: 0,
      ask: 0,
    }]);
    assert.deepEqual([price, bid, ask], [0, 0, 0]);
  });

  test("Board keeps the rows of symbols separate", () => {
    const { board, apply } = boardWith();
    apply(tick({ price: 1 }), tick({ symbol: "B", price: 2, time: 5 }));
    assert.deepEqual([board.row("A").price, board.row("B").price], [1, 2]);
    assert.deepEqual([board.has("A"), board.has("B"), board.has("C")], [true, true, false]);
  });
});

describe("Board: days", () => {
  test("Board has the UTC day of the newest tick", () => {
    assert.equal(rowOf([{ time: TODAY - 0.25 }]).date, "2026-01-04");
    assert.equal(rowOf([{ time: TODAY }]).date, "2026-01-05");
  });

  test("Board starts a day with new figures and the last earlier price as prev_close", () => {
    const row = rowOf([
      { time: YESTERDAY + 10, price: 8, size: 5 },
      { time: YESTERDAY + 900, price: 4, size: 5 },
      { time: TODAY, price: 5, size: 1 },
    ]);
    const { date, open, high, low, volume, prev_close, change, change_percent } = row;
    assert.equal(date, "2026-01-05");
    assert.deepEqual([open, high, low, volume], [5, 5, 5, 1]);
    assert.deepEqual([prev_close, change, change_percent], [4, 1, 0.25]);
  });

  test("Board finds prev_close over days without ticks", () => {
    const { prev_close } = rowOf([{ time: TODAY - 9 * DAY, price: 7 }, { time: TODAY }]);
    assert.equal(prev_close, 7);
  });

  test("Board prefers the tape to the instrument's previous close", () => {
    const ticks = [{ time: TODAY, price: 5 }];
    assert.equal(rowOf(ticks, { prevClose: 3 }).prev_close, 3);
    assert.equal(rowOf([{ time: YESTERDAY, price: 4 }, ...ticks], { prevClose: 3 }).prev_close, 4);
  });

  test("Board corrects prev_close by a late tick of the day before", () => {
    const { apply } = boardWith();
    apply(tick({ time: YESTERDAY + 5, price: 4 }), tick({ time: TODAY, price: 10 }));
    assert.equal(apply(tick({ time: YESTERDAY + 9, price: 8 })).prev_close, 8);
    const row = apply(tick({ time: YESTERDAY + 1, price: 2 }));
    assert.deepEqual([row.prev_close, row.change, row.high, row.low], [8, 2, 10, 10]);
  });

  test("Board takes prev_close from a late tick that is the first of its day", () => {
    const { apply } = boardWith();
    assert.equal(apply(tick({ time: TODAY, price: 10 })).prev_close, null);
    assert.equal(apply(tick({ time: YESTERDAY, price: 8 })).prev_close, 8);
  });

  test("Board equals a naive calculation for any order of arrival", () => {
    const ticks = fc.array(anyTick("A"), { minLength: 1, maxLength: 40 });
    const known = fc.option(quarters(-4, 4), { nil: null });
    fc.assert(
      fc.property(ticks, known, (ticks, prevClose) => {
        const row = boardWith(prevClose === null ? {} : { prevClose }).apply(...ticks);
        assert.deepEqual(row, { ...naiveRow(ticks, prevClose), name: null, market_cap: null });
      }),
      { numRuns: 300 },
    );
  });
});

describe("Board: change", () => {
  const changeOf = (price: number, prevClose: number, fields: InstrumentFields = {}) =>
    rowOf([{ time: TODAY, price }], { prevClose, ...fields }).change;

  test("Board has no change if prev_close is unknown", () => {
    const { prev_close, change, change_percent } = rowOf([{ time: TODAY, price: 5 }]);
    assert.deepEqual([prev_close, change, change_percent], [null, null, null]);
  });

  test("Board has no change if prev_close is 0", () => {
    const row = rowOf([{ time: TODAY, price: 5 }], { prevClose: 0 });
    assert.deepEqual([row.prev_close, row.change, row.change_percent], [0, null, null]);
    const taped = rowOf([{ time: YESTERDAY, price: 0 }, { time: TODAY, price: 5 }]);
    assert.deepEqual([taped.prev_close, taped.change, taped.change_percent], [0, null, null]);
  });

  test("Board has a change without the noise of binary fractions", () => {
    assert.equal(changeOf(150.12, 145.54), 4.58);
    assert.equal(changeOf(145.54, 150.12), -4.58);
    assert.equal(changeOf(0.3, 0.1), 0.2);
    assert.equal(changeOf(64_000.123, 63_999.9), 0.223);
    assert.equal(changeOf(1.00000001, 1, {}), 1e-8);
    assert.equal(changeOf(0.3, 0.1, { decimals: 0 }), 0.2);
  });

  test("Board has a change of large prices without noise, for any decimals", () => {
    for (const decimals of [2, 4, 8]) {
      assert.equal(changeOf(18_023_674.77, 58_696_549.76, { decimals }), -40_672_874.99);
      assert.equal(changeOf(2_000_000.1, 1_000_000, { decimals }), 1_000_000.1);
    }
  });

  test("Board has 0 as change of equal prices, never -0", () => {
    assert.equal(changeOf(5, 5), 0);
    assert.equal(changeOf(0.1 + 0.2, 0.3), 0);
    assert.equal(changeOf(0.3, 0.1 + 0.2), 0);
  });

  test("Board has the exact difference of any prices with up to 8 decimals", () => {
    const whole = fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 });
    const anyDecimals = fc.integer({ min: 2, max: 8 });
    fc.assert(
      fc.property(whole, whole, anyDecimals, anyDecimals, (price, prev, written, more) => {
        const scale = 10 ** written;
        fc.pre(prev !== 0);
        const decimals = Math.max(written, more);
        const change = changeOf(price / scale, prev / scale, { decimals });
        assert.equal(change, (price - prev) / scale);
      }),
      { numRuns: 500 },
    );
  });

  test("Board has the change in percent as a fraction with the sign of the change", () => {
    const percentOf = (price: number, prevClose: number) =>
      rowOf([{ time: TODAY, price }], { prevClose }).change_percent;
    assert.equal(percentOf(103.06, 100)?.toFixed(10), "0.0306000000");
    assert.equal(percentOf(75, 100), -0.25);
    assert.equal(percentOf(-75, -100), 0.25);
    assert.equal(percentOf(50, -100), 1.5);
  });

  test("Board has the change of prices too large to round", () => {
    assert.equal(changeOf(2e300, 1e300), 1e300);
    assert.equal(changeOf(3e21, 1e21), 2e21);
  });

  test("Board has null for infinite values", () => {
    const of = (price: number, prevClose: number) => {
      const row = rowOf([{ time: TODAY, price }], { prevClose, shares: 1e10 });
      return [row.change, row.change_percent, row.market_cap];
    };
    assert.deepEqual(of(1e308, -1e308), [null, null, null]);
    assert.deepEqual(of(1, 5e-324), [1, null, 1e10]);
    assert.deepEqual(of(-1e308, 1e308), [null, null, null]);
    // The fraction is finite, but it would be infinite in percent.
    assert.deepEqual(of(1, 1e-307), [1, null, 1e10]);
    assert.deepEqual(of(1, 1e-305), [1, 1 / 1e-305, 1e10]);
  });
});

describe("Board: reference data", () => {
  test("Board calculates a market capitalisation of whole units from the shares", () => {
    assert.equal(rowOf([{ price: 2.5 }], { shares: 3 }).market_cap, 8);
    assert.equal(rowOf([{ price: 2.5 }]).market_cap, null);
    assert.equal(rowOf([{ price: 2.5 }], { shares: 0 }).market_cap, 0);
  });

  test("Board shows changed reference data after a refresh", () => {
    const { board, catalogue, apply } = boardWith();
    apply(tick({ time: TODAY, price: 5 }));
    catalogue.define("A", { name: "Alpha", prevClose: 4 });
    board.refresh("A");
    const { name, prev_close, change } = board.row("A");
    assert.deepEqual([name, prev_close, change], ["Alpha", 4, 1]);
    board.refresh("UNKNOWN");
    assert.equal(board.has("UNKNOWN"), false);
  });
});

describe("Board: handed-out rows", () => {
  test("Board returns the same object for equal requests, and another after a tick", () => {
    const { board, apply } = boardWith();
    const row = apply(tick({ time: 5 }));
    assert.equal(board.row("A"), row);
    apply(tick({ symbol: "B" }));
    assert.equal(board.row("A"), row);
    assert.notEqual(apply(tick({ time: 1 })), row);
  });

  test("Board never changes a row that it has returned", () => {
    fc.assert(fc.property(fc.array(anyTick("A", "B"), { maxLength: 40 }), (ticks) => {
      const { board, apply } = boardWith();
      const handedOut: [Row, string][] = [];
      for (const tick of ticks) {
        apply(tick);
        for (const symbol of ["A", "B"]) {
          const row = Object.freeze(board.row(symbol));
          handedOut.push([row, bits(row)]);
        }
      }
      for (const [row, before] of handedOut) assert.equal(bits(row), before);
    }));
  });
});
