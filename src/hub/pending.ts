/**
 * The updates of one cohort that somebody in it has not received. Updates are numbered from 1 in the
 * order they come; a reader is at the number of the last update it knows of.
 */
export interface Pending<Update> {
  /** Number of the newest update; 0 before the first. */
  readonly count: number;
  add(key: string, update: Update): void;
  /** What a reader at the given number has to be told, oldest first. */
  since(at: number): Update[];
  /** Forgets what a reader at the given number knows already. */
  forget(at: number): void;
  /** How many updates are held. */
  readonly size: number;
}

/** Holds every update: for lossless streams. Its owner keeps it short. */
export class PendingAll<Update> implements Pending<Update> {
  #updates: Update[] = [];
  /** Number of the update before the first that is held. */
  #forgotten = 0;

  get count(): number {
    return this.#forgotten + this.#updates.length;
  }

  get size(): number {
    return this.#updates.length;
  }

  add(_key: string, update: Update): void {
    this.#updates.push(update);
  }

  since(at: number): Update[] {
    return this.#updates.slice(Math.max(0, at - this.#forgotten));
  }

  forget(at: number): void {
    const known = Math.min(at - this.#forgotten, this.#updates.length);
    if (known <= 0) return;
    this.#updates = known === this.#updates.length ? [] : this.#updates.slice(known);
    this.#forgotten += known;
  }
}

/** Holds the newest update of each key: for conflated streams, so that its size is bounded by the keys. */
export class PendingLatest<Update> implements Pending<Update> {
  readonly #updates = new Map<string, { at: number; update: Update }>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#updates.size;
  }

  add(key: string, update: Update): void {
    // What was updated last comes last, so that rows are in tape order.
    this.#updates.delete(key);
    this.#updates.set(key, { at: ++this.#count, update });
  }

  since(at: number): Update[] {
    const updates: Update[] = [];
    for (const held of this.#updates.values()) if (held.at > at) updates.push(held.update);
    return updates;
  }

  forget(at: number): void {
    if (at >= this.#count) {
      this.#updates.clear();
      return;
    }
    for (const [key, held] of this.#updates) if (held.at <= at) this.#updates.delete(key);
  }
}
