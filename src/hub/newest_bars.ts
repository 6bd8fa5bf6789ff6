import { type Interval, startOf } from "../core/interval.ts";
import type { TapedTick } from "../core/tick.ts";
import type { Scene } from "./scene.ts";

/** The start of the newest bar of each symbol, as far as it has not been told that it is closed. */
export class NewestBars {
  readonly interval: Interval;
  readonly #scene: Scene;
  readonly #starts = new Map<string, number>();

  constructor(interval: Interval, scene: Scene) {
    this.interval = interval;
    this.#scene = scene;
  }

  /** Looks at what there is of a symbol. */
  look(symbol: string): void {
    const newest = this.#scene.newestBar(symbol, this.interval);
    if (newest === undefined || newest.closed) this.#starts.delete(symbol);
    else this.#starts.set(symbol, newest.time);
  }

  /** @returns the starts of the bars that a tick, or a bar, changes: its own, and the one that it closes */
  add({ symbol, time }: Pick<TapedTick, "symbol" | "time">): number[] {
    const start = startOf(this.interval, time);
    const newest = this.#starts.get(symbol);
    if (newest !== undefined && start <= newest) return [start];
    this.#starts.set(symbol, start);
    return newest === undefined ? [start] : [newest, start];
  }

  /** The bar of a symbol was told to be closed: the next tick need not close it once more. */
  closed(symbol: string): void {
    this.#starts.delete(symbol);
  }
}
