const SECONDS = 10;

/** A count per second, averaged over the last ten seconds. */
export class Rate {
  readonly #counts = new Float64Array(SECONDS + 1);
  /** The current second. */
  #second = -Infinity;

  add(count: number, now: number): void {
    this.#moveTo(now);
    this.#counts[this.#second % this.#counts.length]! += count;
  }

  /** The average of the ten seconds before the current one. */
  perSecond(now: number): number {
    this.#moveTo(now);
    const current = this.#counts[this.#second % this.#counts.length]!;
    return (this.#counts.reduce((sum, count) => sum + count) - current) / SECONDS;
  }

  #moveTo(now: number): void {
    const second = Math.floor(now / 1_000);
    // If the clock was set back, keep counting into the current second.
    if (second <= this.#second) return;
    const { length } = this.#counts;
    if (second - this.#second >= length) this.#counts.fill(0);
    else for (let past = this.#second + 1; past <= second; past++) this.#counts[past % length] = 0;
    this.#second = second;
  }
}
