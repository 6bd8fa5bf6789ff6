import type { Bar, BarRange } from "../../src/core/bar.ts";
import type { Interval } from "../../src/core/interval.ts";
import type { Tick } from "../../src/core/tick.ts";

const SECOND = 1_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** Every interval with its length, independent of the code under test. */
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

const LENGTH_OF = new Map(LENGTHS);

/** Start of the interval by the calendar: whole widths of a UTC day, weeks start on Monday. */
export function naiveStart(interval: Interval, time: number): number {
  const date = new Date(Math.floor(time));
  const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  if (interval === "1d") return midnight;
  if (interval === "1w") return midnight - ((date.getUTCDay() + 6) % 7) * DAY;
  const length = LENGTH_OF.get(interval)!;
  return midnight + Math.floor((time - midnight) / length) * length;
}

/** By event time; `sort` is stable, so ticks with equal times stay in tape order. */
export function byEventTime(ticks: readonly Tick[]): Tick[] {
  return [...ticks].sort((a, b) => a.time - b.time);
}

/** The bars of one symbol's ticks in tape order, without a clock. */
export function naiveBars(interval: Interval, ticks: readonly Tick[]): Bar[] {
  const bars = new Map<number, { readonly own: Tick[]; late: boolean }>();
  const startOf = new Map<Tick, number>();
  let start = -Infinity;
  for (const tick of byEventTime(ticks)) {
    if (tick.time >= start + LENGTH_OF.get(interval)!) start = naiveStart(interval, tick.time);
    if (!bars.has(start)) bars.set(start, { own: [], late: false });
    bars.get(start)!.own.push(tick);
    startOf.set(tick, start);
  }
  let newest = -Infinity;
  for (const tick of ticks) {
    const start = startOf.get(tick)!;
    if (start < newest) bars.get(start)!.late = true;
    newest = Math.max(newest, start);
  }
  return [...bars].map(([start, { own, late }]) => {
    const prices = own.map(({ price }) => price);
    const sized = own.filter(({ size }) => size !== null);
    const volume = sum(sized.map(({ size }) => size!));
    return {
      symbol: own[0]!.symbol,
      interval,
      time: start,
      open: prices[0]!,
      high: prices.reduce((a, b) => Math.max(a, b)),
      low: prices.reduce((a, b) => Math.min(a, b)),
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

/** Items with `from <= time < to`: with a `from` the first ones, else the newest. */
export function naiveRange<Timed extends { readonly time: number }>(
  all: readonly Timed[],
  { from, to = Infinity, limit = Infinity }: Partial<BarRange>,
): Timed[] {
  const within = all.filter(({ time }) => time >= (from ?? -Infinity) && time < to);
  return from === undefined ? within.slice(-limit) : within.slice(0, limit);
}

/**
 * The same with a flat bar of the previous close in each interval without ticks between two bars.
 */
export function naiveFilled(bars: readonly Bar[], range: BarRange): Bar[] {
  const within = naiveRange(bars, { ...range, limit: Infinity });
  const [first, last] = [within[0], within.at(-1)];
  if (first === undefined || last === undefined) return [];
  const length = LENGTH_OF.get(first.interval)!;
  const count = Math.min(range.limit, (last.time - first.time) / length + 1);
  const begin = range.from === undefined ? last.time - (count - 1) * length : first.time;
  const known = new Map(within.map((bar) => [bar.time, bar]));
  let before = within.findLast(({ time }) => time <= begin)!;
  return Array.from({ length: count }, (_, index) => {
    const time = begin + index * length;
    const bar = known.get(time);
    if (bar !== undefined) return before = bar;
    const { close } = before;
    const flat = { open: close, high: close, low: close, close, vwap: close, volume: 0, count: 0 };
    return { ...before, ...flat, time, closed: true, revised: false };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
