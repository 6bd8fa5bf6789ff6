import type { DatabaseSync, StatementSync } from "node:sqlite";
import { checkSum, sumOfText } from "./checksum.ts";
import { type Receipt, RECEIPTS_MAX } from "./tape.ts";

/** So many receipts are forgotten in one go, so that live traffic is not held up. */
const FORGET_MAX = 1_000;

/** The receipts of a tape in a file, in the order in which they were given. */
export class ReceiptTable {
  readonly #put: StatementSync;
  readonly #get: StatementSync;
  readonly #crowd: StatementSync;
  readonly #forget: StatementSync;

  constructor(db: DatabaseSync) {
    this.#put = db.prepare(
      "INSERT OR REPLACE INTO receipt (key, accepted, seq, time, sum) VALUES (?, ?, ?, ?, ?)",
    );
    this.#get = db.prepare("SELECT * FROM receipt WHERE key = ?");
    this.#crowd = db.prepare("DELETE FROM receipt WHERE id <= ?");
    this.#forget = db.prepare(
      `DELETE FROM receipt WHERE time < ?
       AND id IN (SELECT id FROM receipt ORDER BY id LIMIT ${FORGET_MAX})`,
    );
  }

  put(receipts: readonly Receipt[]): void {
    let newest = 0;
    for (const receipt of receipts) {
      const { key, accepted, seq, time } = receipt;
      newest = Number(this.#put.run(key, accepted, seq, time, sumOf(receipt)).lastInsertRowid);
    }
    if (newest > RECEIPTS_MAX) this.#crowd.run(newest - RECEIPTS_MAX);
  }

  /** @throws {Damage} */
  find(key: string): Receipt | undefined {
    const row = this.#get.get(key) as Receipt & { sum: number } | undefined;
    if (row === undefined) return undefined;
    const { accepted, seq, time, sum } = row;
    const receipt = { key, accepted, seq, time };
    checkSum(`the receipt of ${JSON.stringify(key)}`, sum, sumOf(receipt));
    return receipt;
  }

  /** Forgets receipts that were given before a time. @returns whether there may be more */
  forget(before: number): boolean {
    return this.#forget.run(before).changes === FORGET_MAX;
  }
}

function sumOf({ key, accepted, seq, time }: Receipt): number {
  return sumOfText(key, String(accepted), String(seq), String(time));
}
