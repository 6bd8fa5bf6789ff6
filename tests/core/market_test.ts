import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Bar } from "../../src/core/bar.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { naiveBars } from "./naive.ts";
import { anyTick, bits, NEAR_MONDAY, taped, tick } from "./ticks.ts";

const KEEP_ALL = 1_000;
const SYMBOLS = ["A", "B", "C/D"];

const manyTicks = fc.array(anyTick(...SYMBOLS), { maxLength: 60 });

function marketOf(ticks: readonly TapedTick[], barsKept = KEEP_ALL): Market {
  const market = new Market({ barsKept });
  for (const tick of ticks) market.apply(tick);
  return market;
}

/** The state of a market by symbol: the row, the instrument and all bars. */
function stateOf(market: Market) {
  return SYMBOLS.map((symbol) => ({
    row: market.board.row(symbol),
    has: market.board.has(symbol),
    instrument: market.catalogue.get(symbol) ?? null,
    bars: INTERVALS.map((interval) => market.bars(symbol, interval, { limit: Infinity })),
  }));
}

/** Returns a function that applies a tick of symbol `A` at a time, in tape order. */
function ticker(market: Market): (time: number) => void {
  let seq = 0;
  return (time) => market.apply({ ...tick({ time }), seq: ++seq });
}

function closedSeconds(closed: { interval: string; time: number }[]): number[] {
  return closed.filter(({ interval }) => interval === "1s").map(({ time }) => time);
}

describe("Market: what follows from the tape", () => {
  test("Market is empty before the first tick", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    assert.equal(market.seq, 0);
    assert.equal(market.board.has("A"), false);
    assert.equal(market.board.row("A").price, null);
    assert.equal(market.bar("A", "1m", 0), undefined);
    assert.equal(market.newestBar("A", "1m"), undefined);
    assert.deepEqual(market.bars("A", "1m", { limit: 9 }), []);
    assert.deepEqual(market.advance(5_000), []);
  });

  test("Market has the seq of the newest applied tick, late or not", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    market.apply({ ...tick({ time: 50 }), seq: 7 });
    market.apply({ ...tick({ time: 10 }), seq: 12 });
    assert.equal(market.seq, 12);
  });

  test("Market makes bars of every interval", () => {
    const market = marketOf(taped([tick({ time: NEAR_MONDAY, price: 3 })]));
    for (const interval of INTERVALS) {
      const bar = market.newestBar("A", interval)!;
      assert.deepEqual([bar.interval, bar.close, bar.count], [interval, 3, 1]);
      assert.equal(market.bar("A", interval, bar.time), bar);
    }
    assert.equal(market.bar("A", "1m", NEAR_MONDAY), undefined);
  });

  test("Market makes the bars of each symbol only from its ticks, in any order of arrival", () => {
    fc.assert(fc.property(manyTicks, (ticks) => {
      const market = marketOf(taped(ticks));
      for (const symbol of SYMBOLS) {
        const own = ticks.filter((tick) => tick.symbol === symbol);
        for (const interval of INTERVALS) {
          const bars = market.bars(symbol, interval, { limit: Infinity });
          assert.deepEqual(bars, own.length === 0 ? [] : naiveBars(interval, own));
        }
      }
    }));
  });

  test("Market has the same figures in bars and board", () => {
    const price = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 });
    const ticks = fc.array(fc.tuple(anyTick("A"), price), { minLength: 1, maxLength: 40 });
    fc.assert(fc.property(ticks, (pairs) => {
      const market = marketOf(taped(pairs.map(([tick, price]) => ({ ...tick, price }))));
      const row = market.board.row("A");
      for (const interval of INTERVALS) {
        assert.equal(market.newestBar("A", interval)?.close, row.price);
      }
      const { open, high, low, volume } = market.newestBar("A", "1d")!;
      assert.deepEqual([row.open, row.high, row.low, row.volume], [open, high, low, volume]);
    }));
  });

  test("Market keeps at least barsKept bars of every interval and symbol", () => {
    const barsKept = 5;
    const market = new Market({ barsKept });
    const week = 7 * 86_400_000;
    for (let seq = 1; seq <= 40; seq++) {
      market.apply({ ...tick({ time: seq * week, price: seq }), seq });
      for (const interval of INTERVALS) {
        const bars = market.bars("A", interval, { limit: Infinity });
        assert.ok(bars.length >= Math.min(seq, barsKept) && bars.length <= 2 * barsKept);
        assert.equal(bars.at(-1)?.close, seq);
        assert.equal(bars[0]?.close, seq - bars.length + 1);
      }
    }
  });

  test("Market ignores in its bars a late tick older than all of them", () => {
    const market = new Market({ barsKept: 3 });
    const day = 86_400_000;
    for (let seq = 1; seq <= 200; seq++) market.apply({ ...tick({ time: seq * day }), seq });
    const before = bits(stateOf(market));
    market.apply({ ...tick({ time: day, price: 99, size: 9 }), seq: 201 });
    assert.equal(bits(stateOf(market)), before);
    assert.equal(market.seq, 201);
  });

  test("Market shows a defined instrument and its changed fields at once", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    market.define("A", { name: "Alpha", prevClose: 2 });
    assert.equal(market.board.row("A").name, "Alpha");
    market.apply({ ...tick({ price: 3 }), seq: 1 });
    assert.deepEqual([market.board.row("A").name, market.board.row("A").change], ["Alpha", 1]);
    market.define("A", { name: "Beta", shares: 10 });
    assert.deepEqual([market.board.row("A").name, market.board.row("A").market_cap], ["Beta", 30]);
    assert.throws(() => market.define("a b", {}), RangeError);
  });

  test("Market creates an instrument for a new symbol and learns its decimals", () => {
    const market = marketOf(taped([tick({ price: 1.2345 }), tick({ price: 1 })]));
    assert.equal(market.catalogue.get("A")?.decimals, 4);
    assert.deepEqual([...market.catalogue.symbols()], ["A"]);
  });
});

