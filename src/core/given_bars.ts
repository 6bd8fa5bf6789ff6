import {
  addTick,
  type BarRecord,
  FINER,
  firstNumbers,
  MADE_OF,
  REVISED,
  STATE,
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
} from "./given_record.ts";
import { type Interval, INTERVALS, lengthOf, startOf } from "./interval.ts";
import type { TapedTick } from "./tick.ts";

/** Bars that are no longer held. */
export interface OlderBars {
  /** The record of a bar, which must not be changed. */
  find(symbol: string, interval: Interval, time: number): Float64Array | undefined;
}

/** A bar that is another one now. */
export interface ChangedBar {
  readonly symbol: string;
  readonly interval: Interval;
  readonly time: number;
}

/** What was given of a symbol at once. */
export interface Given {
  /** The bars that are other ones now, those made of them too. */
  readonly changed: ChangedBar[];
  /** Those that were not given before just so. */
  readonly fresh: readonly GivenBar[];
}

/** The newest close of given bars. */
export interface GivenClose {
  readonly symbol: string;
  readonly time: number;
  readonly price: number;
}

/**
 * The bars of symbols of which some were given. A given bar replaces what there was of it, and ticks that come
 * later add to it. A coarser bar that was not given itself is made of those of the next finer interval as soon
 * as one of them was given, or is made of given ones: so no volume counts twice, and a bar is the sum of its
 * parts wherever there are some.
 */
export class GivenBars {
  /** The seq at which any bars were given last. */
  last = 0;
  readonly #seriesOf: (symbol: string) => readonly BarSeries[];
  readonly #older: OlderBars | undefined;
  /** Symbols of which bars were given, each with the seq of the last ones. */
  readonly #given = new Map<string, number>();
  /** Bars that are not held and have changed since they were taken, by series and start. */
  readonly #changed = new Map<BarSeries, Map<number, Float64Array>>();

  /** @param older finds bars that no series holds and nobody has changed since they were taken */
  constructor(
    seriesOf: (symbol: string) => readonly BarSeries[],
    older: OlderBars | undefined,
  ) {
    this.#seriesOf = seriesOf;
    this.#older = older;
  }

  /** The seq at which bars of a symbol were given last; 0 when there never were any. */
  seqOf(symbol: string): number {
    return this.#given.get(symbol) ?? 0;
  }

  /** Says that bars of a symbol were given. */
  note(symbol: string, seq: number): void {
    this.#given.set(symbol, seq);
    this.last = Math.max(this.last, seq);
  }

  /** The symbol is gone. */
  forget(symbol: string): void {
    this.#given.delete(symbol);
  }

  /** Whether something has changed that is not held. */
  get hasOlder(): boolean {
    return this.#changed.size > 0;
  }

  /** Takes what has changed of bars that are not held. */
  takeOlder(): BarRecord[] {
    const taken = [...this.#changed].flatMap(([{ symbol, interval }, records]) =>
      [...records.values()].map((numbers) => ({ symbol, interval, numbers }))
    );
    this.#changed.clear();
    return taken;
  }

  /**
   * Puts bars of one symbol in the place of what there was of them; of two of the same start the later one
   * counts, and one that was given before, just so, changes nothing. What the series have dropped must have
   * been taken.
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
      // What was stored already is told of again after a start.
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

  /** Adds a tick to the bars of a symbol of which some were given. */
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
          this.#keep(own, withTick(known, start, tick));
          continue;
        }
      }
      this.#compose(series, index, start);
    }
  }

  /** Makes a bar of the finer ones anew. @returns whether it has changed */
  #compose(series: readonly BarSeries[], index: number, start: number): boolean {
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
    return !isEmpty(numbers) && this.#put(own, numbers);
  }

  /** The record of a bar, to be read at once. */
  #find(series: BarSeries, time: number): Float64Array | undefined {
    if (time >= series.heldFrom) return series.record(time);
    return this.#changed.get(series)?.get(time) ??
      this.#older?.find(series.symbol, series.interval, time);
  }

  /** @returns whether that has changed the bar */
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
    // The oldest bar had to make room for its own tick.
    for (const { tick } of late) {
      const start = startOf(series.interval, tick.time);
      this.#keep(series, withTick(this.#find(series, start), start, tick));
    }
  }
}

function withTick(known: Float64Array | undefined, start: number, tick: TapedTick): Float64Array {
  if (known === undefined) return new Float64Array(firstNumbers(start, tick, REVISED));
  const numbers = known.slice();
  addTick(numbers, 0, tick);
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

/** Of bars of the same start the last one, in the order of time, finer ones behind coarser ones. */
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

/** The newest of the closes of bars by event time, of equal ones the last. */
export function newestClose(bars: readonly GivenBar[], loggedAt: number): GivenClose {
  let newest = { symbol: bars[0]!.symbol, time: -Infinity, price: NaN };
  for (const bar of bars) {
    const time = closeTimeOf(bar, loggedAt);
    if (time >= newest.time) newest = { symbol: bar.symbol, time, price: bar.close };
  }
  return newest;
}
