import type { Interval } from "./interval.ts";

/** A bar that a source supplies as a whole. It can contain trades that are not on the tape. */
export interface GivenBar {
  readonly symbol: string;
  readonly interval: Interval;
  /** Start of the interval, milliseconds since the Unix epoch. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** `null` when unknown. Never negative. */
  readonly volume: number | null;
}