describe("Market: replay", () => {
  /** Any finite numbers, also -0 and denormal ones; their sums depend on the order. */
  const anyNumber = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 0.1, -0.1, 5e-324, 1e21),
  );
  const wildTicks = fc.array(
    fc.tuple(anyTick(...SYMBOLS), anyNumber, anyNumber).map(([tick, price, size]): Tick => ({
      ...tick,
      price,
      size: tick.size === null ? null : Math.abs(size),
    })),
    { maxLength: 60 },
  );

  test("Market gives the same board and bars for the same ticks, bit for bit", () => {
    fc.assert(fc.property(wildTicks, fc.constantFrom(2, KEEP_ALL), (ticks, barsKept) => {
      const live = new Market({ barsKept });
      for (const tick of taped(ticks)) {
        live.apply(tick);
        stateOf(live);
      }
      const replayed = marketOf(taped(ticks), barsKept);
      assert.deepEqual(stateOf(replayed), stateOf(live));
      assert.equal(bits(stateOf(replayed)), bits(stateOf(live)));
    }));
  });

  test("Market distinguishes 0 and -0", () => {
    for (const price of [0, -0]) {
      const market = marketOf(taped([tick({ price, bid: price, ask: price })]));
      const { open, close, high, low } = market.newestBar("A", "1m")!;
      const row = market.board.row("A");
      for (const number of [open, close, high, low, row.price, row.bid, row.ask]) {
        assert.ok(Object.is(number, price));
      }
    }
  });

  test("Market closes the same bars for the same ticks and times of day", () => {
    const step = fc.oneof(anyTick("A", "B"), fc.integer({ min: 0, max: 3_000 }));
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const runs = [0, 1].map(() => {
        const market = new Market({ barsKept: KEEP_ALL });
        let now = NEAR_MONDAY;
        const closed = steps.map((step, index) => {
          if (typeof step === "number") return market.advance(now += step);
          market.apply({ ...step, seq: index + 1 });
        });
        return { closed, state: stateOf(market) };
      });
      assert.equal(bits(runs[0]), bits(runs[1]));
    }));
  });

  test("Market changes by the clock only which bars are closed and revised", () => {
    const step = fc.oneof(anyTick("A", "B"), fc.integer({ min: 0, max: 3_000 }));
    const figures = (market: Market) =>
      stateOf(market).map(({ bars, ...rest }) => ({
        ...rest,
        bars: bars.flat().map(({ closed: _, revised: __, ...figures }) => figures),
      }));
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clocked = new Market({ barsKept: KEEP_ALL });
      const replayed = new Market({ barsKept: KEEP_ALL });
      let now = NEAR_MONDAY;
      for (const [index, step] of steps.entries()) {
        if (typeof step === "number") {
          clocked.advance(now += step);
        } else {
          clocked.apply({ ...step, seq: index + 1 });
          replayed.apply({ ...step, seq: index + 1 });
        }
      }
      assert.equal(bits(figures(clocked)), bits(figures(replayed)));
    }));
  });

  test("Market never changes bars and rows that it has returned", () => {
    const step = fc.oneof(anyTick("A"), fc.integer({ min: 0, max: 3_000 }));
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const market = new Market({ barsKept: 3 });
      const handedOut: [object, string][] = [];
      let now = NEAR_MONDAY;
      for (const [index, step] of steps.entries()) {
        if (typeof step === "number") market.advance(now += step);
        else market.apply({ ...step, seq: index + 1 });
        const bars = INTERVALS.flatMap((interval) => market.bars("A", interval, { limit: 3 }));
        const newest = INTERVALS.map((interval) => market.newestBar("A", interval));
        for (const item of [market.board.row("A"), ...bars, ...newest]) {
          if (item) handedOut.push([Object.freeze(item), bits(item)]);
        }
      }
      for (const [item, before] of handedOut) assert.equal(bits(item), before);
    }));
  });
});

