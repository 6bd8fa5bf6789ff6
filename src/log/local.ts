import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Damage } from "../store/checksum.ts";
import { reasonOf, transact } from "../store/database.ts";
import { TapeError } from "../store/tape_error.ts";
import { decodeEntry, encodeEntry, EntryFault, NewerEntry } from "./entry.ts";
import { type Entry, lastSeq } from "./log.ts";
import type { EntryStore } from "./queued_log.ts";

/** Most entries that one query reads, and that one call of `forget` deletes. */
const READ_MAX = 64, FORGET_MAX = 1_000;

/**
 * Entries in the tape's file. Each write is one transaction, so a killed process loses no written
 * entries.
 */
export class LocalEntries implements EntryStore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #delete: StatementSync;
  readonly #takeBack: StatementSync;
  /** The next id, and the newest id that may be in the file. Ids have no gaps. */
  #next = 1;
  #newest = 0;
  /** The ids of the entries in the file, oldest first, each with its `untilOf`. */
  #kept: { id: number; until: number }[] = [];

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
    this.#insert = db.prepare("INSERT INTO entry VALUES (?, ?)");
    this.#select = db.prepare("SELECT id, body FROM entry WHERE id > ? ORDER BY id LIMIT ?");
    this.#delete = db.prepare("DELETE FROM entry WHERE id <= ?");
    this.#takeBack = db.prepare("DELETE FROM entry WHERE id >= ?");
  }

  *read(after: number): Iterable<Entry> {
    let expected = after + 1;
    for (const { id, entry } of this.#all()) {
      this.#kept.push({ id, until: untilOf(entry) });
      this.#next = id + 1;
      this.#newest = id;
      // Entries that are sealed in blocks remain for a while.
      if (untilOf(entry) <= after) continue;
      if (entry.first !== expected) {
        throw this.#damaged(`entry ${id} begins with tick ${entry.first}, not with ${expected}`);
      }
      expected = lastSeq(entry) + 1;
      yield entry;
    }
  }

  write(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const bodies = entries.map(encodeEntry);
    try {
      transact(this.#db, () => {
        // Deletes entries that were taken back.
        if (this.#newest >= this.#next) this.#takeBack.run(this.#next);
        bodies.forEach((body, index) => this.#insert.run(this.#next + index, body));
      });
    } catch (cause) {
      throw reasonOf("write", this.#path, cause);
    }
    for (const entry of entries) this.#kept.push({ id: this.#next++, until: untilOf(entry) });
    this.#newest = this.#next - 1;
  }

  takeBack(count: number): void {
    this.#kept.length -= count;
    this.#next -= count;
  }

  forget(through: number): boolean {
    const kept = this.#kept.findIndex(({ until }) => until > through);
    const count = Math.min(FORGET_MAX, kept < 0 ? this.#kept.length : kept);
    if (count === 0) return false;
    try {
      this.#delete.run(this.#kept[count - 1]!.id);
    } catch (cause) {
      throw reasonOf("write", this.#path, cause);
    }
    this.#kept = this.#kept.slice(count);
    return count === FORGET_MAX;
  }

  *#all(): Iterable<{ id: number; entry: Entry }> {
    let last: number | undefined;
    for (;;) {
      const rows = this.#rows(last ?? 0);
      if (rows.length === 0) return;
      for (const { id, body } of rows) {
        if (last !== undefined && id !== last + 1) {
          throw this.#damaged(`entry ${last + 1} is missing`);
        }
        yield { id, entry: this.#decode(id, body) };
        last = id;
      }
    }
  }

  #rows(after: number): { id: number; body: Uint8Array }[] {
    try {
      return this.#select.all(after, READ_MAX) as { id: number; body: Uint8Array }[];
    } catch (cause) {
      throw reasonOf("read", this.#path, cause);
    }
  }

  #decode(id: number, body: Uint8Array): Entry {
    try {
      return decodeEntry(body);
    } catch (cause) {
      if (!(cause instanceof EntryFault)) throw cause;
      if (cause instanceof NewerEntry) {
        const way = "use a newer tickwire or another --tape";
        throw new TapeError(
          `Cannot open tape ${this.#path}: entry ${id}: ${cause.message}; ${way}`,
        );
      }
      throw this.#damaged(`entry ${id}: ${cause.message}`);
    }
  }

  #damaged(reason: string): Error {
    return reasonOf("read", this.#path, new Damage(reason));
  }
}

/**
 * The seq that must be stored elsewhere before an entry may be deleted. For an entry without ticks
 * it is the seq of the next tick: the ticks before may have been stored before the entry came.
 */
function untilOf(entry: Entry): number {
  return Math.max(entry.first, lastSeq(entry));
}
