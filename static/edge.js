// The time at the right end of the chart.

/**
 * It moves on between two points, and is counted in the time of the data: a recorded day may be on the
 * tape, and the clock of this device may be wrong.
 */
export class LiveEdge {
  #newest = -Infinity;
  /** Time of the data minus time of this device; `undefined` while nothing moves. */
  /** @type {number | undefined} */
  #ahead;

  /**
   * Takes note of history. It is live if its end would be in sight, else it stands still.
   * @param {number} newest
   * @param {number} now
   * @param {number} spanMs what is seen at once
   */
  start(newest, now, spanMs) {
    this.#newest = newest;
    this.#ahead = newest > now - spanMs ? Math.max(0, newest - now) : undefined;
  }

  /**
   * Takes note of a point that has just arrived. The one that was on its way for the shortest time tells
   * best how the clocks differ.
   * @param {number} time
   * @param {number} now
   */
  arrived(time, now) {
    if (time <= this.#newest) return;
    this.#newest = time;
    this.#ahead = Math.max(this.#ahead ?? -Infinity, time - now);
  }

  /** @param {number} now */
  at(now) {
    return this.#ahead === undefined ? this.#newest : Math.max(this.#newest, now + this.#ahead);
  }
}
