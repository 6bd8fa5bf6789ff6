import type { TapedTick } from "../core/tick.ts";
import type { TapeReader } from "./tape.ts";

/** Most ticks of a symbol in one answer. */
const TICKS_MAX = 50;
/** Most reads for one answer. The caller waits, so a longer search ends without all ticks. */
const READS_MAX = 4;

/** The newest ticks of each symbol, and the price before each. */
export class RecentTicks {
  readonly #tape: TapeReader;

  constructor(tape: TapeReader) {
    this.#tape = tape;
  }

  /** The newest ticks of a symbol, oldest first. */
  of(symbol: string): TapedTick[] {
    return this.#last(symbol, Infinity, TICKS_MAX);
  }

  newest(symbol: string): TapedTick | undefined {
    return this.#last(symbol, Infinity, 1)[0];
  }

  /** Whether the price of a tick is below the symbol's price before it. */
  fell({ seq, symbol, price }: TapedTick): boolean {
    const [before] = this.#last(symbol, seq - 1, 1);
    return before !== undefined && price < before.price;
  }

  #last(symbol: string, through: number, count: number): TapedTick[] {
    const symbols = new Set([symbol]);
    let found: TapedTick[] = [];
    let end = Math.min(through, this.#tape.head);
    for (let reads = 0; reads < READS_MAX && end > this.#tape.tail; reads++) {
      const limit = count - found.length;
      const { ticks, seq } = this.#tape.last({ symbols, through: end, limit });
      found = [...ticks, ...found];
      if (found.length >= count) break;
      end = seq;
    }
    return found;
  }
}
