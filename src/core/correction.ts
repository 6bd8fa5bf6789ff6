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
