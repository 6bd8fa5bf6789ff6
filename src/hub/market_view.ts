import type { Bar } from "../core/bar.ts";
import { emptyRow, type Row } from "../core/board.ts";
import type { Interval } from "../core/interval.ts";
import type { Market } from "../core/market.ts";
import { readBars } from "../tape/bars.ts";
import type { Archive } from "../tape/tape.ts";

/** The state that rows are made from: the present one, or the past one in a replay. */
export interface MarketView {
  readonly seq: number;
  readonly board: { has(symbol: string): boolean; row(symbol: string): Row };
  bar(symbol: string, interval: Interval, time: number): Bar | undefined;
  newestBar(symbol: string, interval: Interval): Bar | undefined;
}

/** A view without rows, for a client that resumes and knows the state before. */
export const EMPTY_VIEW: MarketView = {
  seq: 0,
  board: { has: () => false, row: emptyRow },
  bar: () => undefined,
  newestBar: () => undefined,
};

/** The present state. Bars that are no longer in memory come from the archive. */
export function liveView(
  market: Market,
  archive: Archive,
  seq: () => number = () => market.seq,
): MarketView {
  return {
    get seq() {
      return seq();
    },
    board: market.board,
    newestBar: (symbol, interval) => market.newestBar(symbol, interval),
    bar: (symbol, interval, time) =>
      market.bar(symbol, interval, time) ??
        readBars(market, archive, symbol, interval, { from: time, to: time + 1, limit: 1 })[0],
  };
}

/** The rows of the symbols that have ticked, sorted by symbol. */
export function boardOf({ board }: MarketView, symbols: Iterable<string>): Row[] {
  const ticked = [...symbols].filter((symbol) => board.has(symbol)).sort();
  return ticked.map((symbol) => board.row(symbol));
}
