import {
  addTick,
  type BarRecord,
  FINER,
  MADE_OF,
  REVISED,
  reviseRecord,
  STATE,
  TICKS,
  TIME,
} from "./bar.ts";
import type { BarSeries } from "./bar_series.ts";
import type { GivenBar } from "./given_bar.ts";
import {
  addFiner,
  closeTimeOf,
  emptyNumbers,
  givenNumbers,
  givenSeq,
  isEmpty,
  isSameBar,
  isSameGiven,
  lacks,
} from "./given_record.ts";
import { type Interval, INTERVALS, lengthOf, startOf } from "./interval.ts";
import type { TapedTick } from "./tick.ts";

/** Finds bars that no series holds any more. */
export interface OlderBars {
  /** The record of a bar. Do not change it. */
  find(symbol: string, interval: Interval, time: number): Float64Array | undefined;
}

/** A bar that has changed. */
export interface ChangedBar {
  readonly symbol: string;
  readonly interval: Interval;
  readonly time: number;
}

/** The result of giving bars of one symbol. */
export interface Given {
  /** The bars that have changed, including coarser bars made of them. */
  readonly changed: ChangedBar[];
  /** The given bars that are new or have other values than before. */
  readonly fresh: readonly GivenBar[];
}

/** The newest close of given bars. */
export interface GivenClose {
  readonly symbol: string;
  readonly time: number;
  readonly price: number;
}

/**
 * The bars of symbols with given bars. A given bar replaces the bar that was there, and later ticks
 * are added to it. A coarser bar that was not given itself is made of the bars of the next finer
 * interval, as soon as one of those was given or is made of given bars. So no volume counts twice,
 * and a bar is the sum of its parts wherever it has parts.
 */
export class GivenBars {
  /** `seq` of the last given bars of any symbol. */
  last = 0;
  readonly #seriesOf: (symbol: string) => readonly BarSeries[];
  readonly #older: OlderBars | undefined;
  /** `seq` of the last given bars of each symbol that has some. */
  readonly #given = new Map<string, number>();
  /** Changed bars that are not held and were not taken yet, by series and start. */
  readonly #changed = new Map<BarSeries, Map<number, Float64Array>>();

  /** @param older finds stored bars; it is asked only for bars that are not held here */
  constructor(
    seriesOf: (symbol: string) => readonly BarSeries[],
    older: OlderBars | undefined,
  ) {
    this.#seriesOf = seriesOf;
    this.#older = older;
  }

  /** `seq` of the last given bars of a symbol; 0 if there are none. */
  seqOf(symbol: string): number {
    return this.#given.get(symbol) ?? 0;
  }

  /** Notes that bars of a symbol were given. */
  note(symbol: string, seq: number): void {
    this.#given.set(symbol, seq);
    this.last = Math.max(this.last, seq);
  }

  /** Forgets a removed symbol. */
  forget(symbol: string): void {
    this.#given.delete(symbol);
  }

  /** Whether bars have changed that are not held. */
  get hasOlder(): boolean {
    return this.#changed.size > 0;
  }

  /** Takes the changed bars that are not held. */
  takeOlder(): BarRecord[] {
    const taken = [...this.#changed].flatMap(([{ symbol, interval }, records]) =>
      [...records.values()].map((numbers) => ({ symbol, interval, numbers }))
    );
    this.#changed.clear();
    return taken;
  }