describe("Market: the clock", () => {
  const STEP = 10;

  /** Moves the clock in small steps. @returns when the bar of second 10 closed */
  function closing(market: Market, from: number, to: number): number | undefined {
    for (let now = from; now <= to; now += STEP) {
      if (closedSeconds(market.advance(now)).includes(10_000)) return now;
    }
  }

  test("Market closes a bar after its end, and a second without ticks", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    const apply = ticker(market);
    closing(market, 9_000, 10_500);
    apply(10_500);
    const closedAt = closing(market, 10_500 + STEP, 20_000);
    assert.ok(closedAt !== undefined && closedAt >= 11_500 && closedAt <= 11_500 + STEP);
    const { closed, revised } = market.newestBar("A", "1s")!;
    assert.deepEqual([closed, revised], [true, false]);
  });

  test("Market does not close a bar before its end, for any pause", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    market.advance(0);
    ticker(market)(10_000);
    market.advance(10);
    assert.deepEqual(closedSeconds(market.advance(10_999.75)), []);
    assert.deepEqual(closedSeconds(market.advance(11_000)), [10_000]);
  });

  test("Market waits a second after every tick of the bar", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    const apply = ticker(market);
    closing(market, 9_000, 10_500);
    apply(10_500);
    assert.equal(closing(market, 10_500 + STEP, 11_400), undefined);
    apply(10_900);
    const closedAt = closing(market, 11_400 + STEP, 20_000);
    assert.ok(closedAt !== undefined && closedAt >= 12_400 && closedAt <= 12_400 + STEP);
    assert.equal(market.newestBar("A", "1s")?.revised, false);
  });

  test("Market waits a full second, however rarely it gets the time", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    market.advance(10_000);
    ticker(market)(10_990);
    assert.deepEqual(closedSeconds(market.advance(11_000)), []);
    market.advance(12_000);
    assert.deepEqual(market.newestBar("A", "1s")?.closed, true);
  });

  test("Market closes shorter bars and leaves longer ones forming", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    const apply = ticker(market);
    market.advance(10_000);
    apply(10_000);
    market.advance(10_010);
    const closed = [...market.advance(16_000), ...market.advance(18_000)];
    assert.deepEqual(closed, [
      { symbol: "A", interval: "1s", time: 10_000 },
      { symbol: "A", interval: "5s", time: 10_000 },
      { symbol: "A", interval: "15s", time: 0 },
    ]);
    assert.equal(market.newestBar("A", "5s")?.closed, true);
    assert.equal(market.newestBar("A", "30s")?.closed, false);
  });

  test("Market reports each closing once", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    market.advance(10_000);
    ticker(market)(10_000);
    market.advance(10_010);
    assert.deepEqual(closedSeconds(market.advance(12_000)), [10_000]);
    assert.deepEqual(market.advance(12_000), []);
    assert.deepEqual(market.advance(13_000), []);
  });

  test("Market does not report the closing of a bar by a tick", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    const apply = ticker(market);
    market.advance(10_000);
    apply(10_000);
    apply(11_000);
    assert.deepEqual(market.bars("A", "1s", { limit: 9 }).map(({ closed }) => closed), [
      true,
      false,
    ]);
    market.advance(11_010);
    assert.deepEqual(closedSeconds(market.advance(13_000)), [11_000]);
  });

  test("Market revises a bar closed by the clock when a tick for it comes", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    const apply = ticker(market);
    market.advance(10_000);
    apply(10_000);
    market.advance(10_010);
    market.advance(12_000);
    const before = market.bar("A", "1s", 10_000)!;
    apply(10_500);
    const after: Bar = market.bar("A", "1s", 10_000)!;
    assert.deepEqual([before.closed, before.revised, before.count], [true, false, 1]);
    assert.deepEqual([after.closed, after.revised, after.count], [true, true, 2]);
    market.advance(12_010);
    assert.deepEqual(closedSeconds(market.advance(15_000)), []);
  });

  test("Market closes the bars of each symbol by its own ticks", () => {
    const market = new Market({ barsKept: KEEP_ALL });
    const closed: string[] = [];
    const advance = (from: number, to: number) => {
      for (let now = from; now < to; now += STEP) {
        for (const { symbol, interval } of market.advance(now)) {
          if (interval === "1s") closed.push(`${symbol} ${now}`);
        }
      }
    };
    advance(9_000, 10_000);
    market.apply({ ...tick({ time: 10_000 }), seq: 1 });
    advance(10_000, 11_500);
    market.apply({ ...tick({ symbol: "B", time: 10_000 }), seq: 2 });
    advance(11_500, 12_000);
    assert.deepEqual(closed, ["A 11000"]);
    advance(12_000, 13_000);
    assert.deepEqual(closed.map((text) => text.slice(0, 4)), ["A 11", "B 12"]);
  });
});

