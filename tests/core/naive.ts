import type { Bar } from "../../src/core/bar.ts";
import type { Interval } from "../../src/core/interval.ts";
import type { Tick } from "../../src/core/tick.ts";

const SECOND = 1_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** Every interval with its length, written down a second time. */
export const LENGTHS: readonly (readonly [Interval, number])[] = [
  ["1s", SECOND],
  ["5s", 5 * SECOND],
  ["15s", 15 * SECOND],
  ["30s", 30 * SECOND],
  ["1m", MINUTE],
  ["5m", 5 * MINUTE],
  ["15m", 15 * MINUTE],
  ["30m", 30 * MINUTE],
  ["1h", HOUR],
  ["4h", 4 * HOUR],
  ["1d", DAY],
  ["1w", 7 * DAY],
];

/** Start of the interval by the calendar: widths divide the UTC day, weeks start on Monday. */
export function naiveStart(interval: Interval, time: number): number {
  const date = new Date(Math.floor(time));
  const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  if (interval === "1d") return midnight;
  if (interval === "1w") return midnight - ((date.getUTCDay() + 6) % 7) * DAY;
  const length = new Map(LENGTHS).get(interval)!;
  return midnight + Math.floor((time - midnight) / length) * length;
}

/** By event time; `sort` is stable, so equal times stay in tape order. */
export function byEventTime(ticks: readonly Tick[]): Tick[] {
  return [...ticks].sort((a, b) => a.time - b.time);
}

/** The bars of ticks in tape order, all of one symbol, when no clock runs. */
export function naiveBars(interval: Interval, ticks: readonly Tick[]): Bar[] {
  const starts = ticks.map(({ time }) => naiveStart(interval, time));
  const newest = Math.max(...starts);
  return [...new Set(starts)].sort((a, b) => a - b).map((start) => {
    const own = ticks.filter((_, index) => starts[index] === start);
    const late = starts.some((own, index) =>
      own === start && starts.slice(0, index).some((before) => before > start)
    );
    const prices = byEventTime(own).map(({ price }) => price);
    const sized = own.filter(({ size }) => size !== null);
    const volume = sum(sized.map(({ size }) => size!));
    return {
      symbol: own[0]!.symbol,
      interval,
      time: start,
      open: prices[0]!,
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1)!,
      volume,
      vwap: volume === 0
        ? sum(prices) / prices.length
        : sum(sized.map(({ price, size }) => price * size!)) / volume,
      count: own.length,
      closed: start < newest,
      revised: late,
    };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
