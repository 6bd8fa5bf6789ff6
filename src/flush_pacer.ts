/** The share of a core that flushes and all other work may use together. */
const CORE_SHARE = 1 / 2;
/** The widest spacing of flushes, whatever they cost. */
const SPACING_MS_MAX = 10;
/** Time constant of the average load of other work. */
const MEMORY_MS = 100;

/**
 * The least time from the start of one flush to the start of the next. It keeps flushes and other
 * work at half of a core. A busier server sends fewer and larger frames, which is cheaper.
 * @param costMs how long the flush took
 * @param otherShare share of a core that other work takes: 0 is idle, 1 is always busy
 */
export function spacingAfter(costMs: number, otherShare: number): number {
  const share = CORE_SHARE - otherShare;
  return share > 0 ? Math.min(SPACING_MS_MAX, costMs / share) : SPACING_MS_MAX;
}

/** Finds the spacing of flushes from their cost and from the other load of the process. */
export class FlushPacer {
  #otherShare = 0;
  #endedAt: number | undefined;
  #busyMs = 0;

  /**
   * Notes a flush.
   * @param busyMs CPU time that the process has used up to its end
   * @returns the least milliseconds between its start and the start of the next one
   */
  flushed(beganAt: number, endedAt: number, busyMs: number): number {
    const costMs = endedAt - beganAt;
    if (this.#endedAt !== undefined && endedAt > this.#endedAt) {
      const passedMs = endedAt - this.#endedAt;
      const otherMs = Math.max(0, busyMs - this.#busyMs - costMs);
      const kept = Math.exp(-passedMs / MEMORY_MS);
      this.#otherShare = this.#otherShare * kept + (otherMs / passedMs) * (1 - kept);
    }
    this.#endedAt = endedAt;
    this.#busyMs = busyMs;
    return spacingAfter(costMs, this.#otherShare);
  }
}
