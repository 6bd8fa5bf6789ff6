import { type Interval, startOf } from "../core/interval.ts";
import type { TapedTick } from "../core/tick.ts";
import type { MarketView } from "./market_view.ts";

/** The start of the newest bar of each symbol, until the bar was sent as closed. */
export class NewestBars {
  readonly interval: Interval;
  readonly #view: MarketView;
  readonly #starts = new Map<string, number>();

  constructor(interval: Interval, view: MarketView) {
    this.interval = interval;
    this.#view = view;
  }

  /** Reads the newest bar of a symbol from the market. */
  look(symbol: string): void {
    const newest = this.#view.newestBar(symbol, this.interval);
    if (newest === undefined || newest.closed) this.#starts.delete(symbol);
    else this.#starts.set(symbol, newest.time);
  }

  /** @returns the starts of the bars that a tick or bar changes: its own, and one that it closes */
  add({ symbol, time }: Pick<TapedTick, "symbol" | "time">): number[] {
    const start = startOf(this.interval, time);
    const newest = this.#starts.get(symbol);
    if (newest !== undefined && start <= newest) return [start];
    this.#starts.set(symbol, start);
    return newest === undefined ? [start] : [newest, start];
  }

  /** Notes that the bar was sent as closed, so that the next tick does not close it again. */
  closed(symbol: string): void {
    this.#starts.delete(symbol);
  }
}
