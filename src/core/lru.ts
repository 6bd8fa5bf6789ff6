/** A cache of values by name. Above its limit of weight it drops the least recently used ones. */
export class Lru<Value> {
  readonly #weightMax: number;
  readonly #values = new Map<string, { readonly value: Value; readonly weight: number }>();
  #weight = 0;

  constructor(weightMax: number) {
    this.#weightMax = weightMax;
  }

  get(name: string): Value | undefined {
    const found = this.#values.get(name);
    if (found === undefined) return undefined;
    this.#values.delete(name);
    this.#values.set(name, found);
    return found.value;
  }

  /** Adds a value. The newest value stays, whatever its weight. */
  set(name: string, value: Value, weight: number): void {
    this.delete(name);
    this.#values.set(name, { value, weight });
    this.#weight += weight;
    for (const [oldest] of this.#values) {
      if (this.#weight <= this.#weightMax || oldest === name) return;
      this.delete(oldest);
    }
  }

  delete(name: string): void {
    const found = this.#values.get(name);
    if (found === undefined) return;
    this.#values.delete(name);
    this.#weight -= found.weight;
  }
}
