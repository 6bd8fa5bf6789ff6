import type { SlicedLog } from "../log/log.ts";
import { TapeError } from "../store/tape_error.ts";
import { RECEIPT_MS } from "../tape/receipts.ts";
import type { StoredTape } from "../tape/stored_tape.ts";
import type { Replica } from "./replica.ts";

/** How often what was derived from the tape is stored: a start has to apply the ticks since then. */
const SAVE_MS = 5_000;
const RETAIN_MS = 10_000, MIGRATION_TOLD_MS = 10_000;
/** So many bars that are in memory only do not wait that long. */
const BARS_HELD = 10_000;
/** So few ticks are brought into the file at once. */
const UNSEALED_FEW = 4_096;

export interface MaintenanceOptions {
  readonly replica: Replica;
  readonly log: SlicedLog;
  readonly tape: StoredTape;
  /** Ticks that were appended longer ago may be forgotten. */
  readonly retentionMs: number;
  readonly bytesMax: number;
  info(message: string): void;
  warn(message: string): void;
}

/**
 * What is done for the tape now and then, a slice at a time: storing what was derived from it, bringing its
 * ticks from the log into blocks, and forgetting what is old.
 */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  #savedAt = -Infinity;
  /** What follows from the ticks up to here is being stored. */
  #saving: number | undefined;
  #retainedAt = -Infinity;
  /** What the operator was told cannot be done. */
  readonly #failing = new Set<string>();
  /** Ticks of an older version that were left when the operator was last told, and when that was. */
  #migrating: { readonly left: number; readonly at: number } | undefined;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  /** @returns whether there is more to do, after others had their turn */
  run(now: number): boolean {
    const { tape } = this.#options;
    // A clock that was set back may not keep it from being stored.
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

  /** Stores everything that was derived, at the end. */
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

  /** @returns whether it could be stored */
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

  /** What cannot be written now is tried again; the operator is told once. */
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