describe("Market: what is stored", () => {
  const seconds = (...times: number[]) =>
    taped(times.map((time) => tick({ time: NEAR_MONDAY + time * 1_000, price: time })));
  const starts = (records: readonly { interval: string; numbers: Float64Array }[]) =>
    records.filter(({ interval }) => interval === "1s")
      .map(({ numbers }) => (numbers[0]! - NEAR_MONDAY) / 1_000);

  test("Market gives each changed bar that it drops once, with the ticks in it", () => {
    const market = marketOf(seconds(0, 1, 2, 3, 4, 5, 6, 7), 2);
    const dropped = market.takeDropped();
    assert.deepEqual(starts(dropped.bars), [0, 1, 2, 3]);
    assert.deepEqual(dropped.late, []);
    assert.deepEqual(market.takeDropped(), { bars: [], late: [], since: Infinity });
    assert.deepEqual(starts(market.takeChanges().bars), [4, 5, 6, 7]);
    const [late] = seconds(2);
    market.apply({ ...late!, seq: 9 });
    const { bars, late: ticks } = market.takeDropped();
    assert.deepEqual(bars, []);
    assert.ok(ticks.some(({ interval, tick }) => interval === "1s" && tick.seq === 9));
  });

  test("Market does not give a dropped bar whose changes were already taken", () => {
    const market = marketOf(seconds(0, 1), 2);
    market.takeChanges();
    for (const [index, each] of seconds(2, 3, 4, 5).entries()) {
      market.apply({ ...each, seq: 3 + index });
    }
    // The next tick closed the bar of second 1.
    assert.deepEqual(starts(market.takeDropped().bars), [1]);
  });

  test("Market gives its changes in parts, each with the seq up to which the parts are complete", () => {
    const names = ["A", "B", "C", "D"];
    const market = marketOf(taped(names.map((symbol) => tick({ symbol }))));
    const parts = [market.takeChanges(5)];
    while (parts.at(-1)!.seq < 4) parts.push(market.takeChanges(5));
    const seqs = parts.map(({ seq }) => seq);
    assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b));
    assert.equal(seqs[0], 0);
    assert.ok(parts.length >= names.length);
    const symbols = parts.flatMap(({ newest }) => newest.map(({ symbol }) => symbol));
    assert.deepEqual(symbols, names);
    const bars = parts.flatMap(({ bars }) => bars);
    assert.equal(bars.length, names.length * INTERVALS.length);
  });
});
