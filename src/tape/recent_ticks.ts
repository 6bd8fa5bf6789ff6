import { Ring } from "../core/ring.ts";
import type { TapedTick } from "../core/tick.ts";
import type { TapeReader } from "./tape.ts";

/** Ticks of each symbol that are held. */
const HELD = 50;
/** Of more news than this only the newest are looked at. */
const WINDOW = 20_000;

/**
 * The newest ticks of each symbol, with the price before each. They are read from the tape when somebody
 * asks, from where the last reading ended; what is older than the window of the first is not looked for.
 */
export class RecentTicks {
  readonly #tape: TapeReader;
  readonly #rings = new Map<string, Ring<TapedTick>>();
  /** Of the newest ticks, the seqs of those whose price is below the one before. */
  readonly #fell = new Set<number>();
  #through = 0;

  constructor(tape: TapeReader) {
    this.#tape = tape;
  }

  /** The newest ticks of a symbol, oldest first. */
  of(symbol: string): TapedTick[] {
    this.#readOn();
    const ring = this.#rings.get(symbol);
    return Array.from({ length: ring?.length ?? 0 }, (_, index) => ring!.at(index)!);
  }

  newest(symbol: string): TapedTick | undefined {
    this.#readOn();
    const ring = this.#rings.get(symbol);
    return ring?.at(ring.length - 1);
  }

  /** Whether the price of a tick is below the symbol's price before it. */
  fell({ seq }: TapedTick): boolean {
    this.#readOn();
    return this.#fell.has(seq);
  }

  #readOn(): void {
    const { head, tail } = this.#tape;
    if (this.#through === head) return;
    const after = Math.max(this.#through, tail, head - WINDOW);
    for (const tick of this.#tape.read({ after, through: head, limit: WINDOW })) this.#add(tick);
    this.#through = head;
  }

  #add(tick: TapedTick): void {
    const { seq, symbol, price } = tick;
    let ring = this.#rings.get(symbol);
    if (ring === undefined) this.#rings.set(symbol, ring = new Ring(HELD));
    const before = ring.at(ring.length - 1);
    ring.push(tick);
    if (before === undefined || price >= before.price) return;
    this.#fell.add(seq);
    if (this.#fell.size <= WINDOW) return;
    const [oldest] = this.#fell;
    this.#fell.delete(oldest!);
  }
}