  /**
   * Replaces bars of one symbol by given bars. Of two with the same start the later one counts. A
   * bar that was given before with the same values changes nothing. The caller must first take the
   * changes that the series have dropped.
   */
  give(bars: readonly GivenBar[], seq: number, loggedAt: number): Given {
    const { symbol } = bars[0]!;
    const series = this.#seriesOf(symbol);
    this.note(symbol, seq);
    const changed: ChangedBar[] = [];
    const fresh: GivenBar[] = [];
    const coarser = series.map(() => new Set<number>());
    for (const bar of newestOfEach(bars)) {
      const index = INTERVALS.indexOf(bar.interval);
      const own = series[index]!;
      const known = this.#find(own, bar.time);
      const numbers = givenNumbers(bar, seq, loggedAt);
      const knownSeq = known && givenSeq(known);
      // After a restart the log repeats bars that are already stored.
      const isAgain = knownSeq !== undefined && knownSeq >= seq;
      if (knownSeq !== undefined && !isAgain && isSameGiven(known!, numbers)) continue;
      fresh.push(bar);
      if (!isAgain && this.#put(own, numbers)) changed.push(changeOf(own, bar.time));
      addParent(series, coarser, index, bar.time);
    }
    for (const [index, own] of series.entries()) {
      for (const time of coarser[index]!) {
        const known = this.#find(own, time);
        if (known !== undefined && givenSeq(known) !== undefined) continue;
        if (this.#compose(series, index, time)) changed.push(changeOf(own, time));
        addParent(series, coarser, index, time);
      }
    }
    return { changed, fresh };
  }

  /** Adds a tick to the bars of a symbol with given bars. */
  add(tick: TapedTick): void {
    const series = this.#seriesOf(tick.symbol);
    for (const [index, own] of series.entries()) {
      const start = startOf(own.interval, tick.time);
      if (start >= own.heldFrom) {
        if (own.madeOf(start) !== FINER) {
          own.apply(tick);
          this.#takeDropped(own);
          continue;
        }
      } else {
        const known = this.#find(own, start);
        if (known?.[MADE_OF] !== FINER) {
          this.#keep(own, reviseRecord(own.interval, known, tick));
          continue;
        }
      }
      this.#compose(series, index, start, tick);
    }
  }

  /**
   * Makes a bar again from the finer bars.
   * @param tick the only change, if the bar may stay and take it where finer bars are lacking
   * @returns whether the bar has changed
   */
  #compose(
    series: readonly BarSeries[],
    index: number,
    start: number,
    tick?: TapedTick,
  ): boolean {
    const own = series[index]!;
    const finer = series[index - 1]!;
    const numbers = emptyNumbers(start);
    const end = start + lengthOf(own.interval);
    const step = lengthOf(finer.interval);
    const { heldFrom } = finer;
    for (let time = start; time < Math.min(end, heldFrom); time += step) {
      const older = this.#find(finer, time);
      if (older !== undefined) addFiner(numbers, older);
    }
    if (end > heldFrom) finer.addTo(numbers, Math.max(start, heldFrom), end);
    const known = tick && this.#find(own, start);
    if (known !== undefined && lacks(numbers, known)) {
      return this.#put(own, withTick(known, tick!));
    }
    return !isEmpty(numbers) && this.#put(own, numbers);
  }

  /** The record of a bar. It may be a view, so read it at once. */
  #find(series: BarSeries, time: number): Float64Array | undefined {
    if (time >= series.heldFrom) return series.record(time);
    return this.#changed.get(series)?.get(time) ??
      this.#older?.find(series.symbol, series.interval, time);
  }

  /** @returns whether the bar has changed */
  #put(series: BarSeries, numbers: Float64Array): boolean {
    if (numbers[TIME]! >= series.heldFrom) {
      const isChanged = series.set(numbers);
      this.#takeDropped(series);
      if (isChanged !== undefined) return isChanged;
    }
    const known = this.#find(series, numbers[TIME]!);
    if (known !== undefined && isSameBar(numbers, known)) return false;
    this.#keep(series, numbers);
    return true;
  }

  #keep(series: BarSeries, numbers: Float64Array): void {
    numbers[STATE] = REVISED;
    let records = this.#changed.get(series);
    if (records === undefined) this.#changed.set(series, records = new Map());
    records.set(numbers[TIME]!, numbers);
  }

  #takeDropped(series: BarSeries): void {
    if (series.notes.dropped === 0) return;
    let records = this.#changed.get(series);
    if (records === undefined) this.#changed.set(series, records = new Map());
    const { bars, late } = series.notes.takeDropped();
    for (const { numbers } of bars) records.set(numbers[TIME]!, numbers);
    // A series can drop its oldest bar to make room for a tick of that bar.
    for (const { tick } of late) {
      const known = this.#find(series, startOf(series.interval, tick.time));
      this.#keep(series, reviseRecord(series.interval, known, tick));
    }
  }
}

/** A bar of finer bars with a tick that it takes itself. */
function withTick(known: Float64Array, tick: TapedTick): Float64Array {
  const numbers = known.slice();
  numbers[MADE_OF] = TICKS;
  addTick(numbers, 0, tick);
  numbers[MADE_OF] = FINER;
  return numbers;
}

function addParent(
  series: readonly BarSeries[],
  coarser: readonly Set<number>[],
  index: number,
  time: number,
): void {
  const parent = series[index + 1];
  if (parent !== undefined) coarser[index + 1]!.add(startOf(parent.interval, time));
}

function changeOf({ symbol, interval }: BarSeries, time: number): ChangedBar {
  return { symbol, interval, time };
}

/** The last one of bars with equal interval and start, sorted by time, coarser bars first. */
function newestOfEach(bars: readonly GivenBar[]): readonly GivenBar[] {
  const isOrdered = bars.every((bar, index) => {
    const before = bars[index - 1];
    return before === undefined || (before.interval === bar.interval && before.time < bar.time);
  });
  if (isOrdered) return bars;
  const newest = new Map(bars.map((bar) => [`${bar.interval} ${bar.time}`, bar]));
  return [...newest.values()].sort((a, b) =>
    a.time - b.time || lengthOf(b.interval) - lengthOf(a.interval)
  );
}

/** The newest close of bars by event time; of equal times the last one. */
export function newestClose(bars: readonly GivenBar[], loggedAt: number): GivenClose {
  let newest = { symbol: bars[0]!.symbol, time: -Infinity, price: NaN };
  for (const bar of bars) {
    const time = closeTimeOf(bar, loggedAt);
    if (time >= newest.time) newest = { symbol: bar.symbol, time, price: bar.close };
  }
  return newest;
}
