/**
 * The updates that at least one member of a cohort has not received. Updates are numbered from 1 in
 * the order of arrival. A reader's place is the number of the last update that it has.
 */
export interface Pending<Update> {
  /** Number of the newest update; 0 before the first. */
  readonly count: number;
  add(key: string, update: Update): void;
  /** The updates after the given number, oldest first. */
  since(at: number): Update[];
  /** Forgets the updates up to the given number. */
  forget(at: number): void;
  /** Number of updates held. */
  readonly size: number;
}

/** Holds every update, for lossless streams. Its owner has to limit its size. */
export class PendingAll<Update> implements Pending<Update> {
  #updates: Update[] = [];
  /** Number of the last update that was forgotten. */
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

/** Holds the newest update of each key, for conflated streams. The keys limit its size. */
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
    // Move the key to the end, so that rows are in tape order.
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
