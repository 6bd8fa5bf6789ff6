import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import type { Interval } from "../core/interval.ts";
import type { Item, Subscription } from "./wire.ts";

/** The current state of a symbol. */
interface Present {
  readonly board: { row(symbol: string): Row };
  newestBar(symbol: string, interval: Interval): Bar | undefined;
}

/** Drops updates that change nothing, for formats in which only some fields count. */
export class ChangeFilter {
  readonly #subscription: Subscription;
  readonly #present: Present;
  readonly #told = new Map<string, string>();

  constructor(subscription: Subscription, present: Present) {
    this.#subscription = subscription;
    this.#present = present;
  }

  /** Notes the current state, which new members receive as their snapshot. */
  settle(symbols: Iterable<string>): void {
    const { channel } = this.#subscription;
    for (const symbol of symbols) {
      this.counts(
        symbol,
        () =>
          channel.kind === "bar"
            ? this.#present.newestBar(symbol, channel.interval)
            : this.#present.board.row(symbol),
      );
    }
  }

  /** Notes an update. @returns whether it changes anything */
  counts(symbol: string, update: () => Item | undefined): boolean {
    const { format } = this.#subscription;
    if (format.changeKey === undefined) return true;
    const item = update();
    const essence = item && format.changeKey(item);
    if (essence === undefined || essence === this.#told.get(symbol)) return false;
    this.#told.set(symbol, essence);
    return true;
  }
}
