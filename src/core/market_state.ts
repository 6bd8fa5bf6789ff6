import type { BarChanges, BarRecord } from "./bar.ts";
import type { Newest } from "./board.ts";
import type { Gone, InstrumentRecord } from "./instrument.ts";

/**
 * The state of a market, as it is stored. Some records can contain later ticks than others; no
 * record takes a tick twice.
 */
export interface MarketState {
  /** The state contains all ticks up to here. */
  readonly seq: number;
  readonly instruments: readonly InstrumentRecord[];
  readonly newest: readonly Newest[];
  /** The newest bars of each series, oldest first. */
  readonly bars: readonly BarRecord[];
}

/** Changes of the state. */
export interface MarketChanges {
  readonly seq: number;
  readonly instruments: readonly (InstrumentRecord | Gone)[];
  readonly newest: readonly (Newest | Gone)[];
  readonly bars: readonly BarRecord[];
  /** `seq` of the first tick in these bars that was not taken before, or an earlier one. */
  readonly since?: number | undefined;
}

/** Changes of bars that are no longer held. */
export interface DroppedChanges extends BarChanges {
  /** `seq` of the first tick in these changes that was not taken before, or an earlier one. */
  readonly since: number;
}
