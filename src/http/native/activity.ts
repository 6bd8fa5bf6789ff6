import { Hono } from "hono";
import { type Interval, INTERVALS, lengthOf, startOf } from "../../core/interval.ts";
import type { Market } from "../../core/market.ts";
import type { Grant } from "../../hub/grant.ts";
import { readBars } from "../../tape/bars.ts";
import type { Archive, TapeReader } from "../../tape/tape.ts";
import { grantOf, listingFor } from "../access/grants.ts";
import type { TimeSlices } from "./history.ts";
import { Query } from "../query.ts";

export interface ActivityOptions {
  readonly market: Market;
  readonly tape: TapeReader & Archive;
  readonly timeSlices: TimeSlices;
  now(): number;
}

/** Number of ticks in each interval of the tape. */
export interface Activity {
  /** Start of the first interval. */
  readonly from: number;
  readonly interval: Interval;
  readonly counts: readonly number[];
}

export const BUCKETS_DEFAULT = 240;
export const BUCKETS_MAX = 2_000;
const SYMBOLS_A_TURN = 20;

/**
 * `GET /activity?from=&to=&limit=240`: number of ticks of all symbols in at most `limit` intervals.
 * The counts come from the bars; ticks are not read.
 */
export function activityRoutes({ market, tape, timeSlices, now }: ActivityOptions): Hono {
  /** Counts that have not started. */
  const waiting = new Map<string, Promise<Activity>>();
  let last: Promise<unknown> = Promise.resolve();

  async function count(
    grant: Grant,
    interval: Interval,
    from: number,
    size: number,
  ): Promise<Activity> {
    const length = lengthOf(interval);
    const counts = new Array<number>(size).fill(0);
    const symbols = [...listingFor(grant, market.catalogue).symbols()];
    for (const [place, symbol] of symbols.entries()) {
      const range = { from, to: from + size * length, limit: size };
      for (const { time, count } of readBars(market, tape, symbol, interval, range)) {
        counts[(time - from) / length]! += count;
      }
      if (place % SYMBOLS_A_TURN === 0) await timeSlices.take();
    }
    return { from, interval, counts };
  }

  /**
   * Runs one count after another, because many pages may ask at once. Requests during a count share
   * the next one: the running count may miss ticks that were accepted before the request.
   */
  function shared(
    grant: Grant,
    interval: Interval,
    from: number,
    size: number,
  ): Promise<Activity> {
    const key = `${interval} ${from} ${size} ${grant.read.key}`;
    const known = waiting.get(key);
    if (known !== undefined) return known;
    const next = last.then(() => {
      waiting.delete(key);
      return count(grant, interval, from, size);
    });
    waiting.set(key, next);
    last = next.catch(() => {});
    return next;
  }

  return new Hono().get("/activity", async (c) => {
    const time = now();
    const query = Query.of(c, time);
    const limit = query.text("limit") === undefined ? BUCKETS_DEFAULT : query.limit(BUCKETS_MAX);
    const grant = grantOf(c);
    const symbols = grant.read.isAll
      ? undefined
      : new Set(listingFor(grant, market.catalogue).symbols());
    const [oldest] = tape.first({ symbols, limit: 1 }).ticks;
    const asked = query.time("from") ?? oldest?.time ?? time;
    // Event time, not the clock: a recording may have ended long ago, or be ahead of the clock.
    const end = query.time("to") ?? (tape.last({ symbols, limit: 1 }).ticks[0]?.time ?? time) + 1;
    const from = Math.max(asked, end - (limit - 1) * lengthOf("1w"));
    const to = Math.max(from + 1, end);
    const interval = finest(from, to, limit);
    const start = startOf(interval, from);
    const size = Math.ceil((to - start) / lengthOf(interval));
    return c.json(await shared(grant, interval, start, size));
  });
}

/** The shortest interval with at most `limit` intervals between the two times. */
function finest(from: number, to: number, limit: number): Interval {
  const fits = (interval: Interval) => (to - startOf(interval, from)) / lengthOf(interval) <= limit;
  return INTERVALS.find(fits) ?? "1w";
}
