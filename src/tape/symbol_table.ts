import type { DatabaseSync, StatementSync } from "node:sqlite";
import { checkSum, Damage, sumOfText } from "../store/checksum.ts";

/** The numbers of symbols in the file. All are in memory. A transaction stores new ones first. */
export class SymbolTable {
  readonly #insert: StatementSync;
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  /** Number of symbols in the file. */
  #stored: number;

  /** @throws {Damage} */
  constructor(db: DatabaseSync) {
    for (const row of db.prepare("SELECT * FROM symbol ORDER BY id").all()) {
      const { id, name, sum } = row as { id: number; name: string; sum: number };
      checkSum(`symbol ${id}`, sum, sumOfText(name, String(id)));
      if (id !== this.size + 1) throw new Damage(`symbol ${this.size + 1} is missing`);
      this.add(name);
    }
    this.#stored = this.size;
    this.#insert = db.prepare("INSERT INTO symbol VALUES (?, ?, ?)");
  }

  get size(): number {
    return this.#names.length;
  }

  names(): readonly string[] {
    return this.#names;
  }

  /** The symbols after the first `count`, in the order of their numbers. */
  from(count: number): readonly string[] {
    return this.#names.slice(count);
  }

  find(symbol: string): number | undefined {
    return this.#ids.get(symbol);
  }

  /** @returns the id of a symbol; a new symbol gets the next id */
  add(symbol: string): number {
    const known = this.#ids.get(symbol);
    if (known !== undefined) return known;
    const id = this.#names.push(symbol);
    this.#ids.set(symbol, id);
    return id;
  }

  /** @throws {Damage} */
  nameOf(id: number): string {
    const name = this.#names[id - 1];
    if (name === undefined) throw new Damage(`symbol ${id} is missing`);
    return name;
  }

  /** Stores the new symbols; part of a transaction. @returns a function to call after the commit */
  store(): () => void {
    const size = this.size;
    for (let id = this.#stored + 1; id <= size; id++) {
      const name = this.#names[id - 1]!;
      this.#insert.run(id, name, sumOfText(name, String(id)));
    }
    return () => this.#stored = size;
  }
}
