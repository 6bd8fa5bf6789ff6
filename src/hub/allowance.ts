/** How many messages a client may still send: so many a second, and twice that at once. */
export class Allowance {
  readonly #perSecond: number;
  #left: number;
  #refilledAt: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = 2 * perSecond;
    this.#refilledAt = now;
  }

  /** Takes one, if there is one. @returns whether there was */
  take(now: number): boolean {
    const refill = (now - this.#refilledAt) / 1_000 * this.#perSecond;
    this.#left = Math.min(2 * this.#perSecond, this.#left + refill);
    this.#refilledAt = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
