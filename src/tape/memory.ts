import { Ring } from "../core/ring.ts";
import type { TapedTick, Tick } from "../core/tick.ts";
import { type Attached, type Receipt, RECEIPTS_MAX, type Tape, type TickQuery } from "./tape.ts";

export interface MemoryTapeOptions {
  readonly epoch: string;
  /** How many ticks are kept; the oldest makes room. */
  readonly ticksMax: number;
}

/** A tape that lives as long as the process and keeps the newest `ticksMax` ticks. */
export class MemoryTape implements Tape {
  readonly epoch: string;
  readonly #ring: Ring<TapedTick>;
  readonly #receipts = new Map<string, Receipt>();
  readonly #marks = new Map<string, string>();
  #head = 0;

  constructor({ epoch, ticksMax }: MemoryTapeOptions) {
    this.epoch = epoch;
    this.#ring = new Ring(ticksMax);
  }

  get head(): number {
    return this.#head;
  }

  get tail(): number {
    return this.#head - this.#ring.length;
  }

  append(ticks: readonly Tick[], { keyed = [], marks = new Map() }: Attached = {}): TapedTick[] {
    for (const [name, value] of marks) this.#marks.set(name, value);
    for (const { key, accepted, time, end } of keyed) {
      this.#receipts.delete(key);
      this.#receipts.set(key, { key, accepted, seq: this.#head + end, time });
      if (this.#receipts.size <= RECEIPTS_MAX) continue;
      const [oldest] = this.#receipts.keys();
      this.#receipts.delete(oldest!);
    }
    return ticks.map(({ symbol, time, price, size, bid, ask }) => {
      const taped = { seq: ++this.#head, symbol, time, price, size, bid, ask };
      this.#ring.push(taped);
      return taped;
    });
  }

  receipt(key: string): Receipt | undefined {
    return this.#receipts.get(key);
  }

  mark(name: string): string | undefined {
    return this.#marks.get(name);
  }

  read({ symbols, after, through = this.#head, from, to, limit }: TickQuery): TapedTick[] {
    const found: TapedTick[] = [];
    const wanted = (tick: TapedTick) =>
      (symbols === undefined || symbols.has(tick.symbol)) &&
      (from === undefined || tick.time >= from) && (to === undefined || tick.time < to);
    // Here seqs have no holes, so the place of a position is known without a search.
    const end = Math.min(this.#ring.length, through - this.tail);
    if (after === undefined && from === undefined) {
      for (let index = end - 1; index >= 0 && found.length < limit; index--) {
        const tick = this.#ring.at(index)!;
        if (wanted(tick)) found.push(tick);
      }
      return found.reverse();
    }
    const start = Math.max(0, (after ?? 0) - this.tail);
    for (let index = start; index < end && found.length < limit; index++) {
      const tick = this.#ring.at(index)!;
      if (wanted(tick)) found.push(tick);
    }
    return found;
  }

  before(_time: number): number {
    return this.tail;
  }

  close(): void {}
}
