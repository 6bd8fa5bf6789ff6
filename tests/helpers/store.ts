import type { DatabaseSync } from "node:sqlite";
import type { MarketChanges } from "../../src/core/market_state.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { LocalEntries } from "../../src/log/local.ts";
import type { Draft, Entry } from "../../src/log/log.ts";
import { MemoryEntries } from "../../src/log/memory.ts";
import { QueuedLog } from "../../src/log/queued_log.ts";
import { IN_MEMORY, openDatabase } from "../../src/store/database.ts";
import { StoredTape } from "../../src/tape/stored_tape.ts";
import type { TapeReader, TickQuery } from "../../src/tape/tape.ts";

export interface TestStoreOptions {
  /** Path of the file; without one, log and tape are in memory. */
  readonly path?: string | undefined;
  readonly epoch?: string | undefined;
  readonly bootId?: string | undefined;
  readonly holder?: string | undefined;
  readonly barsKept?: number | undefined;
  readonly blockTicks?: number | undefined;
  readonly ticksMax?: number | undefined;
  now?(): number;
  /** Does not move by default. */
  elapsed?(): number;
}

/** A log and its tape without a market. Entries of the log go onto the tape at once. */
export class TestStore {
  readonly log: QueuedLog;
  readonly tape: StoredTape;
  readonly notes: readonly string[];
  readonly #db: DatabaseSync;
  /** Ticks since the store was opened. */
  readonly told: TapedTick[] = [];

  /** @throws {TapeError} */
  constructor(options: TestStoreOptions = {}) {
    const { path = IN_MEMORY, barsKept = 1_500, now = () => 0, elapsed = () => 0 } = options;
    const { blockTicks, ticksMax } = options;
    const { epoch: newEpoch = "e1", bootId = "boot 1", holder = "process 1 on a machine" } =
      options;
    const opened = openDatabase({ path, bootId, holder, newEpoch: () => newEpoch });
    const { db, meta, epoch, notes } = opened;
    this.notes = notes;
    this.#db = db;
    this.tape = new StoredTape({ db, meta, epoch, path, barsKept, blockTicks, ticksMax });
    const store = path === IN_MEMORY ? new MemoryEntries() : new LocalEntries(db, path);
    this.log = new QueuedLog({ epoch, store, now, elapsed, waiting: () => {} });
  }

  /** Follows the log. @param deliver replaces the store's own handling of an entry */
  follow(deliver = (entry: Entry) => this.deliver(entry)): this {
    this.log.follow(this.tape.head, deliver);
    this.tape.checkHead();
    return this;
  }

  deliver(entry: Entry): void {
    this.tape.add(entry);
    this.told.push(...entry.ticks);
  }

  /** Appends ticks and the rest of a draft. @returns the ticks with their seqs */
  async append(ticks: readonly Tick[], rest: Omit<Draft, "ticks"> = {}): Promise<TapedTick[]> {
    const before = this.told.length;
    const appended = this.log.append({ ...rest, ticks });
    while (this.log.work());
    await appended;
    return this.told.slice(before);
  }

  /** Marks all derived data as stored, and writes each full block to the file. */
  seal(state: Partial<MarketChanges> = {}): void {
    const { head } = this.tape;
    // In memory, each call stores only a part.
    while (this.tape.save({ seq: head, instruments: [], newest: [], bars: [], ...state }) < head);
    while (this.tape.seal());
    while (this.log.forget(this.tape.settle()));
  }

  /** Makes all writes fail, or succeed again. */
  writable(isWritable: boolean): void {
    this.#db.exec(`PRAGMA query_only = ${isWritable ? 0 : 1}`);
  }

  close(): void {
    this.tape.close();
  }
}

/** All ticks of a query, in as many calls as it takes. */
export function readAll(tape: TapeReader, query: TickQuery): TapedTick[] {
  const found: TapedTick[] = [];
  if (query.after === undefined && query.from === undefined) {
    let through = Math.min(query.through ?? Infinity, tape.head);
    while (through > tape.tail && found.length < query.limit) {
      const { ticks, seq } = tape.last({ ...query, through, limit: query.limit - found.length });
      found.unshift(...ticks);
      through = seq;
    }
    return found;
  }
  let after = query.after ?? tape.tail;
  const end = Math.min(query.through ?? Infinity, tape.head);
  while (after < end && found.length < query.limit) {
    const { ticks, seq } = tape.first({ ...query, after, limit: query.limit - found.length });
    found.push(...ticks);
    after = seq;
  }
  return found;
}
