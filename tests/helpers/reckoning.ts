import type { Bar, BarRange } from "../../src/core/bar.ts";
import type { Interval } from "../../src/core/interval.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { LENGTHS, naiveBars, naiveFilled, naiveRange } from "../core/naive.ts";

const DAY = 86_400_000;

/** The ticks that a server has acknowledged, in tape order, and the data derived from them. */
export class Reckoning {
  readonly #ticks = new Map<string, TapedTick[]>();
  readonly #bars = new Map<string, readonly Bar[]>();

  /** Adds an acknowledged batch. @param last seq of its last tick */
  add(ticks: readonly Tick[], last: number): void {
    const first = last - ticks.length + 1;
    for (const [index, { symbol, time, price, size, bid, ask }] of ticks.entries()) {
      const own = this.#ticks.get(symbol) ?? [];
      this.#ticks.set(symbol, own);
      own.push({ seq: first + index, symbol, time, price, size, bid, ask });
    }
    this.#bars.clear();
  }

  /** Adds ticks that already have a seq. */
  addTaped(ticks: readonly TapedTick[]): void {
    for (const tick of ticks) this.add([tick], tick.seq);
  }

  /** Cancels ticks of a symbol. @returns how many ticks it cancelled */
  cancel(symbol: string, isCancelled: (tick: TapedTick) => boolean): number {
    const own = this.#ticks.get(symbol) ?? [];
    const left = own.filter((tick) => !isCancelled(tick));
    this.#ticks.set(symbol, left);
    this.#bars.clear();
    return own.length - left.length;
  }

  /** In tape order. */
  ticks(symbol: string): readonly TapedTick[] {
    return this.#ticks.get(symbol) ?? [];
  }

  /** By time. */
  bars(symbol: string, interval: Interval, range: Partial<BarRange> = {}): Known<Bar>[] {
    return naiveRange(this.#all(symbol, interval), range).map(withoutClock);
  }

  filled(symbol: string, interval: Interval, range: BarRange): Known<Bar>[] {
    return naiveFilled(this.#all(symbol, interval), range).map(withoutClock);
  }

  /** The newest tick by event time; equal times by tape order. */
  newest(symbol: string): TapedTick {
    return this.ticks(symbol).reduce((newest, tick) => tick.time < newest.time ? newest : tick);
  }

  /**
   * Tick counts of all symbols, in the shortest intervals of which at most `limit` cover the range.
   */
  activity(asked: number, to: number, limit: number): Record<string, unknown> {
    const from = Math.max(asked, to - (limit - 1) * 7 * DAY);
    const startIn = (length: number, time: number) => {
      // The epoch was a Thursday, and weeks start on Monday.
      const origin = length === 7 * DAY ? 4 * DAY : 0;
      return origin + Math.floor((time - origin) / length) * length;
    };
    const [interval, length] = LENGTHS.find(([, length]) =>
      (to - startIn(length, from)) / length <= limit
    )!;
    const start = startIn(length, from);
    const counts = Array.from({ length: Math.ceil((to - start) / length) }, () => 0);
    for (const { time } of [...this.#ticks.values()].flat()) {
      const bucket = Math.floor((time - start) / length);
      if (counts[bucket] !== undefined) counts[bucket]++;
    }
    return { from: start, interval, counts };
  }

  #all(symbol: string, interval: Interval): readonly Bar[] {
    const key = `${symbol} ${interval}`;
    const bars = this.#bars.get(key) ?? naiveBars(interval, this.ticks(symbol));
    this.#bars.set(key, bars);
    return bars;
  }
}

/** A row in which `undefined` matches anything. */
export type Known<Row> = { readonly [Name in keyof Row]: Row[Name] | undefined };

/**
 * The clock decides whether the newest bar is closed, and so whether a later tick revises it: the
 * server closes a bar of the past after one second without a tick for it.
 */
function withoutClock(bar: Bar): Known<Bar> {
  return { ...bar, closed: bar.closed || undefined, revised: bar.revised || undefined };
}

/**
 * The first difference between an answer and the right one, as one line; `undefined` without a
 * difference.
 */
export function parting(actual: unknown, right: unknown): string | undefined {
  return difference(actual, right, "");
}

function difference(actual: unknown, right: unknown, path: string): string | undefined {
  if (right === undefined || Object.is(actual, right)) return undefined;
  // JSON writes -0 as 0.
  if (typeof right === "number" && actual === right) return undefined;
  const fault = () => `${path}: ${shown(actual)} where ${shown(right)} is right`;
  if (typeof right !== "object" || right === null) return fault();
  if (typeof actual !== "object" || actual === null) return fault();
  if (Array.isArray(right)) {
    if (!Array.isArray(actual)) return fault();
    const at = right.findIndex((each, index) => difference(actual[index], each, "") !== undefined);
    const counts = actual.length === right.length
      ? ""
      : `: ${actual.length} where ${right.length} are right`;
    if (at < 0) return counts === "" ? undefined : `${path}${counts}`;
    return `${path}${counts}${difference(actual[at], right[at], `[${at}]`)}`;
  }
  const fields = Object.entries(right) as [keyof typeof right, unknown][];
  const wrong = fields.find(([key, value]) => difference(actual[key], value, "") !== undefined);
  return wrong && difference(actual[wrong[0]], wrong[1], `${path}.${wrong[0]}`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 300);
}
