import type { Bar } from "../../src/core/bar.ts";
import type { GivenBar } from "../../src/core/given_bar.ts";
import type { Interval } from "../../src/core/interval.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import { LENGTHS, naiveStart } from "./naive.ts";

/** Ticks, or bars given at once, in log order. */
export type Logged =
  | { readonly tick: TapedTick }
  | { readonly bars: readonly GivenBar[]; readonly seq: number; readonly time: number };

/** The compared fields of a bar; `revised` depends on when the bar was closed. */
export type Figures = Omit<Bar, "symbol" | "revised" | "closed">;

const INTERVALS = LENGTHS.map(([interval]) => interval);

interface Base {
  readonly bar: GivenBar;
  readonly seq: number;
  readonly closedAt: number;
}

interface Part {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number | null;
  readonly count: number;
  /** Unknown if the bar includes a given bar. */
  readonly vwap: number | null;
}

function closedAtOf(bar: GivenBar, loggedAt: number): number {
  return bar.time > loggedAt ? bar.time : Math.min(loggedAt, bar.time + lengthOf(bar) - 1);
}

function lengthOf({ interval }: GivenBar): number {
  return LENGTHS.find(([name]) => name === interval)![1];
}

function isSame(one: GivenBar, other: GivenBar): boolean {
  return (["open", "high", "low", "close", "volume"] as const)
    .every((name) => Object.is(one[name], other[name]));
}

/** The newest given bar of each interval and start, and the price that follows. */
function basesOf(log: readonly Logged[]): { bases: Map<string, Base>; price: number | null } {
  const bases = new Map<string, Base>();
  let newest: { time: number; price: number } | undefined;
  const observe = (time: number, price: number) => {
    if (newest === undefined || time >= newest.time) newest = { time, price };
  };
  for (const logged of log) {
    if ("tick" in logged) {
      observe(logged.tick.time, logged.tick.price);
      continue;
    }
    const { bars, seq, time } = logged;
    const closes: { time: number; bar: GivenBar }[] = [];
    for (const [index, bar] of bars.entries()) {
      const key = `${bar.interval} ${bar.time}`;
      const isLast = bars.slice(index + 1).every((each) => `${each.interval} ${each.time}` !== key);
      const known = bases.get(key);
      if (!isLast || (known !== undefined && isSame(known.bar, bar))) continue;
      const closedAt = closedAtOf(bar, time);
      bases.set(key, { bar, seq, closedAt });
      closes.push({ time: closedAt, bar });
    }
    const latest = Math.max(...closes.map((close) => close.time));
    // Of several bars with the same end, the shortest counts.
    const [last] = closes.filter((close) => close.time === latest)
      .map(({ bar }) => bar).sort((a, b) => b.time - a.time || lengthOf(a) - lengthOf(b));
    if (last !== undefined) observe(latest, last.close);
  }
  return { bases, price: newest?.price ?? null };
}

/** The bars of one symbol by interval, calculated from the whole log at once. */
export function naiveGivenBars(log: readonly Logged[]): Map<Interval, Figures[]> {
  const { bases } = basesOf(log);
  const ticks = log.flatMap((logged) => "tick" in logged ? [logged.tick] : []);
  const result = new Map<Interval, Figures[]>();
  let finer: Part[] = [];
  for (const interval of INTERVALS) {
    const own = [...bases.values()].filter(({ bar }) => bar.interval === interval);
    const starts = new Set([
      ...own.map(({ bar }) => bar.time),
      ...(interval === "1s"
        ? ticks.map(({ time }) => naiveStart(interval, time))
        : finer.map(({ time }) => naiveStart(interval, time))),
    ]);
    const parts = [...starts].sort((a, b) => a - b).map((start): Part => {
      const within = ticks.filter(({ time }) => naiveStart(interval, time) === start);
      const base = own.find(({ bar }) => bar.time === start);
      if (base !== undefined) return ofBase(base, within);
      if (interval === "1s") return ofTicks(start, within);
      const parts = finer.filter(({ time }) => naiveStart(interval, time) === start);
      return parts.some(({ vwap }) => vwap === null)
        ? ofParts(start, parts)
        : ofTicks(start, within);
    });
    finer = parts;
    result.set(interval, parts.map((part) => ({ ...part, interval })));
  }
  return result;
}

/** The price of the row. */
export function naivePrice(log: readonly Logged[]): number | null {
  return basesOf(log).price;
}

function ofBase({ bar, seq, closedAt }: Base, ticks: readonly TapedTick[]): Part {
  const later = ticks.filter((tick) => tick.seq > seq);
  let { high, low, close, volume } = bar;
  let newest = closedAt;
  for (const tick of later) {
    high = Math.max(high, tick.price);
    low = Math.min(low, tick.price);
    if (volume !== null) volume += tick.size ?? 0;
    if (tick.time >= newest) [newest, close] = [tick.time, tick.price];
  }
  const { time, open } = bar;
  return { time, open, high, low, close, volume, count: later.length, vwap: null };
}

function ofTicks(time: number, ticks: readonly TapedTick[]): Part {
  const ordered = [...ticks].sort((a, b) => a.time - b.time || a.seq - b.seq);
  const prices = ordered.map(({ price }) => price);
  const volume = ordered.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const notional = ordered.reduce((sum, { price, size }) => sum + price * (size ?? 0), 0);
  return {
    time,
    open: prices[0]!,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: prices.at(-1)!,
    volume,
    count: prices.length,
    vwap: volume === 0 ? prices.reduce((a, b) => a + b, 0) / prices.length : notional / volume,
  };
}

function ofParts(time: number, parts: readonly Part[]): Part {
  return {
    time,
    open: parts[0]!.open,
    high: Math.max(...parts.map(({ high }) => high)),
    low: Math.min(...parts.map(({ low }) => low)),
    close: parts.at(-1)!.close,
    volume: parts.reduce<number | null>(
      (sum, { volume }) => sum === null || volume === null ? null : sum + volume,
      0,
    ),
    count: parts.reduce((sum, { count }) => sum + count, 0),
    vwap: null,
  };
}
