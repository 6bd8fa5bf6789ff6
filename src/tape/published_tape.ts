import type { TapedTick } from "../core/tick.ts";
import type { TapeReader, TickQuery } from "./tape.ts";

/**
 * The tape as far as everybody has been told of it. A large batch is logged at once but told of in slices;
 * whoever reads the tape meanwhile must not find there what comes with the live stream later.
 */
export class PublishedTape implements TapeReader {
  readonly #tape: TapeReader;
  readonly #told: { readonly seq: number };

  /** @param told of which the seq is that of the newest tick that everybody was told of */
  constructor(tape: TapeReader, told: { readonly seq: number }) {
    this.#tape = tape;
    this.#told = told;
  }

  get epoch(): string {
    return this.#tape.epoch;
  }

  get head(): number {
    return Math.min(this.#tape.head, this.#told.seq);
  }

  get tail(): number {
    return this.#tape.tail;
  }

  before(time: number): number {
    return Math.min(this.#tape.before(time), this.head);
  }

  read(query: TickQuery): TapedTick[] {
    return this.#tape.read({ ...query, through: Math.min(query.through ?? Infinity, this.head) });
  }
}
