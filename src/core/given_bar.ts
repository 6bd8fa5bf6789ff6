import type { Interval } from "./interval.ts";

/** A bar as a source gives it, which has seen what is not on the tape. */
export interface GivenBar {
  readonly symbol: string;
  readonly interval: Interval;
  /** Its start. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** `null` when unknown. Never negative. */
  readonly volume: number | null;
}
