/** Limits the messages of a client: a token bucket with a rate per second and double bursts. */
export class RateLimit {
  readonly #perSecond: number;
  #left: number;
  #refilledAt: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = 2 * perSecond;
    this.#refilledAt = now;
  }

  /** Takes one message from the allowance. @returns whether one was left */
  take(now: number): boolean {
    const refill = (now - this.#refilledAt) / 1_000 * this.#perSecond;
    this.#left = Math.min(2 * this.#perSecond, this.#left + refill);
    this.#refilledAt = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
