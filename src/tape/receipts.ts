import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Receipt } from "../log/log.ts";
import { checkSum, sumOfText } from "../store/checksum.ts";
import type { Stored } from "./bar_store.ts";

/** How long receipts are kept, and the number of newest receipts that are kept. */
export const RECEIPT_MS = 86_400_000;
export const RECEIPTS_MAX = 100_000;
/** Most receipts that one call deletes, so that live traffic does not wait. */
const FORGET_MAX = 1_000;

/** The receipts of a tape, oldest first. New receipts are in memory until they are stored. */
export class Receipts {
  readonly #put: StatementSync;
  readonly #get: StatementSync;
  readonly #crowd: StatementSync;
  readonly #forget: StatementSync;
  readonly #fresh = new Map<string, Receipt>();

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

  add(receipt: Receipt): void {
    this.#fresh.delete(receipt.key);
    this.#fresh.set(receipt.key, receipt);
  }

  /** @throws {Damage} */
  find(key: string): Receipt | undefined {
    const fresh = this.#fresh.get(key);
    if (fresh !== undefined) return fresh;
    const row = this.#get.get(key) as Receipt & { sum: number } | undefined;
    if (row === undefined) return undefined;
    const { accepted, seq, time, sum } = row;
    const receipt = { key, accepted, seq, time };
    checkSum(`the receipt of ${JSON.stringify(key)}`, sum, sumOf(receipt));
    return receipt;
  }

  /** Stores some of the new receipts; part of a transaction. */
  store(max: number): Stored {
    const stored: string[] = [];
    let newest = 0;
    let left: number | undefined;
    for (const [key, receipt] of this.#fresh) {
      const { accepted, seq, time } = receipt;
      if (stored.length >= max) {
        left = seq;
        break;
      }
      newest = Number(this.#put.run(key, accepted, seq, time, sumOf(receipt)).lastInsertRowid);
      stored.push(key);
    }
    if (newest > RECEIPTS_MAX) this.#crowd.run(newest - RECEIPTS_MAX);
    return {
      left,
      done: () => {
        for (const key of stored) this.#fresh.delete(key);
      },
    };
  }

  /** Drops the receipts that another process has stored: all up to a seq. */
  release(saved: number): void {
    for (const [key, { seq }] of this.#fresh) {
      if (seq > saved) return;
      this.#fresh.delete(key);
    }
  }

  /** Deletes some of the receipts from before a time. @returns whether there may be more */
  forget(before: number): boolean {
    return this.#forget.run(before).changes === FORGET_MAX;
  }
}

function sumOf({ key, accepted, seq, time }: Receipt): number {
  return sumOfText(key, String(accepted), String(seq), String(time));
}
