import { Hono } from "hono";
import { fillPrevious } from "../core/bar.ts";
import { INTERVALS } from "../core/interval.ts";
import type { Market } from "../core/market.ts";
import { LIMIT_MAX, Query } from "./query.ts";
import { Refusal } from "./refusal.ts";

/** Bars of an answer that is filled: two ticks a year apart have 31 million seconds between them. */
const FILLED_MAX = 100_000;

export interface BarsOptions {
  readonly market: Market;
  now(): number;
}

/** `GET /bars?symbol=A&interval=1m&from=&to=&limit=&fill=none|previous`: bars by time. */
export function barRoutes({ market, now }: BarsOptions): Hono {
  return new Hono().get("/bars", (c) => {
    const query = new Query(c.req.url, now());
    const [symbol, another] = query.symbols();
    if (symbol === undefined || another !== undefined || symbol.endsWith("*")) {
      throw new Refusal(400, "bad_symbol", "Cannot answer with bars: name one symbol");
    }
    const interval = query.choice("interval", INTERVALS, "1m");
    const fill = query.choice("fill", ["none", "previous"], "none");
    const limit = query.limit(fill === "none" ? LIMIT_MAX : FILLED_MAX);
    const range = { from: query.time("from"), to: query.time("to"), limit };
    const bars = market.bars(symbol, interval, range);
    if (fill === "none") return c.json(bars);
    return c.json(fillPrevious(bars, range.limit, range.from === undefined ? "newest" : "first"));
  });
}
