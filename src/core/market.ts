import type { Bar, BarRange, BarRecord, LateTick, ReplacedSpan } from "./bar.ts";
import { BarSeries } from "./bar_series.ts";
import { Board, type Newest } from "./board.ts";
import type { GivenBar } from "./given_bar.ts";
import { type ChangedBar, GivenBars, newestClose, type OlderBars } from "./given_bars.ts";
import {
  Catalogue,
  type Gone,
  type InstrumentFields,
  type InstrumentRecord,
} from "./instrument.ts";
import { type Interval, INTERVALS } from "./interval.ts";
import type { DroppedChanges, MarketChanges, MarketState } from "./market_state.ts";
import type { TapedTick } from "./tick.ts";

export interface MarketOptions {
  /** Minimum number of bars to keep per interval and symbol. */
  readonly barsKept: number;
  /** Whether to note changes, for a caller that takes them (true). */
  readonly stored?: boolean;
  /** Finds bars that are not held; without it they count as absent. */
  readonly older?: OlderBars | undefined;
}

/** A bar that the clock has closed. */
export type ClosedBar = ChangedBar;

/**
 * Everything that is derived from the tape: the catalogue, the board and the bars. The same ticks
 * in the same order give the same state, bit for bit. The market has no clock: the caller passes
 * the time of day to `advance`.
 */
export class Market {
  readonly catalogue = new Catalogue();
  readonly #bars = new Map<string, readonly BarSeries[]>();
  readonly #board: Board;
  readonly #barsKept: number;
  readonly #stored: boolean;
  /** `seq` of the first change that was not taken, by symbol, the oldest first. */
  readonly #changed = new Map<string, number>();
  /** Series with changes of bars that they no longer hold. */
  readonly #dropping = new Set<BarSeries>();
  readonly #corrections = new Map<string, number>();
  #droppedSince = Infinity;
  readonly #given: GivenBars;
  #seq = 0;

