import { type Bar, type BarRange, BarSeries } from "./bar.ts";
import { Board } from "./board.ts";
import { Catalogue, type InstrumentFields } from "./instrument.ts";
import { type Interval, INTERVALS, lengthOf } from "./interval.ts";
import type { TapedTick } from "./tick.ts";

export interface MarketOptions {
  /** How many bars of each interval and symbol are kept at least. */
  readonly barsKept: number;
}

/** A bar that the clock has closed. */
export interface ClosedBar {
  readonly symbol: string;
  readonly interval: Interval;
  readonly time: number;
}

/** How long after a bar's last tick the clock may close it. */
const QUIET_MS = 1_000;

interface SymbolState {
  readonly series: readonly BarSeries[];
  /** When the clock last stood still before the symbol's newest tick was applied. */
  touchedAt: number;
}

/**
 * Everything that follows from the tape: the catalogue, the board and the bars.
 * Applying the same ticks in the same order gives the same state, bit for bit: there is no clock in
 * here, the time of day is told by `advance`.
 */
export class Market {
  readonly catalogue = new Catalogue();
  readonly #symbols = new Map<string, SymbolState>();
  readonly #board: Board;
  readonly #barsKept: number;
  #seq = 0;
  #now = -Infinity;

  constructor({ barsKept }: MarketOptions) {
    this.#barsKept = barsKept;
    this.#board = new Board({
      instrument: (symbol) => this.catalogue.get(symbol),
      days: (symbol) => this.#series(symbol, "1d"),
    });
  }

  /** `seq` of the newest tick applied; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  get board(): Pick<Board, "has" | "row"> {
    return this.#board;
  }

  /** Adds an instrument or changes the fields given. @throws {RangeError} for a malformed symbol */
  define(symbol: string, fields: InstrumentFields): void {
    this.catalogue.define(symbol, fields);
    this.#board.refresh(symbol);
  }

  apply(tick: TapedTick): void {
    let state = this.#symbols.get(tick.symbol);
    if (state === undefined) {
      const series = INTERVALS.map((name) => new BarSeries(tick.symbol, name, this.#barsKept));
      state = { series, touchedAt: this.#now };
      this.#symbols.set(tick.symbol, state);
    }
    state.touchedAt = this.#now;
    for (const series of state.series) series.apply(tick);
    this.catalogue.observe(tick.symbol, tick.price);
    this.#board.apply(tick);
    this.#seq = tick.seq;
  }

  /** Tells the time of day and closes the bars that have passed their end and got no tick of late. */
  advance(now: number): ClosedBar[] {
    this.#now = now;
    const closed: ClosedBar[] = [];
    for (const [symbol, { series, touchedAt }] of this.#symbols) {
      if (now - touchedAt < QUIET_MS) continue;
      for (const bars of series) {
        if (!bars.forming || now < bars.newestTime! + lengthOf(bars.interval)) continue;
        const time = bars.close();
        if (time !== undefined) closed.push({ symbol, interval: bars.interval, time });
      }
    }
    return closed;
  }

  /** The bar of a symbol that starts at the given time. */
  bar(symbol: string, interval: Interval, time: number): Bar | undefined {
    return this.#series(symbol, interval)?.at(time);
  }

  /** The newest bar of a symbol, forming or closed. */
  newestBar(symbol: string, interval: Interval): Bar | undefined {
    return this.#series(symbol, interval)?.newest();
  }

  bars(symbol: string, interval: Interval, range: BarRange): Bar[] {
    return this.#series(symbol, interval)?.range(range) ?? [];
  }

  #series(symbol: string, interval: Interval): BarSeries | undefined {
    return this.#symbols.get(symbol)?.series[INTERVALS.indexOf(interval)];
  }
}
