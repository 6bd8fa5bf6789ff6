import type { TextTable } from "../store/text_table.ts";

/** Prefix of the names of marks, to keep them apart from the tape's own records. */
const MARK = "mark ";

/** The places of feeds in their sources. New marks are in memory until the file has them. */
export class Marks {
  readonly #meta: TextTable;
  readonly #fresh = new Map<string, string>();

  constructor(meta: TextTable) {
    this.#meta = meta;
  }

  set(name: string, value: string): void {
    this.#fresh.set(name, value);
  }

  /** The newest mark of this name. @throws {Damage} */
  get(name: string): string | undefined {
    return this.#fresh.get(name) ?? this.#meta.all().get(MARK + name);
  }

  /** Stores the new marks; part of a transaction. @returns a function to call after the commit */
  store(): () => void {
    const stored = [...this.#fresh];
    for (const [name, value] of stored) this.#meta.put(MARK + name, value);
    return () => {
      for (const [name, value] of stored) {
        if (this.#fresh.get(name) === value) this.#fresh.delete(name);
      }
    };
  }
}
