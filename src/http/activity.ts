import { Hono } from "hono";
import { type Interval, INTERVALS, lengthOf, startOf } from "../core/interval.ts";
import type { Market } from "../core/market.ts";
import { readBars } from "../tape/bars.ts";
import type { Archive, TapeReader } from "../tape/tape.ts";
import type { Turns } from "./history.ts";
import { Query } from "./query.ts";

export interface ActivityOptions {
  readonly market: Market;
  readonly tape: TapeReader;
  readonly archive: Archive;
  readonly turns: Turns;
  now(): number;
}

/** How many ticks there were in each interval of the tape. */
export interface Activity {
  /** Start of the first interval. */
  readonly from: number;
  readonly interval: Interval;
  readonly counts: readonly number[];
}

export const BUCKETS_DEFAULT = 240;
export const BUCKETS_MAX = 2_000;
/** Many pages may ask at once, and the shape of hours does not change within seconds. */
const KEPT_MS = 5_000;
const SYMBOLS_A_TURN = 20;

/**
 * `GET /activity?from=&to=&limit=240`: ticks of all symbols in each interval, at most `limit` of them. The
 * counts are those of the bars, so none of the ticks is read.
 */
export function activityRoutes({ market, tape, archive, turns, now }: ActivityOptions): Hono {
  const answers = new Map<Interval, { range: string; at: number; answer: Promise<Activity> }>();

  async function count(interval: Interval, from: number, to: number): Promise<Activity> {
    const [start, length] = [startOf(interval, from), lengthOf(interval)];
    const counts = new Array<number>(Math.ceil((to - start) / length)).fill(0);
    for (const [place, symbol] of [...market.catalogue.symbols()].entries()) {
      const range = { from: start, to, limit: counts.length };
      for (const { time, count } of readBars(market, archive, symbol, interval, range)) {
        const bucket = Math.floor((time - start) / length);
        counts[bucket] = (counts[bucket] ?? 0) + count;
      }
      if (place % SYMBOLS_A_TURN === 0) await turns.take();
    }
    return { from: start, interval, counts };
  }

  return new Hono().get("/activity", async (c) => {
    const time = now();
    const query = new Query(c.req.url, time);
    const limit = query.text("limit") === undefined ? BUCKETS_DEFAULT : query.limit(BUCKETS_MAX);
    const [oldest] = tape.first({ limit: 1 }).ticks;
    const asked = query.time("from") ?? oldest?.time ?? time;
    // A time of the tape's own: a recording may have ended long ago, or be ahead of this clock.
    const end = query.time("to") ?? (tape.last({ limit: 1 }).ticks[0]?.time ?? time) + 1;
    const from = Math.max(asked, end - (limit - 1) * lengthOf("1w"));
    const to = Math.max(from + 1, end);
    const interval = finest(from, to, limit);
    const range = `${from} ${query.text("to") ?? ""} ${limit}`;
    let kept = answers.get(interval);
    if (kept === undefined || kept.range !== range || time - kept.at > KEPT_MS) {
      kept = { range, at: time, answer: count(interval, from, to) };
      answers.set(interval, kept);
    }
    return c.json(await kept.answer);
  });
}

/** The shortest interval of which so many reach over the time. */
function finest(from: number, to: number, limit: number): Interval {
  const fits = (interval: Interval) => (to - startOf(interval, from)) / lengthOf(interval) <= limit;
  return INTERVALS.find(fits) ?? "1w";
}
