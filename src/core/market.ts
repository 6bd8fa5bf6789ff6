import type { Bar, BarRange, BarRecord } from "./bar.ts";
import { BarSeries } from "./bar_series.ts";
import { Board, type Newest } from "./board.ts";
import { Catalogue, type InstrumentFields, type InstrumentRecord } from "./instrument.ts";
import { type Interval, INTERVALS } from "./interval.ts";
import type { TapedTick, Tick } from "./tick.ts";

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

/** A tick of a bar that is older than those the market holds. */
export interface LateTick {
  readonly interval: Interval;
  readonly tick: Tick;
}

/** What follows from the ticks up to `seq`, or what has changed of it, as it is stored. */
export interface MarketState {
  readonly seq: number;
  readonly instruments: readonly InstrumentRecord[];
  readonly newest: readonly Newest[];
  /** Of each series the newest ones, oldest first. */
  readonly bars: readonly BarRecord[];
}

export interface MarketChanges extends MarketState {
  readonly late: readonly LateTick[];
}

/** So many late ticks are noted between two savings; it takes a flood of old data to have more. */
const LATE_MAX = 1_000_000;

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
  #late: LateTick[] = [];
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
    for (const series of this.#seriesOf(tick.symbol)) {
      if (series.apply(tick) || this.#late.length >= LATE_MAX) continue;
      this.#late.push({ interval: series.interval, tick });
    }
    this.catalogue.observe(tick.symbol, tick.price);
    this.#board.apply(tick);
    this.#seq = tick.seq;
  }

  /** Whether something is known to `takeChanges` alone. */
  get hasDropped(): boolean {
    return this.#late.length > 0 ||
      [...this.#bars.values()].some((bars) => bars.some((series) => series.hasDropped));
  }

  /** What has changed since the last call. */
  takeChanges(): MarketChanges {
    const late = this.#late;
    this.#late = [];
    return {
      seq: this.#seq,
      instruments: this.catalogue.takeChanges(),
      newest: this.#board.takeChanges(),
      bars: [...this.#bars.values()].flatMap((bars) => bars.flatMap((each) => each.takeChanges())),
      late,
    };
  }

  /** Takes over what was stored, before anything else. */
  restore({ seq, instruments, newest, bars }: MarketState): void {
    this.#seq = seq;
    for (const instrument of instruments) this.catalogue.restore(instrument);
    for (const each of newest) this.#board.restore(each);
    const records = Map.groupBy(bars, ({ symbol, interval }) => `${interval} ${symbol}`);
    for (const series of records.values()) {
      const { symbol, interval } = series[0]!;
      const at = INTERVALS.indexOf(interval);
      this.#seriesOf(symbol)[at]!.restore(series.map(({ numbers }) => numbers));
    }
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

  /** Closes the newest bar of a symbol, as the clock would. @returns whether it was forming */
  closeBar(symbol: string, interval: Interval): boolean {
    return this.#series(symbol, interval)?.close() !== undefined;
  }

  /** The bar of a symbol that starts at the given time. */
  bar(symbol: string, interval: Interval, time: number): Bar | undefined {
    return this.#series(symbol, interval)?.at(time);
  }

  /** Event time of the newest tick in the bar of a symbol that starts at the given time, if it is held. */
  lastTickAt(symbol: string, interval: Interval, time: number): number | undefined {
    return this.#series(symbol, interval)?.lastTickAt(time);
  }

  /** The newest bar of a symbol, forming or closed. */
  newestBar(symbol: string, interval: Interval): Bar | undefined {
    return this.#series(symbol, interval)?.newest();
  }

  /** The oldest bar of a symbol that is held. */
  oldestBar(symbol: string, interval: Interval): Bar | undefined {
    return this.#series(symbol, interval)?.oldest();
  }

  bars(symbol: string, interval: Interval, range: BarRange): Bar[] {
    return this.#series(symbol, interval)?.range(range) ?? [];
  }

  #seriesOf(symbol: string): readonly BarSeries[] {
    let bars = this.#bars.get(symbol);
    if (bars === undefined) {
      bars = INTERVALS.map((name) => new BarSeries(symbol, name, this.#barsKept));
      this.#bars.set(symbol, bars);
    }
    return bars;
  }

  #series(symbol: string, interval: Interval): BarSeries | undefined {
    return this.#bars.get(symbol)?.[INTERVALS.indexOf(interval)];
  }
}
