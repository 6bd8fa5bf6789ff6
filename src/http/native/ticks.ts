import { Hono } from "hono";
import type { Catalogue } from "../../core/instrument.ts";
import { Selection } from "../../hub/topic.ts";
import { formatPosition, parsePosition, type TapeReader } from "../../tape/tape.ts";
import { TICK_COLUMNS } from "../../wire/history.ts";
import { answerBatch, tickRules } from "./body_rules.ts";
import { grantOf } from "../access/grants.ts";
import { historyFormat, historyResponse, type TimeSlices } from "./history.ts";
import type { Ingest } from "./ingest.ts";
import { Query } from "../query.ts";
import { HttpError } from "../http_error.ts";
import { tickPage } from "./tick_page.ts";

export interface TicksOptions {
  readonly tape: TapeReader;
  readonly catalogue: Catalogue;
  readonly ingest: Ingest;
  readonly timeSlices: TimeSlices;
  now(): number;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

/** `GET /ticks?symbol=&from=&to=&after=&limit=&format=` in tape order, and `POST /ticks`. */
export function tickRoutes(options: TicksOptions): Hono {
  const { tape, catalogue, ingest, timeSlices, now, fault } = options;
  return new Hono()
    .get("/ticks", async (c) => {
      const query = Query.of(c, now());
      const format = await historyFormat(c, query);
      const names = query.symbols(catalogue);
      const { read } = grantOf(c);
      const selection = new Selection(names.length === 0 ? ["*"] : names).within(read);
      const symbols = selection.isAll ? undefined : namesOf(selection.resolve(catalogue));
      const range = {
        symbols,
        after: readAfter(query.text("after"), tape),
        from: query.time("from"),
        to: query.time("to"),
        limit: query.limit(),
      };
      c.header("Tickwire-Position", formatPosition(tape.epoch, tape.head));
      const page = await tickPage(tape, range, timeSlices);
      // During the search for the page its start may have been deleted.
      readAfter(query.text("after"), tape);
      const words = { symbol: [...symbols ?? catalogue.symbols()] };
      return historyResponse(c, format, { columns: TICK_COLUMNS, words, page, timeSlices, fault });
    })
    .post("/ticks", (c) => answerBatch(c, ingest, tickRules));
}

function namesOf({ symbols, unknown }: { symbols: string[]; unknown: string[] }): Set<string> {
  return new Set([...symbols, ...unknown]);
}

function readAfter(text: string | undefined, tape: TapeReader): number | undefined {
  if (text === undefined) return undefined;
  const position = parsePosition(text);
  if (position === undefined) {
    throw new HttpError(
      400,
      "bad_after",
      `Cannot use after ${JSON.stringify(text)}: it is no position`,
    );
  }
  if (position.epoch !== tape.epoch) {
    throw new HttpError(410, "gone", `Cannot read after ${text}: the epoch is now ${tape.epoch}`);
  }
  if (position.seq < tape.tail) {
    throw new HttpError(410, "gone", `Cannot read after ${text}: those ticks are no longer kept`);
  }
  return position.seq;
}
