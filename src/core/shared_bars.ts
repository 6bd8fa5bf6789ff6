import type { Bar } from "./bar.ts";

/** How many bars are remembered. */
const SHARED_MAX = 8;

/** Bars of a series that were handed out and have not changed since, so that equal requests share one object. */
export class SharedBars {
  readonly #bars = new Map<number, Bar>();

  /** The bar that starts at a time. */
  of(time: number, make: () => Bar): Bar {
    const known = this.#bars.get(time);
    if (known !== undefined) return known;
    const bar = make();
    if (this.#bars.size === SHARED_MAX) this.#bars.clear();
    this.#bars.set(time, bar);
    return bar;
  }

  /** The bar has changed. */
  forget(time: number): void {
    if (this.#bars.size > 0) this.#bars.delete(time);
  }

  clear(): void {
    this.#bars.clear();
  }
}
