/** The share of a core that flushes and all other work may use together. */
const CORE_SHARE = 1 / 2;
/** The widest spacing of flushes, whatever they cost. */
const SPACING_MS_MAX = 10;
/** Time constant of the average load of other work. */
const MEMORY_MS = 100;
/** Least time between two looks at the CPU time of the process, which is a system call. */
const LOOK_MS = 20;

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
  readonly #busy: () => number;
  #otherShare = 0;
  #lookedAt: number | undefined;
  #busyMs = 0;
  /** Cost of the flushes since the last look. */
  #costMs = 0;

  /** @param busy gives the milliseconds of CPU time that the process has used */
  constructor(busy: () => number) {
    this.#busy = busy;
  }

  /**
   * Notes a flush that has just ended.
   * @returns the least milliseconds between its start and the start of the next one
   */
  flushed(beganAt: number, endedAt: number): number {
    const costMs = endedAt - beganAt;
    this.#costMs += costMs;
    if (this.#lookedAt === undefined || endedAt - this.#lookedAt >= LOOK_MS) this.#look(endedAt);
    return spacingAfter(costMs, this.#otherShare);
  }

  #look(now: number): void {
    const busyMs = this.#busy();
    if (this.#lookedAt !== undefined) {
      const passedMs = now - this.#lookedAt;
      const otherMs = Math.max(0, busyMs - this.#busyMs - this.#costMs);
      const kept = Math.exp(-passedMs / MEMORY_MS);
      this.#otherShare = this.#otherShare * kept + (otherMs / passedMs) * (1 - kept);
    }
    this.#lookedAt = now;
    this.#busyMs = busyMs;
    this.#costMs = 0;
  }
}
