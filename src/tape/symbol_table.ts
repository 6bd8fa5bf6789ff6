import type { DatabaseSync, StatementSync } from "node:sqlite";
import { checkSum, Damage, sumOfText } from "./checksum.ts";

/** The numbers by which the other tables name symbols. All of them are in memory too. */
export class SymbolTable {
  readonly #insert: StatementSync;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(db: DatabaseSync) {
    for (const row of db.prepare("SELECT * FROM symbol ORDER BY id").all()) {
      const { id, name, sum } = row as { id: number; name: string; sum: number };
      checkSum(`symbol ${id}`, sum, sumOfText(name, String(id)));
      if (id !== this.size + 1) throw new Damage(`symbol ${this.size + 1} is missing`);
      this.#set(name, id);
    }
    this.#insert = db.prepare("INSERT INTO symbol VALUES (?, ?, ?)");
  }

  get size(): number {
    return this.#ids.size;
  }

  all(): IterableIterator<[symbol: string, id: number]> {
    return this.#ids.entries();
  }

  find(symbol: string): number | undefined {
    return this.#ids.get(symbol);
  }

  /** @returns the id of a symbol, which gets one when it has none yet */
  add(symbol: string): number {
    const known = this.#ids.get(symbol);
    if (known !== undefined) return known;
    const id = this.size + 1;
    this.#insert.run(id, symbol, sumOfText(symbol, String(id)));
    this.#set(symbol, id);
    return id;
  }

  nameOf(id: number): string {
    const name = this.#names.get(id);
    if (name === undefined) throw new Damage(`symbol ${id} is missing`);
    return name;
  }

  /** Forgets the symbols after the first so many: they went with a transaction that failed. */
  truncate(size: number): void {
    for (const [symbol, id] of [...this.#ids].slice(size)) {
      this.#ids.delete(symbol);
      this.#names.delete(id);
    }
  }

  #set(symbol: string, id: number): void {
    this.#ids.set(symbol, id);
    this.#names.set(id, symbol);
  }
}
