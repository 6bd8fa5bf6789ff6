/** Somebody for whom something waits to be done. */
export interface Waiter {
  /** Whether nothing can be done for it now. */
  readonly full: boolean;
  /** Does the next thing that waits, if there is one. @returns whether more waits */
  serve(): boolean;
}

export interface RotaOptions {
  /** Milliseconds by a clock that nobody sets. */
  elapsed(): number;
  /** Told to call `serve` after so many milliseconds. */
  later(ms: number): void;
  /** Told of errors that are the server's own. */
  fault(error: unknown): void;
}

/** So long is served at a time; after that everything else has as long. */
const SLICE_MS = 1;
/** One thing may take longer than a slice; nobody is kept waiting for longer on its account. */
const REST_MS_MAX = 20;
/** When those who can take nothing are looked at again. */
const FULL_MS = 5;
/** Characters that may wait for one client; and when so many wait for all, there still is a little for each. */
const LENGTH_MAX = 1_048_576, ALL_LENGTH_MAX = 67_108_864, LENGTH_MIN = 8_192;

/**
 * What clients ask for is done as it comes, as long as that takes no more than half of the time; beyond
 * that they wait, and are served in turn, one thing each, between all else that goes on. So somebody who
 * asks for a thousand things at once gets them, and the others do not notice.
 */
export class Rota {
  readonly #options: RotaOptions;
  /** In the order in which they are served. */
  readonly #waiting = new Set<Waiter>();
  /** How long may be served before there is a rest, as of `#countedAt`. */
  #creditMs = SLICE_MS;
  #countedAt = 0;
  #resting = false;
  #length = 0;

  constructor(options: RotaOptions) {
    this.#options = options;
  }

  /** Characters that may wait for one client just now. */
  get lengthMax(): number {
    return this.#length < ALL_LENGTH_MAX ? LENGTH_MAX : LENGTH_MIN;
  }

  /** So many more characters wait, or fewer. */
  hold(length: number): void {
    this.#length += length;
  }

  /** Something waits for this one: it is done now if there is time. */
  add(waiter: Waiter): void {
    this.#waiting.add(waiter);
    if (!this.#resting) this.serve();
  }

  remove(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  /** Serves those who wait, for no longer than a slice, and says when to go on. */
  serve(): void {
    const { elapsed, later } = this.#options;
    let now = elapsed();
    this.#creditMs = Math.min(SLICE_MS, this.#creditMs + now - this.#countedAt);
    // Who is served and has more comes last, and so is met again.
    for (const waiter of this.#waiting) {
      if (this.#creditMs <= 0) break;
      if (waiter.full) continue;
      this.#waiting.delete(waiter);
      if (this.#serveOne(waiter)) this.#waiting.add(waiter);
      const end = elapsed();
      this.#creditMs = Math.max(SLICE_MS - REST_MS_MAX, this.#creditMs - (end - now));
      now = end;
    }
    this.#countedAt = now;
    this.#resting = this.#waiting.size > 0 && this.#creditMs <= 0;
    if (this.#waiting.size === 0) return;
    later(this.#resting ? SLICE_MS - this.#creditMs : FULL_MS);
  }

  #serveOne(waiter: Waiter): boolean {
    try {
      return waiter.serve();
    } catch (error) {
      this.#options.fault(error);
      return true;
    }
  }
}
