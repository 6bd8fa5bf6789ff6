/** Upper bounds of the buckets, in seconds. */
export const BOUNDS = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
];

/** Counts durations. The server adds one for every flush, so `add` only counts. */
export class Durations {
  /** One count for each bucket, and one for longer durations. */
  readonly counts = new Float64Array(BOUNDS.length + 1);
  /** Seconds. */
  sum = 0;

  add(ms: number): void {
    const seconds = ms / 1_000;
    let at = 0;
    while (at < BOUNDS.length && seconds > BOUNDS[at]!) at++;
    this.counts[at]!++;
    this.sum += seconds;
  }
}
