import { type Bar, type BarRange, BarSeries } from "./bar.ts";
import { Board } from "./board.ts";
import { Catalogue, type InstrumentFields } from "./instrument.ts";
import { type Interval, INTERVALS } from "./interval.ts";
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

/**
 * Everything that follows from the tape: the catalogue, the board and the bars.
 * Applying the same ticks in the same order gives the same state, bit for bit: there is no clock in
 * here, the time of day is told by `advance`.
 */
export class Market {
  readonly catalogue = new Catalogue();
  readonly #bars = new Map<string, readonly BarSeries[]>();
  readonly #board: Board;
  readonly #barsKept: number;
  #seq = 0;

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
    let bars = this.#bars.get(tick.symbol);
    if (bars === undefined) {
      bars = INTERVALS.map((name) => new BarSeries(tick.symbol, name, this.#barsKept));
      this.#bars.set(tick.symbol, bars);
    }
    for (const series of bars) series.apply(tick);
    this.catalogue.observe(tick.symbol, tick.price);
    this.#board.apply(tick);
    this.#seq = tick.seq;
  }

  /** Tells the time of day and closes the bars that have passed their end and got no tick of late. */
  advance(now: number): ClosedBar[] {
    const closed: ClosedBar[] = [];
    for (const [symbol, bars] of this.#bars) {
      for (const series of bars) {
        const time = series.advance(now);
        if (time !== undefined) closed.push({ symbol, interval: series.interval, time });
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
    return this.#bars.get(symbol)?.[INTERVALS.indexOf(interval)];
  }
}
