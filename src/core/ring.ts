/** The newest `capacity` items in the order they came; the oldest makes room. */
export class Ring<T> {
  readonly capacity: number;
  readonly #items: T[] = [];
  /** Index in `#items` of the oldest item, once the ring is full. */
  #oldest = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`Cannot make a ring of ${capacity} items`);
    }
    this.capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#items.length < this.capacity) {
      this.#items.push(item);
    } else {
      this.#items[this.#oldest] = item;
      this.#oldest = (this.#oldest + 1) % this.capacity;
    }
  }

  /** The item at an index, 0 being the oldest; `undefined` outside. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#items.length) return undefined;
    return this.#items[(this.#oldest + index) % this.capacity];
  }
}
