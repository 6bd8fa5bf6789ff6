/** How many commands a client may still give: so many a second, and a burst of them at once. */
export class Allowance {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #refilledAt: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#refilledAt = now;
  }

  /**
   * Takes one.
   * @returns 0 when there was one, else the milliseconds until there is; `undefined` when the client goes
   * on regardless
   */
  take(now: number): number | undefined {
    const refill = (now - this.#refilledAt) / 1_000 * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + refill) - 1;
    this.#refilledAt = now;
    if (this.#left >= 0) return 0;
    if (this.#left < -this.#burst) return undefined;
    return Math.ceil(-this.#left / this.#perSecond * 1_000);
  }
}
