import type { Bar } from "./bar.ts";

/** Most bars in the cache. */
const SHARED_MAX = 8;

/** Caches the unchanged bars of a series, so that equal requests share one object. */
export class SharedBars {
  readonly #bars = new Map<number, Bar>();

  /** The bar that starts at a time, from the cache or from `make`. */
  of(time: number, make: () => Bar): Bar {
    const known = this.#bars.get(time);
    if (known !== undefined) return known;
    const bar = make();
    if (this.#bars.size === SHARED_MAX) this.#bars.clear();
    this.#bars.set(time, bar);
    return bar;
  }

  /** Forgets a bar that has changed. */
  forget(time: number): void {
    if (this.#bars.size > 0) this.#bars.delete(time);
  }

  clear(): void {
    this.#bars.clear();
  }
}
