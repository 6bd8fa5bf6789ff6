import type { Bar, BarRange } from "../core/bar.ts";
import type { Interval } from "../core/interval.ts";
import type { Market } from "../core/market.ts";
import type { Archive } from "./tape.ts";

/** Bars by time, oldest first: newer ones from the market, older ones from the archive. */
export function readBars(
  market: Market,
  archive: Archive,
  symbol: string,
  interval: Interval,
  range: BarRange,
): Bar[] {
  const oldest = market.oldestBar(symbol, interval)?.time;
  if (oldest === undefined) return market.bars(symbol, interval, range);
  const { from, to = Infinity, limit } = range;
  if (from === undefined) {
    const recent = market.bars(symbol, interval, range);
    if (recent.length >= limit) return recent;
    const left = { to: Math.min(to, oldest), limit: limit - recent.length };
    return [...archive.bars(symbol, interval, left), ...recent];
  }
  if (from >= oldest) return market.bars(symbol, interval, range);
  const older = archive.bars(symbol, interval, { from, to: Math.min(to, oldest), limit });
  if (older.length >= limit) return older;
  const left = { from: oldest, to: range.to, limit: limit - older.length };
  return [...older, ...market.bars(symbol, interval, left)];
}
