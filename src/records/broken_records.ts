/** As many broken records are reported one by one; the others are counted. */
const REPORTED_MAX = 20;

/** Whoever is told of what cannot be read. */
export interface Listener {
  /** Tells the operator of something that was left out. */
  warn(message: string): void;
  /** Counts records that could not be read. */
  leftOut(count: number): void;
}

/** Records of a source that cannot be read: each is counted, the first ones are reported. */
export class BrokenRecords {
  readonly #listener: Listener;
  readonly #name: string;
  #count = 0;

  /** @param name what is read, in words for the operator */
  constructor(listener: Listener, name: string) {
    this.#listener = listener;
    this.#name = name;
  }

  get count(): number {
    return this.#count;
  }

  add(reason: string): void {
    this.#listener.leftOut(1);
    if (++this.#count > REPORTED_MAX) return;
    const last = this.#count === REPORTED_MAX ? "; further ones are only counted" : "";
    this.#listener.warn(`Cannot read ${this.#name}: ${reason}${last}`);
  }

  /** Tells at the end how many there were. @param taken how many could be read */
  report(taken: number): void {
    if (this.#count === 0) return;
    this.#listener.warn(`Left out ${this.#count} broken records of ${this.#name}, took ${taken}`);
  }
}
