// The time at the right edge of the chart.

/**
 * Between two points the edge moves on with the clock, but in the time of the data: the tape may hold a
 * recorded day, and the clock of this device may be wrong.
 */
export class LiveEdge {
  #newest = -Infinity;
  /** Time of the data minus time of this device; `undefined` while the edge stands still. */
  /** @type {number | undefined} */
  #ahead;

  /**
   * Takes the end of the loaded history. The edge moves if that end is in sight of the present.
   * @param {number} newest
   * @param {number} now
   * @param {number} spanMs width of the visible range
   */
  start(newest, now, spanMs) {
    this.#newest = newest;
    this.#ahead = newest > now - spanMs ? Math.max(0, newest - now) : undefined;
  }

  /**
   * Takes the time of a point that has just arrived. The largest difference is the best estimate, because
   * that point had the shortest delay.
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
