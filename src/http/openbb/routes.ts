/** The data of widgets for OpenBB Workspace: https://docs.openbb.co/workspace/developers */
import { Hono } from "hono";
import type { Bar } from "../../core/bar.ts";
import type { Row } from "../../core/board.ts";
import { DECIMALS_MIN, type Instrument } from "../../core/instrument.ts";
import { INTERVALS } from "../../core/interval.ts";
import type { Market } from "../../core/market.ts";
import { readBars } from "../../tape/bars.ts";
import type { Archive } from "../../tape/tape.ts";
import { candles } from "../../wire/plotly.ts";
import { newestBars } from "../native/bar_page.ts";
import { grantOf, listingFor } from "../access/grants.ts";
import type { TimeSlices } from "../native/history.ts";
import { Query } from "../query.ts";

export interface OpenbbOptions {
  readonly market: Market;
  readonly archive: Archive;
  readonly timeSlices: TimeSlices;
}

/** Number of bars in a chart and in a table. */
const BARS_SHOWN = 300;

/** `/openbb/symbols`, `/openbb/chart`, `/openbb/bars` and `/openbb/metric`. */
export function openbbRoutes({ market, archive, timeSlices }: OpenbbOptions): Hono {
  const { catalogue, board } = market;
  const decimalsOf = (symbol: string) => catalogue.get(symbol)?.decimals ?? DECIMALS_MIN;
  const barsOf = (symbol: string, query: Query) => {
    const interval = query.choice("interval", INTERVALS, "1m");
    const read = readBars.bind(undefined, market, archive, symbol, interval);
    return newestBars(read, { limit: BARS_SHOWN }, timeSlices);
  };
  return new Hono()
    .get("/openbb/symbols", (c) => c.json(listingFor(grantOf(c), catalogue).all().map(option)))
    .get("/openbb/chart", async (c) => {
      const query = Query.of(c);
      const theme = query.choice("theme", ["dark", "light"], "dark");
      const raw = query.choice("raw", ["true", "false"], "false") === "true";
      const symbol = query.symbol("draw a chart", catalogue);
      const bars = await barsOf(symbol, query);
      if (raw) return c.json(tableOf(bars));
      return c.json(candles(bars, { symbol, theme, decimals: decimalsOf(symbol) }));
    })
    .get("/openbb/bars", async (c) => {
      const query = Query.of(c);
      const symbol = query.symbol("answer with bars", catalogue);
      return c.json(tableOf(await barsOf(symbol, query)));
    })
    .get("/openbb/metric", (c) => {
      const symbol = Query.of(c).symbol("answer with a price", catalogue);
      return c.json(metric(board.row(symbol), decimalsOf(symbol)));
    });
}

function option({ symbol, name }: Instrument): { label: string; value: string } {
  return {
    label: name === null || name === symbol ? symbol : `${name} (${symbol})`,
    value: symbol,
  };
}

/** The rows of a table, newest first. @param bars oldest first */
function tableOf(bars: readonly Bar[]): Record<string, unknown>[] {
  return bars.map(({ time, open, high, low, close, volume, vwap, count }) => ({
    date: new Date(time).toISOString(),
    open,
    high,
    low,
    close,
    volume,
    vwap,
    count,
  })).reverse();
}

/** A price and its change since the previous close, as text. An empty delta is not shown. */
function metric({ symbol, price, change_percent }: Row, decimals: number): Record<string, string> {
  return {
    label: symbol,
    value: price === null ? "–" : price.toFixed(decimals),
    delta: change_percent === null ? "" : percent(change_percent),
  };
}

/** The client takes the colour from the sign; it recognizes no change only from a plain 0. */
function percent(fraction: number): string {
  const text = (fraction * 100).toFixed(2);
  return Number(text) === 0 ? "0" : `${text} %`;
}
