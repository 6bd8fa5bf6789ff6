import { type Bar, vwapOf } from "../core/bar.ts";
import { DAY_MS, type Interval, lengthOf, startOf } from "../core/interval.ts";
import { known } from "../core/known.ts";
import type { Market } from "../core/market.ts";
import { readBars } from "./bars.ts";
import type { Archive } from "./tape.ts";

/** The sum of several bars. */
export type Span = Pick<Bar, "open" | "high" | "low" | "close" | "volume" | "vwap" | "count">;

/** Most of the last day is the sum of these bars, which are few and all in memory. */
const COARSE: Interval = "15m";
const FINE: Interval = "1m";
const BARS_MAX = 2 * DAY_MS / lengthOf(FINE);

/** The sum of a symbol's last day without the newest coarse bar, and what it depends on. */
interface Settled {
  readonly from: number;
  readonly to: number;
  readonly ticks: number;
  readonly corrections: number;
  readonly span: Span | undefined;
}

/**
 * The last 1,440 minutes of every symbol, from the bars. The sum without the newest bar is made
 * again only when a minute leaves, a bar ends, or a late tick or a correction has changed it.
 */
export class LastDay {
  readonly #market: Market;
  readonly #archive: Archive;
  readonly #settled = new Map<string, Settled>();

  constructor(market: Market, archive: Archive) {
    this.#market = market;
    this.#archive = archive;
  }

  /** `undefined` if the symbol has no bars in that time. */
  of(symbol: string, now: number): Span | undefined {
    const newest = this.#market.newestBar(symbol, COARSE);
    if (newest === undefined) return undefined;
    const from = startOf(FINE, now) + lengthOf(FINE) - DAY_MS;
    // If the last day begins within the newest bar, only fine bars are exact.
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

  /** Number of ticks of this day and the day before that are not in the newest bar. */
  #ticksBefore({ symbol, time, count }: Bar): number {
    const day = startOf("1d", time);
    const countOf = (start: number) => this.#market.bar(symbol, "1d", start)?.count ?? 0;
    return countOf(day) + countOf(day - DAY_MS) - count;
  }

  /** Bars of `from <= time < to`: fine bars up to the start of the first coarse bar. */
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

/** Adds up spans, which are ordered oldest first. */
function sum(spans: readonly Span[]): Span | undefined {
  const [first] = spans;
  if (first === undefined || spans.length === 1) return first;
  let { high, low } = first;
  let volume = 0, count = 0, notional = 0, prices = 0;
  for (const span of spans) {
    high = Math.max(high, span.high);
    low = Math.min(low, span.low);
    count += span.count;
    // An unknown value (NaN) makes the sum unknown. A part without sizes adds no notional.
    volume += span.volume ?? NaN;
    if (span.volume !== 0) notional += (span.vwap ?? NaN) * (span.volume ?? NaN);
    prices += (span.vwap ?? NaN) * span.count;
  }
  const vwap = vwapOf(volume, notional, prices, count);
  const { close } = spans.at(-1)!;
  return { open: first.open, high, low, close, volume: known(volume), vwap, count };
}
