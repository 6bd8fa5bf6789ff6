import {
  addTick,
  countOf,
  FINER,
  firstNumbers,
  FORMING,
  MADE_OF,
  REVISED,
  SEQ,
  STATE,
  TICKS,
  TIME,
} from "../core/bar.ts";
import {
  addFiner,
  emptyNumbers,
  givenSeq,
  isEmpty,
  isSameBar,
  lacks,
  mergedNumbers,
  takeBack,
} from "../core/given_record.ts";
import { cancels, type TapedCorrection } from "../core/correction.ts";
import { type Interval, INTERVALS, lengthOf, startOf } from "../core/interval.ts";
import type { Market } from "../core/market.ts";
import type { TapedTick } from "../core/tick.ts";
import type { StoredTape } from "../tape/stored_tape.ts";

/**
 * Bars up to this interval are made of ticks, longer ones of the next shorter bars. So no
 * correction has to read a week of ticks.
 */
const OF_TICKS: Interval = "1m";

/** More than the number of next shorter bars in any bar. */
const BARS_MAX = 1_000;

/** The effect of a correction on the bars of one interval. */
export interface Reckoned {
  readonly interval: Interval;
  /** Bars that start in `from <= time < to` are removed, except `left`, the oldest first. */
  readonly gone: { readonly from: number; readonly to: number };
  readonly left: readonly Float64Array[];
  /** Changed bars by start; `undefined` for a bar that no longer exists. */
  readonly changed: ReadonlyMap<number, Float64Array | undefined>;
}

export interface ReckonerOptions {
  readonly market: Market;
  readonly tape: StoredTape;
  /** The correction, which the tape does not apply yet. */
  readonly correction: TapedCorrection;
  /** Whether stored bars can already contain this correction and later entries. */
  readonly isAgain: boolean;
}

/**
 * Computes the bars of a symbol without the cancelled ticks. A bar stays as it is if some of its
 * ticks are no longer kept, because then its new value is unknown.
 */
export class Reckoner {
  readonly #options: ReckonerOptions;
  readonly #seq: number;
  readonly #span: { readonly from: number; readonly to: number };
  /** Event times of the cancelled ticks, or the ends of the cancelled span. */
  readonly #times: readonly number[];
  readonly #reckoned = new Map<Interval, Reckoned>();
  readonly #minutes = new Map<number, readonly TapedTick[]>();

  constructor(options: ReckonerOptions) {
    const { correction: { seq, seqs, from = -Infinity, to = Infinity } } = options;
    this.#options = options;
    this.#seq = seq;
    this.#span = seqs === undefined ? { from, to } : { from: 0, to: 0 };
    this.#times = seqs === undefined ? [from, to].filter(Number.isFinite) : this.#timesOf();
  }

