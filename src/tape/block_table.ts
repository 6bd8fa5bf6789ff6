import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { checkSum, Damage } from "../store/checksum.ts";

/** The summary of a block, which stays in memory. */
export interface BlockRow {
  readonly id: number;
  readonly after: number;
  readonly last: number;
  readonly count: number;
  readonly oldest: number;
  readonly newest: number;
  readonly appended: number;
}

/** The row of a block in the file, with its checksum. */
export interface StoredRow extends BlockRow {
  readonly sum: number;
}

/** The encoded data of a block that are not in its parts. */
export interface BlockDetails {
  readonly runs: Uint8Array;
  readonly symbols: Uint8Array;
}

/** The blocks of a tape in a file, each with its parts. */
export class BlockTable {
  readonly #insert: StatementSync;
  readonly #rows: StatementSync;
  readonly #details: StatementSync;
  readonly #forget: StatementSync;
  readonly #insertPart: StatementSync;
  readonly #parts: StatementSync;
  readonly #forgetParts: StatementSync;
  readonly #hasParts: StatementSync;
  readonly #forgetUnfinished: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(
      `INSERT INTO block
       (id, after, last, count, oldest, newest, appended, sum, runs, symbols, details)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#rows = db.prepare(
      "SELECT id, after, last, count, oldest, newest, appended, sum FROM block ORDER BY after",
    );
    this.#details = db.prepare("SELECT runs, symbols, details FROM block WHERE id = ?");
    this.#forget = db.prepare("DELETE FROM block WHERE id = ?");
    this.#insertPart = db.prepare("INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?)");
    this.#parts = db.prepare(
      "SELECT part, body, sum FROM chunk WHERE block = ? AND part >= ? AND part < ? ORDER BY part",
    );
    this.#forgetParts = db.prepare("DELETE FROM chunk WHERE block = ? AND part >= ? AND part < ?");
    this.#hasParts = db.prepare("SELECT 1 FROM chunk WHERE block = ? LIMIT 1");
    this.#forgetUnfinished = db.prepare(
      "DELETE FROM chunk WHERE block > (SELECT coalesce(max(id), 0) FROM block)",
    );
  }

  /** Deletes the parts of blocks that were not complete when the process ended. */
  forgetUnfinished(): void {
    this.#forgetUnfinished.run();
  }

  /** The rows in tape order, without a check of their checksums. */
  all(): StoredRow[] {
    return this.#rows.all() as unknown as StoredRow[];
  }

  put(row: BlockRow, { runs, symbols }: BlockDetails): void {
    const { id, after, last, count, oldest, newest, appended } = row;
    const numbers = [id, after, last, count, oldest, newest, appended];
    const details = sumOfDetails(id, { runs, symbols });
    this.#insert.run(...numbers, sumOf(row), runs, symbols, details);
  }

  /** @throws {Damage} */
  details({ id }: BlockRow): BlockDetails {
    const found = this.#details.get(id) as (BlockDetails & { details: number }) | undefined;
    if (found === undefined) throw new Damage(`block ${id} is missing`);
    checkSum(`block ${id}`, found.details, sumOfDetails(id, found));
    return found;
  }

  forget(id: number): void {
    this.#forget.run(id);
  }

  putPart(block: number, part: number, body: Uint8Array): void {
    this.#insertPart.run(block, part, body, sumOfPart(block, part, body));
  }

  /** The parts from `first` to the one before `behind`. @throws {Damage} */
  parts(block: number, first: number, behind: number): Uint8Array[] {
    const rows = this.#parts.all(block, first, behind) as {
      part: number;
      body: Uint8Array;
      sum: number;
    }[];
    return Array.from({ length: behind - first }, (_, index) => {
      const row = rows[index];
      if (row?.part !== first + index) {
        throw new Damage(`part ${first + index} of block ${block} is missing`);
      }
      checkSum(`part ${row.part} of block ${block}`, row.sum, sumOfPart(block, row.part, row.body));
      return row.body;
    });
  }

  hasParts(block: number): boolean {
    return this.#hasParts.get(block) !== undefined;
  }

  forgetParts(block: number, first: number, behind: number): void {
    this.#forgetParts.run(block, first, behind);
  }
}

/** Checks a row: a search by time skips blocks by their rows alone. @throws {Damage} */
export function checkRow(row: StoredRow): void {
  checkSum(`block ${row.id}`, row.sum, sumOf(row));
}

function sumOf({ id, after, last, count, oldest, newest, appended }: BlockRow): number {
  const numbers = Float64Array.of(id, after, last, count, oldest, newest, appended);
  return crc32(new Uint8Array(numbers.buffer));
}

function sumOfDetails(id: number, { runs, symbols }: BlockDetails): number {
  return crc32(symbols, crc32(runs, crc32(new Uint8Array(Float64Array.of(id).buffer))));
}

function sumOfPart(block: number, part: number, body: Uint8Array): number {
  return crc32(body, crc32(new Uint8Array(Float64Array.of(block, part).buffer)));
}