  constructor({ barsKept, stored = true, older }: MarketOptions) {
    this.#barsKept = barsKept;
    this.#stored = stored;
    this.#given = new GivenBars((symbol) => this.#seriesOf(symbol), older);
    this.#board = new Board({
      instrument: (symbol) => this.catalogue.get(symbol),
      days: (symbol) => this.#series(symbol, "1d"),
    });
  }

  /** `seq` up to which everything was applied; 0 before the first tick. */
  get seq(): number {
    return this.#seq;
  }

  get board(): Pick<Board, "has" | "row"> {
    return this.#board;
  }

  /** Adds an instrument or changes the given fields. @throws {RangeError} for a malformed symbol */
  define(symbol: string, fields: InstrumentFields): void {
    this.catalogue.define(symbol, fields);
    this.#board.refresh(symbol);
    this.#note(symbol);
  }

  apply(tick: TapedTick): void {
    if (this.#given.seqOf(tick.symbol) > 0) {
      this.#given.add(tick);
      if (this.#given.hasOlder) this.#noteDropped(tick.symbol, tick.seq);
    } else {
      for (const series of this.#seriesOf(tick.symbol)) {
        series.apply(tick);
        if (series.notes.dropped === 0) continue;
        this.#dropping.add(series);
        this.#noteDropped(tick.symbol, tick.seq);
      }
    }
    this.catalogue.observe(tick.symbol, tick.price);
    this.#board.apply(tick);
    this.#seq = tick.seq;
    this.#note(tick.symbol);
  }

  /**
   * Replaces bars by given bars; later ticks are added to them. Take dropped changes before.
   * @param time when they were logged
   * @returns the bars that have changed, including coarser ones
   */
  give(bars: readonly GivenBar[], seq: number, time: number): ChangedBar[] {
    const changed: ChangedBar[] = [];
    for (const [symbol, own] of Map.groupBy(bars, (bar) => bar.symbol)) {
      const { changed: others, fresh } = this.#given.give(own, seq, time);
      for (const change of others) changed.push(change);
      if (this.#given.hasOlder) this.#noteDropped(symbol, seq);
      for (const { open, high, low, close } of fresh) {
        for (const price of [open, high, low, close]) this.catalogue.observe(symbol, price);
      }
      if (fresh.length === 0) continue;
      this.#board.give(newestClose(fresh, time), seq);
      this.corrected(symbol);
    }
    this.#seq = seq;
    for (const { symbol } of bars) this.#note(symbol);
    return changed;
  }

  /** `seq` of the last given bars, of all symbols or of one. */
  get given(): Pick<GivenBars, "last" | "seqOf"> {
    return this.#given;
  }

  /** Notes that no tick up to a seq is left to apply. */
  pass(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
  }

  /**
   * Takes the changes of bars that are no longer held. The market does not find these bars, so the
   * tape must take them soon after each tick.
   */
  takeDropped(): DroppedChanges {
    const since = this.#droppedSince;
    this.#droppedSince = Infinity;
    const bars: BarRecord[] = [];
    const late: LateTick[] = [];
    for (const series of this.#dropping) {
      const dropped = series.notes.takeDropped();
      for (const bar of dropped.bars) bars.push(bar);
      for (const tick of dropped.late) late.push(tick);
    }
    this.#dropping.clear();
    if (this.#given.hasOlder) { for (const bar of this.#given.takeOlder()) bars.push(bar); }
    return { bars, late, since };
  }

  /** Takes the changes since the last call, the oldest first, and about `max` of them. */
  takeChanges(max = Infinity): MarketChanges {
    const instruments: (InstrumentRecord | Gone)[] = [];
    const newest: (Newest | Gone)[] = [];
    const bars: BarRecord[] = [];
    let left = max;
    let since = Infinity;
    for (const [symbol, firstOfIt] of this.#changed) {
      if (left <= 0) break;
      since = Math.min(since, firstOfIt);
      instruments.push(...some(this.catalogue.takeChange(symbol)));
      newest.push(...some(this.#board.takeChange(symbol)));
      left -= 2;
      for (const series of this.#bars.get(symbol) ?? []) {
        if (left <= 0) break;
        const changes = series.takeChanges(left);
        for (const bar of changes) bars.push(bar);
        left -= changes.length;
      }
      if (left > 0) this.#changed.delete(symbol);
    }
    const [first = this.#seq + 1] = this.#changed.values();
    return { seq: Math.max(0, first - 1), instruments, newest, bars, since };
  }

  /** Loads the stored state. Call it first. */
  restore({ seq, instruments, newest, bars }: MarketState): void {
    this.#seq = seq;
    for (const instrument of instruments) this.catalogue.restore(instrument);
    for (const each of newest) {
      this.#board.restore(each);
      if (each.given !== undefined) this.#given.note(each.symbol, each.given);
    }
    const records = Map.groupBy(bars, ({ symbol, interval }) => `${interval} ${symbol}`);
    for (const series of records.values()) {
      const { symbol, interval } = series[0]!;
      const at = INTERVALS.indexOf(interval);
      this.#seriesOf(symbol)[at]!.restore(series.map(({ numbers }) => numbers));
    }
  }

  /** Closes the bars whose end has passed and that got no tick lately. @param now time of day */
  advance(now: number): ClosedBar[] {
    const closed: ClosedBar[] = [];
    for (const [symbol, bars] of this.#bars) {
      for (const series of bars) {
        const time = series.advance(now);
        if (time === undefined) continue;
        closed.push({ symbol, interval: series.interval, time });
        this.#note(symbol);
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

  /** Event time of the newest tick in the bar that starts at the given time, if it is held. */
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

  /** Notes a dropped change. It can be older than the tick that caused the drop. */
  #noteDropped(symbol: string, seq: number): void {
    const since = this.#changed.get(symbol) ?? seq;
    this.#droppedSince = Math.min(this.#droppedSince, since);
  }

  /** Whether the market holds the bar that starts at a time, if that bar exists. */
  holds(symbol: string, interval: Interval, time: number): boolean {
    return time >= (this.#series(symbol, interval)?.heldFrom ?? -Infinity);
  }

  /** Copies of the records of held bars that start in `from <= time < to`. */
  records(symbol: string, interval: Interval, from: number, to: number): Float64Array[] {
    return this.#series(symbol, interval)?.records(from, to) ?? [];
  }

  /** Replaces the records of held bars. */
  replaceBars(symbol: string, interval: Interval, spans: readonly ReplacedSpan[]): void {
    this.#series(symbol, interval)?.replace(spans);
    this.#board.refresh(symbol);
    this.#note(symbol);
  }

  /** Number of older bars that should be held too, if they exist; load them with `prependBars`. */
  barsLacking(symbol: string, interval: Interval): number {
    return this.#series(symbol, interval)?.lacking ?? 0;
  }

  /** Adds records of older bars: as many as are lacking, or all that exist. */
  prependBars(symbol: string, interval: Interval, records: readonly Float64Array[]): void {
    this.#series(symbol, interval)?.prepend(records);
    this.#board.refresh(symbol);
    this.#note(symbol);
  }

  /** The newest observation of a symbol. */
  newest(symbol: string): Newest | undefined {
    return this.#board.newest(symbol);
  }

  replaceNewest(symbol: string, newest: Newest | undefined): void {
    this.#board.replace(symbol, newest);
    this.#note(symbol);
  }

  /** Counts a correction or given bars of a symbol. Data derived from its bars is then outdated. */
  corrected(symbol: string): void {
    this.#corrections.set(symbol, this.correctionsOf(symbol) + 1);
  }

  /** Number of corrections and given bars of a symbol since the process began. */
  correctionsOf(symbol: string): number {
    return this.#corrections.get(symbol) ?? 0;
  }

  /** Removes all data of a symbol. */
  remove(symbol: string): void {
    this.#bars.delete(symbol);
    this.#given.forget(symbol);
    this.#board.replace(symbol, undefined);
    this.catalogue.remove(symbol);
    this.#note(symbol);
  }

  #note(symbol: string): void {
    if (this.#stored && !this.#changed.has(symbol)) this.#changed.set(symbol, this.#seq);
  }

  #seriesOf(symbol: string): readonly BarSeries[] {
    let bars = this.#bars.get(symbol);
    if (bars === undefined) {
      const depth = this.#barsKept;
      bars = INTERVALS.map((name) => new BarSeries(symbol, name, depth, this.#stored));
      this.#bars.set(symbol, bars);
    }
    return bars;
  }

  #series(symbol: string, interval: Interval): BarSeries | undefined {
    return this.#bars.get(symbol)?.[INTERVALS.indexOf(interval)];
  }
}

function some<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}