  /** The effects on all intervals, the shortest first. */
  all(): Reckoned[] {
    for (const interval of INTERVALS) this.#reckoned.set(interval, this.#reckon(interval));
    return [...this.#reckoned.values()];
  }

  #reckon(interval: Interval): Reckoned {
    const gone = wholeIn(interval, this.#span);
    const changed = new Map<number, Float64Array | undefined>();
    for (const start of new Set(this.#times.map((time) => startOf(interval, time)))) {
      if (start >= gone.from && start < gone.to) continue;
      const [known] = this.#known(interval, start, start + lengthOf(interval));
      const bar = known !== undefined && known[MADE_OF] !== TICKS
        ? this.#ofGiven(interval, known)
        : known !== undefined && known[SEQ]! >= this.#seq
        ? known
        : isOfTicks(interval)
        ? this.#ofTicks(interval, start, known)
        : this.#ofShorter(interval, start, known);
      if (bar !== known) changed.set(start, bar);
    }
    const { market, tape, correction: { symbol } } = this.#options;
    // A stored copy of a held bar can be outdated, so read only bars before the held ones.
    const stored = { ...gone, to: Math.min(gone.to, this.#oldest(interval)), limit: Infinity };
    const isGiven = market.given.seqOf(symbol) > 0;
    for (const known of isGiven ? tape.records(symbol, interval, stored, "mixed") : []) {
      const bar = this.#ofGiven(interval, known);
      if (bar !== known) changed.set(known[TIME]!, bar);
    }
    const left = market.records(symbol, interval, gone.from, gone.to).flatMap((numbers) => {
      if (numbers[MADE_OF] === TICKS) return numbers[SEQ]! >= this.#seq ? [numbers] : [];
      const bar = this.#ofGiven(interval, numbers);
      if (bar !== numbers) changed.set(numbers[TIME]!, bar);
      return [bar];
    });
    return { interval, gone, left, changed };
  }

  /**
   * A given bar keeps its given values and the remaining later ticks. A bar of finer bars is merged
   * again.
   */
  #ofGiven(interval: Interval, known: Float64Array): Float64Array {
    const start = known[TIME]!;
    if (known[MADE_OF] === FINER) {
      if (this.#lacksParts(interval, known)) return known;
      const merged = mergedNumbers(
        start,
        this.#partsOf(interval, start, false),
        REVISED,
        this.#seq,
      );
      return this.#isSame(known, merged) ? known : merged;
    }
    if (countOf(known) === 0 || known[SEQ]! >= this.#seq) return known;
    const ticks = this.#read(start, start + lengthOf(interval), givenSeq(known));
    const left = ticks.filter((tick) => !cancels(this.#options.correction, tick));
    const isKept = ticks.length >= countOf(known);
    if (!isKept || left.length === ticks.length) return known;
    const numbers = known.slice();
    takeBack(numbers);
    for (const tick of left) addTick(numbers, 0, tick);
    numbers[SEQ] = this.#seq;
    numbers[STATE] = known[STATE] === FORMING ? FORMING : REVISED;
    return numbers;
  }

  /** Whether some of the shorter bars of a bar are no longer kept. */
  #lacksParts(interval: Interval, known: Float64Array): boolean {
    // Stored shorter bars can lack what this correction has cancelled.
    if (this.#options.isAgain) return false;
    const start = known[TIME]!;
    const before = emptyNumbers(start);
    for (const part of this.#known(shorterOf(interval), start, start + lengthOf(interval))) {
      addFiner(before, part);
    }
    return isEmpty(before) || lacks(before, known);
  }

  #isSame(known: Float64Array, merged: Float64Array): boolean {
    if (isSameBar(merged, known)) return true;
    if (known[STATE] === FORMING) merged[STATE] = FORMING;
    return false;
  }

  /** @returns `known` itself if the bar does not change */
  #ofTicks(interval: Interval, start: number, known: Float64Array | undefined) {
    const ticks = this.#ticks(interval, start);
    const left = ticks.filter((tick) => !cancels(this.#options.correction, tick));
    const isKept = ticks.length >= (known === undefined ? 0 : countOf(known));
    if (left.length === ticks.length) return known;
    // If only some seconds of ticks are kept, the bars of those seconds can still be computed.
    if (!isKept && interval !== INTERVALS[0]) return this.#ofShorter(interval, start, known);
    if (!isKept) return known;
    return this.#made(start, left, known);
  }

  #ofShorter(interval: Interval, start: number, known: Float64Array | undefined) {
    if (known === undefined) return undefined;
    const shorter = shorterOf(interval);
    const end = start + lengthOf(interval);
    const before = this.#known(shorter, start, end);
    const isKept = before.reduce((sum, each) => sum + countOf(each), 0) >= countOf(known);
    if (!isKept && !this.#options.isAgain) return known;
    const parts = this.#partsOf(interval, start);
    const state = known[STATE] === FORMING ? FORMING : REVISED;
    return parts.length === 0 ? undefined : mergedNumbers(start, parts, state, this.#seq);
  }

  /** The shorter bars of a longer one, as they are right after this correction. */
  #partsOf(interval: Interval, start: number, isOfThen = true): Float64Array[] {
    const shorter = shorterOf(interval);
    const { gone, changed } = this.#reckoned.get(shorter)!;
    const parts: Float64Array[] = [];
    for (const numbers of this.#known(shorter, start, start + lengthOf(interval))) {
      const time = numbers[TIME]!;
      const isGone = time >= gone.from && time < gone.to && numbers[SEQ]! < this.#seq &&
        numbers[MADE_OF] === TICKS;
      const part = changed.has(time) ? changed.get(time) : isGone ? undefined : numbers;
      const asOfThen = part && isOfThen ? this.#asOfThen(shorter, part) : part;
      if (asOfThen !== undefined) parts.push(asOfThen);
    }
    return parts;
  }

  /** A bar without the ticks after this correction. Stored bars can have them after a restart. */
  #asOfThen(interval: Interval, numbers: Float64Array): Float64Array | undefined {
    if (numbers[SEQ]! <= this.#seq) return numbers;
    const start = numbers[TIME]!;
    if (!isOfTicks(interval)) {
      const parts = this.#partsOf(interval, start);
      return parts.length === 0 ? undefined : mergedNumbers(start, parts, REVISED, this.#seq);
    }
    const left = this.#ticks(interval, start)
      .filter((tick) => !cancels(this.#options.correction, tick));
    return this.#made(start, left, numbers);
  }

  #made(
    start: number,
    [first, ...others]: readonly TapedTick[],
    known: Float64Array | undefined,
  ): Float64Array | undefined {
    if (first === undefined) return undefined;
    const state = known?.[STATE] === FORMING ? FORMING : REVISED;
    const numbers = new Float64Array(firstNumbers(start, first, state));
    for (const tick of others) addTick(numbers, 0, tick);
    numbers[SEQ] = this.#seq;
    return numbers;
  }

  /** Start of the oldest held bar. */
  #oldest(interval: Interval): number {
    const { market, correction: { symbol } } = this.#options;
    return market.oldestBar(symbol, interval)?.time ?? Infinity;
  }

  /** The records of the bars that start in a span, before this correction. */
  #known(interval: Interval, from: number, to: number): Float64Array[] {
    const { market, tape, correction: { symbol } } = this.#options;
    const oldest = this.#oldest(interval);
    const held = market.records(symbol, interval, from, to);
    if (from >= oldest) return held;
    const range = { from, to: Math.min(to, oldest), limit: BARS_MAX };
    return [...tape.records(symbol, interval, range), ...held];
  }

  /** The ticks of a bar before this correction. */
  #ticks(interval: Interval, start: number): TapedTick[] {
    const minute = startOf(OF_TICKS, start);
    let ticks = this.#minutes.get(minute);
    if (ticks === undefined) {
      ticks = this.#read(minute, minute + lengthOf(OF_TICKS));
      this.#minutes.set(minute, ticks);
    }
    return ticks.filter(({ time }) => startOf(interval, time) === start);
  }

  #read(from: number, to: number, since = 0): TapedTick[] {
    const { tape, correction: { symbol } } = this.#options;
    const query = { symbols: new Set([symbol]), from, to, through: this.#seq - 1 };
    const all: TapedTick[] = [];
    for (let after = Math.max(tape.tail, since); after < query.through;) {
      const { ticks, seq } = tape.first({ ...query, after, asOf: this.#seq, limit: Infinity });
      for (const tick of ticks) all.push(tick);
      after = seq;
    }
    return all;
  }

  #timesOf(): number[] {
    const { tape, correction: { symbol, seqs = [] } } = this.#options;
    const symbols = new Set([symbol]);
    return seqs.flatMap((seq) => {
      const query = { symbols, after: seq - 1, through: seq, asOf: this.#seq, limit: 1 };
      return tape.first(query).ticks.map(({ time }) => time);
    });
  }
}

function shorterOf(interval: Interval): Interval {
  return INTERVALS[INTERVALS.indexOf(interval) - 1]!;
}

function isOfTicks(interval: Interval): boolean {
  return lengthOf(interval) <= lengthOf(OF_TICKS);
}

/** The range of the starts of the bars that lie completely in a span. */
function wholeIn(
  interval: Interval,
  { from, to }: { readonly from: number; readonly to: number },
): { readonly from: number; readonly to: number } {
  const length = lengthOf(interval);
  const begin = Number.isFinite(from) ? startOf(interval, from + length) : from;
  const first = Number.isFinite(from) && startOf(interval, from) === from ? from : begin;
  const end = Number.isFinite(to) ? startOf(interval, to) : to;
  return { from: first, to: Math.max(first, end) };
}
