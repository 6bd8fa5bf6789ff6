import type { TapedTick } from "./tick.ts";

/**
 * Cancels earlier ticks of a symbol: those with these seqs, or those with event time `from`
 * (included) to `to` (not included). Without any of the three it removes all ticks and the symbol
 * itself.
 */
export interface Correction {
  readonly symbol: string;
  readonly seqs?: readonly number[] | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/**
 * A correction with its place on the tape. With `seqs`, `from` and `to` span the event times of
 * those ticks.
 */
export interface TapedCorrection extends Correction {
  readonly seq: number;
  /** The ticks with the `seqs`, as they were. A relay finds the same ticks on its own tape by them. */
  readonly ticks?: readonly TapedTick[] | undefined;
}

/** Whether a correction removes the symbol itself. */
export function isWhole({ seqs, from, to }: Correction): boolean {
  return seqs === undefined && from === undefined && to === undefined;
}

/** Whether a correction cancels a tick. */
export function cancels(
  { symbol, seq, seqs, from = -Infinity, to = Infinity }: TapedCorrection,
  tick: TapedTick,
): boolean {
  if (tick.symbol !== symbol || tick.seq >= seq) return false;
  return seqs === undefined ? tick.time >= from && tick.time < to : seqs.includes(tick.seq);
}
