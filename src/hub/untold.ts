import type { TapedCorrection } from "../core/correction.ts";
import { lengthOf, startOf } from "../core/interval.ts";
import type { Scene } from "./scene.ts";
import type { Channel } from "./topic.ts";

/** Corrections of which somebody in a cohort has not been told, each with the number of its update. */
export class Untold {
  #corrections: { readonly at: number; readonly correction: TapedCorrection }[] = [];

  /** The seq of the newest. */
  get last(): number | undefined {
    return this.#corrections.at(-1)?.correction.seq;
  }

  add(at: number, correction: TapedCorrection): void {
    this.#corrections.push({ at, correction });
  }

  /** Those that a reader at the given number has to be told. */
  since(at: number): TapedCorrection[] {
    if (this.#corrections.length === 0) return [];
    return this.#corrections.filter((each) => each.at > at).map(({ correction }) => correction);
  }

  /** Forgets what a reader at the given number knows already. */
  forget(at: number): void {
    if (this.#corrections.length === 0) return;
    this.#corrections = this.#corrections.filter((each) => each.at > at);
  }
}

/** Bars that are told again of one correction. */
const BARS_MAX = 100;

/**
 * Starts of the bars of a channel of which something was taken back; none where there is no end of it.
 * @param then the market as it was, of which the newest bar alone is shown
 */
export function startsIn(
  channel: Channel,
  { symbol, from = -Infinity, to = Infinity }: TapedCorrection,
  then?: Scene,
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
