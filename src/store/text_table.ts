import type { DatabaseSync, StatementSync } from "node:sqlite";
import { checkSum, Damage, sumOfText } from "./checksum.ts";

interface Row {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  readonly sum: number;
}

/** A table of texts by name, in order of insertion. */
export class TextTable {
  readonly #put: StatementSync;
  readonly #all: StatementSync;

  constructor(db: DatabaseSync, table: "meta" | "instrument" | "newest") {
    this.#put = db.prepare(
      `INSERT INTO ${table} (name, value, sum) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, sum = excluded.sum`,
    );
    this.#all = db.prepare(`SELECT * FROM ${table} ORDER BY id`);
  }

  put(name: string, value: string): void {
    this.#put.run(name, value, sumOfText(name, value));
  }

  /** @throws {Damage} */
  all(): Map<string, string> {
    const texts = new Map<string, string>();
    for (const row of this.#all.all()) {
      const { id, name, value, sum } = row as unknown as Row;
      checkSum(name, sum, sumOfText(name, value));
      if (id !== texts.size + 1) throw new Damage(`a record before ${name} is missing`);
      texts.set(name, value);
    }
    return texts;
  }
}
