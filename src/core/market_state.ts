import type { BarChanges, BarRecord } from "./bar.ts";
import type { Newest } from "./board.ts";
import type { Gone, InstrumentRecord } from "./instrument.ts";

/**
 * What follows from the ticks, as it is stored. Some of it may follow from later ticks than the rest; no record
 * takes a tick twice.
 */
export interface MarketState {
  /** What follows from the ticks up to here is in it. */
  readonly seq: number;
  readonly instruments: readonly InstrumentRecord[];
  readonly newest: readonly Newest[];
  /** Of each series the newest ones, oldest first. */
  readonly bars: readonly BarRecord[];
}

/** What has changed of it. */
export interface MarketChanges {
  readonly seq: number;
  readonly instruments: readonly (InstrumentRecord | Gone)[];
  readonly newest: readonly (Newest | Gone)[];
  readonly bars: readonly BarRecord[];
  /** The first tick of which something may be in the bars that was not taken before. */
  readonly since?: number | undefined;
}

/** What has changed of bars that are no longer held. */
export interface DroppedChanges extends BarChanges {
  /** The first tick of which something may be in it that was not taken before. */
  readonly since: number;
}
