import type { TapedTick } from "./tick.ts";

/**
 * What is taken back of a symbol's ticks that came before: those with these seqs, or of event time `from`
 * (included) to `to` (not included). Without any of the three it is all of the symbol, and the symbol itself.
 */
export interface Correction {
  readonly symbol: string;
  readonly seqs?: readonly number[] | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** A correction with its place on the tape. Beside `seqs`, `from` and `to` say where those ticks are in time. */
export interface TapedCorrection extends Correction {
  readonly seq: number;
}

/** Whether a correction takes back the symbol itself. */
export function isWhole({ seqs, from, to }: Correction): boolean {
  return seqs === undefined && from === undefined && to === undefined;
}

/** Whether a correction takes back a tick. */
export function cancels(
  { symbol, seq, seqs, from = -Infinity, to = Infinity }: TapedCorrection,
  tick: TapedTick,
): boolean {
  if (tick.symbol !== symbol || tick.seq >= seq) return false;
  return seqs === undefined ? tick.time >= from && tick.time < to : seqs.includes(tick.seq);
}
