import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import type { Catalogue } from "../core/instrument.ts";
import { type Interval, lengthOf, startOf } from "../core/interval.ts";
import type { Market } from "../core/market.ts";
import type { TapedTick } from "../core/tick.ts";
import { readBars } from "./bars.ts";
import { LastDay, type Span } from "./last_day.ts";
import { RecentTicks } from "./recent_ticks.ts";
import type { Archive, TapeReader } from "./tape.ts";

export interface FiguresOptions {
  readonly market: Market;
  readonly tape: TapeReader;
  readonly archive: Archive;
  now(): number;
}

/** The newest row of a symbol that has ticks, and values from its bars and ticks. */
export interface Quote {
  readonly symbol: string;
  readonly time: number;
  readonly price: number;
  /** Size of the tick with that price; 0 if it has none. */
  readonly size: number;
  readonly bid: number | null;
  readonly ask: number | null;
  /** The day of the newest tick, and the last 1,440 minutes. */
  readonly today: Span;
  readonly lastDay: Span;
}

/** Values from the tape that are not on the board. They are computed when they are read. */
export class Figures {
  readonly now: () => number;
  readonly #options: FiguresOptions;
  readonly #lastDay: LastDay;
  readonly #recent: RecentTicks;

  constructor(options: FiguresOptions) {
    this.#options = options;
    this.now = () => options.now();
    this.#lastDay = new LastDay(options.market, options.archive);
    this.#recent = new RecentTicks(options.tape);
  }

  get catalogue(): Catalogue {
    return this.#options.market.catalogue;
  }

  row(symbol: string): Row {
    return this.#options.market.board.row(symbol);
  }

  /** `undefined` if the symbol never had a tick. */
  quote(symbol: string): Quote | undefined {
    const { time, price, bid, ask } = this.row(symbol);
    if (time === null || price === null) return undefined;
    const still = { open: price, high: price, low: price, close: price, vwap: price };
    const quiet: Span = { ...still, volume: 0, count: 0 };
    const today = this.#options.market.bar(symbol, "1d", startOf("1d", time)) ?? quiet;
    const lastDay = this.#lastDay.of(symbol, Math.max(time, this.now())) ?? quiet;
    const newest = this.#recent.newest(symbol);
    const size = newest?.time === time && newest.price === price ? newest.size ?? 0 : 0;
    return { symbol, time, price, size, bid, ask, today, lastDay };
  }

  /** The newest ticks of a symbol, oldest first. */
  ticks(symbol: string): TapedTick[] {
    return this.#recent.of(symbol);
  }

  /** Whether a buyer traded: at the ask, or between bid and ask at no lower price than before. */
  bought(tick: TapedTick): boolean {
    return boughtAt(tick, () => this.#recent.fell(tick));
  }

  /** The newest bars of a symbol, oldest first. */
  bars(symbol: string, interval: Interval, limit: number): Bar[] {
    const { market, archive } = this.#options;
    return readBars(market, archive, symbol, interval, { limit });
  }

  /** Event time of the newest tick in a bar; the end of the bar if that is no longer known. */
  lastTickAt({ symbol, interval, time }: Bar): number {
    const { market } = this.#options;
    return market.lastTickAt(symbol, interval, time) ?? time + lengthOf(interval);
  }
}

/** As `Figures.bought`. @param fell whether the price is lower than the price before */
export function boughtAt({ price, bid, ask }: TapedTick, fell: () => boolean): boolean {
  if (ask !== null && price >= ask) return true;
  if (bid !== null && price <= bid) return false;
  return !fell();
}
