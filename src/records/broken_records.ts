/** Number of bad records to report; further ones are only counted. */
const REPORTED_MAX = 20;

/** Receives reports about bad records. */
export interface Listener {
  /** Logs a warning. */
  warn(message: string): void;
  /** Counts bad records. */
  leftOut(count: number): void;
}

/** Counts the bad records of a source and reports the first ones. */
export class BrokenRecords {
  readonly #listener: Listener;
  readonly #name: string;
  #count = 0;

  /** @param name name of the source in messages */
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

  /** Reports the number at the end. @param taken number of good records */
  report(taken: number): void {
    if (this.#count === 0) return;
    this.#listener.warn(`Left out ${this.#count} broken records of ${this.#name}, took ${taken}`);
  }
}
