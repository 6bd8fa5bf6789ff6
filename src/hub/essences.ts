import type { Format, Item } from "./wire.ts";

/** What has been noted last of each symbol, in a format where not every update counts. */
export class Essences {
  readonly #of: NonNullable<Format["essence"]>;
  readonly #noted = new Map<string, string>();

  constructor(essence: NonNullable<Format["essence"]>) {
    this.#of = essence;
  }

  /** Notes an item. @returns whether it says something new */
  note(symbol: string, item: Item | undefined): boolean {
    if (item === undefined) return false;
    const essence = this.#of(item);
    if (this.#noted.get(symbol) === essence) return false;
    this.#noted.set(symbol, essence);
    return true;
  }
}
