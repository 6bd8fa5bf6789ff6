// Measures how late frames arrive.

const WINDOW_MS = 4_000;
/** A smaller lag is normal. */
const LAG_MS_MIN = 3_000;

/** Single frames may be late. A page lags only if all frames of a window are late, so take the smallest lag. */
export class Lag {
  /** The smallest lag in this window, and in the previous one. */
  #least = Infinity;
  #leastBefore = Infinity;
  #since = -Infinity;

  /** Takes a frame. @param {number} lagMs of its newest row @param {number} now */
  saw(lagMs, now) {
    const elapsedMs = now - this.#since;
    if (elapsedMs >= WINDOW_MS) {
      // After a silence there is no previous window.
      this.#leastBefore = elapsedMs < 2 * WINDOW_MS ? this.#least : 0;
      this.#least = lagMs;
      this.#since = now;
    }
    this.#least = Math.min(this.#least, lagMs);
  }

  /** The lag in milliseconds, or 0 if it is normal. @param {number} now */
  ms(now) {
    if (now - this.#since >= 2 * WINDOW_MS) return 0;
    const least = Math.min(this.#least, this.#leastBefore);
    return least >= LAG_MS_MIN ? least : 0;
  }

  forget() {
    this.#since = -Infinity;
  }
}
