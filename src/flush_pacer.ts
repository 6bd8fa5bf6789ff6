/** So much of a core is used for the sake of frames that go out at once. */
const CORE_SHARE = 1 / 2;
/** Frames are spaced no wider than this, whatever they cost. */
const SPACING_MS_MAX = 10;
/** What else is done is known as of about the last so many milliseconds. */
const MEMORY_MS = 100;

/**
 * How long after the begin of a flush the next one may begin: so that flushes, and what else is done, take half of a core. Who is
 * busier than that sends fewer and larger frames, which is cheaper.
 * @param costMs what the flush took
 * @param otherShare how much of a core everything else takes: 0 when the server is idle, 1 when it is busy all the time
 */
export function spacingAfter(costMs: number, otherShare: number): number {
  const share = CORE_SHARE - otherShare;
  return share > 0 ? Math.min(SPACING_MS_MAX, costMs / share) : SPACING_MS_MAX;
}

/** When flushes may begin, by what they cost and by how busy the process is beside them. */
export class FlushPacer {
  #otherShare = 0;
  #endedAt: number | undefined;
  #busyMs = 0;

  /**
   * Takes note of a flush.
   * @param busyMs of a core that the process has used until its end
   * @returns milliseconds between its begin and that of the next one at least
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
