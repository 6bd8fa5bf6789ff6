import { type Entry, lastSeq } from "./log.ts";
import type { EntryStore } from "./queued_log.ts";

/** Entries in memory. */
export class MemoryEntries implements EntryStore {
  #entries: Entry[] = [];

  *read(after: number): Iterable<Entry> {
    for (const entry of this.#entries) if (entry.first > after) yield entry;
  }

  write(entries: readonly Entry[]): void {
    this.#entries.push(...entries);
  }

  takeBack(count: number): void {
    this.#entries.length -= count;
  }

  forget(through: number): boolean {
    const kept = this.#entries.findIndex((entry) =>
      Math.max(entry.first, lastSeq(entry)) > through
    );
    this.#entries = kept < 0 ? [] : this.#entries.slice(kept);
    return false;
  }
}
