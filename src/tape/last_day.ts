import { type Bar, vwapOf } from "../core/bar.ts";
import { DAY_MS, type Interval, lengthOf, startOf } from "../core/interval.ts";
import { known } from "../core/known.ts";
import type { Market } from "../core/market.ts";
import { readBars } from "./bars.ts";
import type { Archive } from "./tape.ts";

/** What several bars come to. */
export type Span = Pick<Bar, "open" | "high" | "low" | "close" | "volume" | "vwap" | "count">;

/** Most of the last day is summed up from these, which are few and all in memory. */
const COARSE: Interval = "15m";
const FINE: Interval = "1m";
const BARS_MAX = 2 * DAY_MS / lengthOf(FINE);

/** The last day of a symbol but for its newest coarse bar, and what it was made from. */
interface Settled {
  readonly from: number;
  readonly to: number;
  readonly ticks: number;
  readonly corrections: number;
  readonly span: Span | undefined;
}

/**
 * The last 1,440 minutes of every symbol, from the bars. What is not in the newest bar is summed up anew
 * only when a minute leaves, when a bar ends, or when a late tick or a correction has changed it.
 */
export class LastDay {
  readonly #market: Market;
  readonly #archive: Archive;
  readonly #settled = new Map<string, Settled>();

  constructor(market: Market, archive: Archive) {
    this.#market = market;
    this.#archive = archive;
  }

  /** `undefined` when nothing was observed in that time. */
  of(symbol: string, now: number): Span | undefined {
    const newest = this.#market.newestBar(symbol, COARSE);
    if (newest === undefined) return undefined;
    const from = startOf(FINE, now) + lengthOf(FINE) - DAY_MS;
    // Only fine bars are exact where the last day begins within the newest bar.
    const to = Math.max(newest.time, from);
    const ticks = this.#ticksBefore(newest);
    const corrections = this.#market.correctionsOf(symbol);
    let settled = this.#settled.get(symbol);
    if (
      settled?.from !== from || settled.to !== to || settled.ticks !== ticks ||
      settled.corrections !== corrections
    ) {
      settled = { from, to, ticks, corrections, span: sum(this.#bars(symbol, from, to)) };
      this.#settled.set(symbol, settled);
    }
    const recent = newest.time >= from ? newest : sum(this.#fine(symbol, from, Infinity));
    return sum([settled.span, recent].filter((part) => part !== undefined));
  }

  /** How many ticks of this day and the one before are not in the newest bar. */
  #ticksBefore({ symbol, time, count }: Bar): number {
    const day = startOf("1d", time);
    const countOf = (start: number) => this.#market.bar(symbol, "1d", start)?.count ?? 0;
    return countOf(day) + countOf(day - DAY_MS) - count;
  }

  /** Bars of `from <= time < to`: fine ones up to where coarse ones begin. */
  #bars(symbol: string, from: number, to: number): Bar[] {
    const begin = Math.min(to, startOf(COARSE, from + lengthOf(COARSE) - 1));
    const coarse = { from: begin, to, limit: BARS_MAX };
    return [
      ...this.#fine(symbol, from, begin),
      ...readBars(this.#market, this.#archive, symbol, COARSE, coarse),
    ];
  }

  #fine(symbol: string, from: number, to: number): Bar[] {
    if (from >= to) return [];
    return readBars(this.#market, this.#archive, symbol, FINE, { from, to, limit: BARS_MAX });
  }
}

/** Several spans as one, oldest first. */
function sum(spans: readonly Span[]): Span | undefined {
  const [first] = spans;
  if (first === undefined || spans.length === 1) return first;
  let { high, low } = first;
  let volume = 0, count = 0, notional = 0, prices = 0;
  for (const span of spans) {
    high = Math.max(high, span.high);
    low = Math.min(low, span.low);
    count += span.count;
    // What is unknown of a part is unknown of the whole; a part without sizes weighs nothing.
    volume += span.volume ?? NaN;
    if (span.volume !== 0) notional += (span.vwap ?? NaN) * (span.volume ?? NaN);
    prices += (span.vwap ?? NaN) * span.count;
  }
  const vwap = vwapOf(volume, notional, prices, count);
  const { close } = spans.at(-1)!;
  return { open: first.open, high, low, close, volume: known(volume), vwap, count };
}
