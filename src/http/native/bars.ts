import { Hono } from "hono";
import type { BarRange } from "../../core/bar.ts";
import { INTERVALS } from "../../core/interval.ts";
import type { Market } from "../../core/market.ts";
import { readBars } from "../../tape/bars.ts";
import type { Archive } from "../../tape/tape.ts";
import { BAR_COLUMNS } from "../../wire/history.ts";
import { answerBatch, barRules } from "./body_rules.ts";
import { barPage } from "./bar_page.ts";
import { historyFormat, historyResponse, type TimeSlices } from "./history.ts";
import type { Ingest } from "./ingest.ts";
import { Query } from "../query.ts";

export interface BarsOptions {
  readonly market: Market;
  readonly archive: Archive;
  readonly ingest: Ingest;
  readonly timeSlices: TimeSlices;
  now(): number;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

/** `GET /bars?symbol=A&interval=1m&from=&to=&limit=&fill=none|previous&format=`, `POST /bars`. */
export function barRoutes({ market, archive, ingest, timeSlices, now, fault }: BarsOptions): Hono {
  return new Hono().get("/bars", async (c) => {
    const query = Query.of(c, now());
    const symbol = query.symbol("answer with bars", market.catalogue);
    const interval = query.choice("interval", INTERVALS, "1m");
    const filled = query.choice("fill", ["none", "previous"], "none") === "previous";
    const format = await historyFormat(c, query);
    const read = (range: BarRange) => readBars(market, archive, symbol, interval, range);
    const page = await barPage(read, {
      interval,
      filled,
      from: query.time("from"),
      to: query.time("to"),
      since: query.time("since"),
      limit: query.limit(),
    }, timeSlices);
    const words = { symbol: [symbol], interval: [interval] };
    return historyResponse(c, format, { columns: BAR_COLUMNS, words, page, timeSlices, fault });
  }).post("/bars", (c) => answerBatch(c, ingest, barRules));
}
