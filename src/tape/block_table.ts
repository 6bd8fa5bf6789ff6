import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { checkSum, Damage } from "../store/checksum.ts";

/** What is known of a block without reading it. */
export interface BlockRow {
  readonly id: number;
  readonly after: number;
  readonly last: number;
  readonly count: number;
  readonly oldest: number;
  readonly newest: number;
  readonly appended: number;
}

/** What a block is made of beside its parts, as bytes. */
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
      `INSERT INTO block (id, after, last, count, oldest, newest, appended, runs, symbols, sum)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#rows = db.prepare(
      "SELECT id, after, last, count, oldest, newest, appended FROM block ORDER BY after",
    );
    this.#details = db.prepare("SELECT runs, symbols, sum FROM block WHERE id = ?");
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

  /** Forgets the parts of blocks that were not whole when the process ended. */
  forgetUnfinished(): void {
    this.#forgetUnfinished.run();
  }

  /** In the order of the tape. */
  all(): BlockRow[] {
    return this.#rows.all() as unknown as BlockRow[];
  }

  put(row: BlockRow, { runs, symbols }: BlockDetails): void {
    const { id, after, last, count, oldest, newest, appended } = row;
    const sum = sumOf(row, { runs, symbols });
    this.#insert.run(id, after, last, count, oldest, newest, appended, runs, symbols, sum);
  }

  /** @throws {Damage} */
  details(row: BlockRow): BlockDetails {
    const found = this.#details.get(row.id) as (BlockDetails & { sum: number }) | undefined;
    if (found === undefined) throw new Damage(`block ${row.id} is missing`);
    checkSum(`block ${row.id}`, found.sum, sumOf(row, found));
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

function sumOf(row: BlockRow, { runs, symbols }: BlockDetails): number {
  const { id, after, last, count, oldest, newest, appended } = row;
  const numbers = Float64Array.of(id, after, last, count, oldest, newest, appended);
  return crc32(symbols, crc32(runs, crc32(new Uint8Array(numbers.buffer))));
}

function sumOfPart(block: number, part: number, body: Uint8Array): number {
  return crc32(body, crc32(new Uint8Array(Float64Array.of(block, part).buffer)));
}
