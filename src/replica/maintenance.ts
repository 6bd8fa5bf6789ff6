import type { SlicedLog } from "../log/log.ts";
import { TapeError } from "../store/tape_error.ts";
import { RECEIPT_MS } from "../tape/receipts.ts";
import type { StoredTape } from "../tape/stored_tape.ts";
import type { Replica } from "./replica.ts";

/** How often to store the derived state. A start has to apply the ticks since then. */
const SAVE_MS = 5_000;
const RETAIN_MS = 10_000, MIGRATION_TOLD_MS = 10_000;
/** With more bars that are only in memory, the state is stored sooner. */
const BARS_HELD = 10_000;
/** So few ticks are brought into the file at once. */
const UNSEALED_FEW = 4_096;

export interface MaintenanceOptions {
  readonly replica: Replica;
  readonly log: SlicedLog;
  readonly tape: StoredTape;
  /** Ticks that were appended longer ago may be deleted. */
  readonly retentionMs: number;
  readonly bytesMax: number;
  info(message: string): void;
  warn(message: string): void;
}

/**
 * Does the periodic work of the tape in slices: stores the derived state, moves ticks from the log
 * into blocks, and deletes old ticks.
 */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  #savedAt = -Infinity;
  /** The running save has to store the state up to this seq. */
  #saving: number | undefined;
  #retainedAt = -Infinity;
  /** The kinds of work that fail at present. The operator gets one warning for all of them. */
  readonly #failing = new Set<string>();
  /** The last report of ticks of an older version: how many were left, and when it was. */
  #migrating: { readonly left: number; readonly at: number } | undefined;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  /** Does one slice of each work. @returns whether there is more */
  run(now: number): boolean {
    const { tape } = this.#options;
    // The absolute value: a clock that was set back must not delay the next save.
    const isDue = Math.abs(now - this.#savedAt) >= SAVE_MS;
    if (this.#saving === undefined && (isDue || tape.sealsAfterSave || tape.barsHeld > BARS_HELD)) {
      this.#savedAt = now;
      this.#saving = tape.head;
    }
    const saved = this.#saving !== undefined && this.#saveSlice();
    const sealed = this.#try("seal", () => this.#seal()) === true;
    this.#tellOfMigration(now);
    const isOver = Math.abs(now - this.#retainedAt) >= RETAIN_MS || tape.hasSurplus;
    const forgot = isOver && this.#retain(now);
    const swept = this.#try("sweep", () => tape.sweep()) === true;
    return saved || sealed || forgot || swept;
  }

  #tellOfMigration(now: number): void {
    const { tape: { legacyTicks: left }, info } = this.#options;
    if (left === (this.#migrating?.left ?? 0)) return;
    if (left > 0 && Math.abs(now - (this.#migrating?.at ?? -Infinity)) < MIGRATION_TOLD_MS) return;
    this.#migrating = { left, at: now };
    info(
      left === 0
        ? "All ticks of the older version of the tape are in blocks"
        : `Brings ticks of an older version of the tape into blocks, and serves them: ${left} are left`,
    );
  }

  /** Stores the whole derived state, at shutdown. */
  finish(): void {
    this.#saving = this.#options.tape.head;
    while (this.#saving !== undefined && this.#saveSlice());
  }

  /**
   * Brings all ticks into the file, so that a copy of it needs no log. The last of them, which have come in
   * the meantime, are brought in without a pause: a copy that is taken at once has all.
   * @throws {TapeError} when they cannot be written
   */
  async complete(pause: () => Promise<void>): Promise<void> {
    const { tape } = this.#options;
    for (let before = Infinity; tape.unsealed > UNSEALED_FEW && tape.unsealed < before;) {
      before = tape.unsealed;
      for (const _slice of this.#sealAll()) await pause();
    }
    for (const _slice of this.#sealAll());
    if (tape.settle() === tape.head) return;
    throw new TapeError("Cannot copy the tape: its newest ticks cannot be written to the file");
  }

  /** Stores and seals what there is now, a slice at a time. */
  *#sealAll(): Generator<void> {
    const { tape } = this.#options;
    this.#saving = tape.head;
    tape.closeBlock();
    while (this.#saving !== undefined && this.#saveSlice()) yield;
    while (this.#try("seal", () => this.#seal()) === true) yield;
  }

  /** @returns whether the slice was stored */
  #saveSlice(): boolean {
    const seq = this.#try("save", () => this.#options.replica.save());
    if (seq !== undefined && seq >= (this.#saving ?? 0)) this.#saving = undefined;
    return seq !== undefined;
  }

  /** @returns whether there is more */
  #seal(): boolean {
    const { tape, log } = this.#options;
    const more = tape.seal();
    return log.forget(tape.settle()) || more;
  }

  /** @returns whether there may be more to forget */
  #retain(now: number): boolean {
    const { tape, retentionMs, bytesMax } = this.#options;
    const retention = { before: now - retentionMs, bytesMax };
    const more = this.#try("retain", () => tape.retain(retention, now - RECEIPT_MS));
    if (more !== true) this.#retainedAt = now;
    return more === true;
  }

  /** Does work that is tried again later if it fails. The operator is warned only once. */
  #try<Result>(name: string, work: () => Result): Result | undefined {
    try {
      const result = work();
      this.#failing.delete(name);
      return result;
    } catch (error) {
      if (!(error instanceof TapeError)) throw error;
      if (this.#failing.size === 0) this.#options.warn(error.message);
      this.#failing.add(name);
      return undefined;
    }
  }
}
