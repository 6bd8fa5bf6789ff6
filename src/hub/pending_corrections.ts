import type { TapedCorrection } from "../core/correction.ts";
import { lengthOf, startOf } from "../core/interval.ts";
import type { MarketView } from "./market_view.ts";
import type { Channel } from "./topic.ts";

/** Corrections that at least one member of a cohort has not received, with their update numbers. */
export class PendingCorrections {
  #corrections: { readonly at: number; readonly correction: TapedCorrection }[] = [];

  /** `seq` of the newest correction. */
  get last(): number | undefined {
    return this.#corrections.at(-1)?.correction.seq;
  }

  add(at: number, correction: TapedCorrection): void {
    this.#corrections.push({ at, correction });
  }

  /** The corrections after the given update number. */
  since(at: number): TapedCorrection[] {
    if (this.#corrections.length === 0) return [];
    return this.#corrections.filter((each) => each.at > at).map(({ correction }) => correction);
  }

  /** Forgets the corrections up to the given update number. */
  forget(at: number): void {
    if (this.#corrections.length === 0) return;
    this.#corrections = this.#corrections.filter((each) => each.at > at);
  }
}

/** Most bars that one correction sends again. */
const BARS_MAX = 100;

/**
 * The starts of the bars that a correction changes; none for a correction with an open end.
 * @param then the past market of a replay, which shows only its newest bar
 */
export function startsIn(
  channel: Channel,
  { symbol, from = -Infinity, to = Infinity }: TapedCorrection,
  then?: MarketView,
): number[] {
  if (channel.kind !== "bar") return [];
  const { interval } = channel;
  const newest = then?.newestBar(symbol, interval);
  if (newest !== undefined) return [newest.time];
  if (then !== undefined || !Number.isFinite(to - from)) return [];
  const starts: number[] = [];
  for (let start = startOf(interval, from); start < to; start += lengthOf(interval)) {
    if (starts.push(start) >= BARS_MAX) break;
  }
  return starts;
}
