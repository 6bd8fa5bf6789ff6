import { Hono } from "hono";
import { type Correction, isWhole } from "../../core/correction.ts";
import type { Catalogue } from "../../core/instrument.ts";
import { symbolFault } from "../../core/tick.ts";
import { ALL } from "../../hub/grant.ts";
import { formatPosition, parsePosition, type TapeReader, type TickQuery } from "../../tape/tape.ts";
import { checkGranted, grantOf } from "../access/grants.ts";
import type { TimeSlices } from "./history.ts";
import { knownInstrument } from "./symbols.ts";
import { Query } from "../query.ts";
import { HttpError } from "../http_error.ts";

export interface CorrectionsOptions {
  readonly tape: TapeReader;
  readonly catalogue: Catalogue;
  readonly timeSlices: TimeSlices;
  now(): number;
  /** Applies a correction. @returns its seq when it is on the tape */
  cancel(correction: Correction): Promise<number>;
}

/** Maximum number of seqs in a request. */
export const SEQS_MAX = 1_000;
const SEQS_AN_ENTRY = 20;
const ACTION = "Cannot cancel ticks of";

/**
 * `DELETE /ticks?symbol=&seq=` or `&from=&to=` cancels ticks. `DELETE /symbols/:symbol` cancels all
 * ticks of a symbol and removes it.
 */
export function correctionRoutes(options: CorrectionsOptions): Hono {
  const { tape, catalogue, now } = options;
  return new Hono()
    .delete("/ticks", async (c) => {
      const query = new Query(c.req.url, now(), ALL);
      const symbol = query.symbol("cancel ticks", catalogue);
      checkGranted(grantOf(c).write, symbol, ACTION);
      const correction = readCorrection(query, symbol, tape);
      knownInstrument(catalogue, symbol);
      return c.json(await answer(options, correction, isDry(query)));
    })
    .delete("/symbols/:symbol{.+}", async (c) => {
      const symbol = c.req.param("symbol");
      const fault = catalogue.has(symbol) ? undefined : symbolFault(symbol);
      if (fault !== undefined) {
        const shown = JSON.stringify(symbol.slice(0, 100));
        throw new HttpError(400, "bad_symbol", `${ACTION} ${shown}: ${fault}`);
      }
      checkGranted(grantOf(c).write, symbol, ACTION);
      knownInstrument(catalogue, symbol);
      return c.json(await answer(options, { symbol }, isDry(new Query(c.req.url, 0, ALL))));
    });
}

function isDry(query: Query): boolean {
  return query.choice("dry_run", ["true", "false"], "false") === "true";
}

/** @throws {HttpError} */
function readCorrection(query: Query, symbol: string, tape: TapeReader): Correction {
  const [from, to] = [query.time("from"), query.time("to")];
  const named = query.text("seq")?.split(",");
  const hasSpan = from !== undefined || to !== undefined;
  if ((named === undefined) !== hasSpan) {
    const way = "name them by seq, or by from and to";
    throw new HttpError(400, "bad_parameter", `${ACTION} ${symbol}: ${way}`);
  }
  if (named !== undefined) return { symbol, seqs: readSeqs(named, tape) };
  if (from !== undefined && to !== undefined && from >= to) {
    throw new HttpError(400, "bad_to", `${ACTION} ${symbol}: to is not after from`);
  }
  return { symbol, ...from === undefined ? {} : { from }, ...to === undefined ? {} : { to } };
}

/** @param named seqs or positions @throws {HttpError} */
function readSeqs(named: readonly string[], tape: TapeReader): number[] {
  if (named.length > SEQS_MAX) {
    const detail = `Cannot cancel ${named.length} ticks by seq: the limit is ${SEQS_MAX}`;
    throw new HttpError(400, "bad_seq", detail);
  }
  return named.map((text) => {
    const position = parsePosition(text.includes(":") ? text : `${tape.epoch}:${text}`);
    if (position === undefined || position.seq === 0) {
      const shown = JSON.stringify(text.slice(0, 100));
      throw new HttpError(400, "bad_seq", `Cannot cancel tick ${shown}: it is no seq`);
    }
    if (position.epoch !== tape.epoch) {
      const detail = `Cannot cancel tick ${text}: the epoch is now ${tape.epoch}`;
      throw new HttpError(410, "gone", detail);
    }
    if (position.seq <= tape.tail) {
      throw new HttpError(410, "gone", `Cannot cancel tick ${text}: it is no longer kept`);
    }
    return position.seq;
  });
}

/** Applies a correction and counts the cancelled ticks. */
async function answer(
  { tape, timeSlices, cancel }: CorrectionsOptions,
  correction: Correction,
  dry: boolean,
): Promise<Record<string, unknown>> {
  const { head } = tape;
  const position = (seq: number) => formatPosition(tape.epoch, seq);
  if (dry) {
    const cancelled = await count(tape, correction, { through: head, limit: Infinity }, timeSlices);
    return { cancelled, position: position(head), dry_run: true };
  }
  // A correction without effect is not logged.
  const isThere = isWhole(correction) ||
    await count(tape, correction, { through: head, limit: 1 }, timeSlices) > 0;
  if (!isThere) return { cancelled: 0, position: position(head) };
  let cancelled = 0;
  let seq = head;
  for (const part of partsOf(correction)) {
    await timeSlices.take();
    seq = await cancel(part);
    const before = { through: seq - 1, asOf: seq, limit: Infinity };
    cancelled += await count(tape, part, before, timeSlices);
  }
  return { cancelled, position: position(seq) };
}

/** Splits a correction into small ones, because a long one would delay live ticks. */
function partsOf(correction: Correction): Correction[] {
  const { seqs } = correction;
  if (seqs === undefined) return [correction];
  const parts: Correction[] = [];
  for (let at = 0; at < seqs.length; at += SEQS_AN_ENTRY) {
    parts.push({ ...correction, seqs: seqs.slice(at, at + SEQS_AN_ENTRY) });
  }
  return parts;
}

/** Most seqs that one turn looks at. */
const COUNT_SEQS = 16_384;

/** Number of ticks that a correction matches. */
async function count(
  tape: TapeReader,
  { symbol, seqs, from, to }: Correction,
  query: TickQuery & { readonly through: number },
  timeSlices: TimeSlices,
): Promise<number> {
  const symbols = new Set([symbol]);
  let found = 0;
  const spans = seqs === undefined
    ? [{ after: tape.tail, through: query.through }]
    : [...new Set(seqs)].map((seq) => ({ after: seq - 1, through: Math.min(seq, query.through) }));
  for (const { after, through } of spans) {
    for (let at = after; at < through && found < query.limit;) {
      const end = Math.min(through, at + COUNT_SEQS);
      const passed = tape.countFirst({ ...query, symbols, from, to, after: at, through: end });
      found += passed.count;
      at = passed.seq;
      if (at < through) await timeSlices.take();
    }
  }
  return found;
}
