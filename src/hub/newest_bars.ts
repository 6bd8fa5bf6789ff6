import type { Bar } from "../core/bar.ts";

/** The newest bar of each symbol, as long as nobody was told that it is closed. */
export class NewestBars {
  readonly #starts = new Map<string, number>();

  begin(bar: Bar | undefined): void {
    if (bar !== undefined && !bar.closed) this.#starts.set(bar.symbol, bar.time);
  }

  /** The starts of bars that are to be told of when one has changed: of the one that it closes, and its own. */
  changed(symbol: string, time: number): number[] {
    const newest = this.#starts.get(symbol);
    if (newest !== undefined && time <= newest) return [time];
    this.#starts.set(symbol, time);
    return newest === undefined ? [time] : [newest, time];
  }

  closed(symbol: string): void {
    this.#starts.delete(symbol);
  }
}
