// How far what arrives is behind what could have arrived.

const WINDOW_MS = 4_000;
/** What is a little late is not behind. */
const LAG_MS_MIN = 3_000;

/** Frames of one symbol may be late by themselves; behind is who gets nothing but late ones for a while. */
export class Lag {
  /** The least lag in this window and in the one before. */
  #least = Infinity;
  #leastBefore = Infinity;
  #since = -Infinity;

  /** A frame has arrived. @param {number} lagMs of its newest row @param {number} now */
  saw(lagMs, now) {
    const elapsedMs = now - this.#since;
    if (elapsedMs >= WINDOW_MS) {
      // After a silence there is no window before.
      this.#leastBefore = elapsedMs < 2 * WINDOW_MS ? this.#least : 0;
      this.#least = lagMs;
      this.#since = now;
    }
    this.#least = Math.min(this.#least, lagMs);
  }

  /** 0 when it is not worth a word. @param {number} now */
  ms(now) {
    if (now - this.#since >= 2 * WINDOW_MS) return 0;
    const least = Math.min(this.#least, this.#leastBefore);
    return least >= LAG_MS_MIN ? least : 0;
  }

  forget() {
    this.#since = -Infinity;
  }
}
