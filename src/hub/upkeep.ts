import { TapeError } from "../tape/tape.ts";
import type { Intake } from "./intake.ts";

/** How often what was derived from the tape is saved: a start has to apply the ticks since then. */
const SAVE_MS = 5_000;
const RETAIN_MS = 10_000;

export interface UpkeepOptions {
  /** Ticks that were appended longer ago may be forgotten. */
  readonly retentionMs: number;
  readonly bytesMax: number;
  warn(message: string): void;
}

/**
 * What is done for the tape now and then, a slice at a time: saving what was derived from it, and
 * forgetting what is old.
 */
export class Upkeep {
  readonly #intake: Intake;
  readonly #options: UpkeepOptions;
  #savedAt = -Infinity;
  /** What follows from the ticks up to here is being saved. */
  #saving: number | undefined;
  #retainedAt = -Infinity;
  #complained = false;

  constructor(intake: Intake, options: UpkeepOptions) {
    this.#intake = intake;
    this.#options = options;
  }

  /** @returns whether there is more to do, after others had their turn */
  run(now: number): boolean {
    // A clock that was set back may not keep it from being saved.
    if (Math.abs(now - this.#savedAt) >= SAVE_MS) {
      this.#savedAt = now;
      this.#saving = this.#intake.seq;
    }
    const saved = (this.#saving !== undefined || this.#intake.shouldSave) && this.#saveSlice();
    const forgot = Math.abs(now - this.#retainedAt) >= RETAIN_MS && this.#retain(now);
    return saved || forgot;
  }

  /** Saves everything, at the end. */
  finish(): void {
    this.#saving = this.#intake.seq;
    while (this.#saving !== undefined && this.#saveSlice());
  }

  /** @returns whether it could be saved */
  #saveSlice(): boolean {
    const seq = this.#try(() => this.#intake.save());
    if (seq !== undefined && seq >= (this.#saving ?? 0)) this.#saving = undefined;
    return seq !== undefined;
  }

  /** @returns whether there may be more to forget */
  #retain(now: number): boolean {
    const { retentionMs, bytesMax } = this.#options;
    const more = this.#try(() => this.#intake.retain({ before: now - retentionMs, bytesMax }));
    if (more !== true) this.#retainedAt = now;
    return more === true;
  }

  /** What cannot be written now is tried again; the operator is told once. */
  #try<Result>(work: () => Result): Result | undefined {
    try {
      const result = work();
      this.#complained = false;
      return result;
    } catch (error) {
      if (!(error instanceof TapeError)) throw error;
      if (!this.#complained) this.#options.warn(error.message);
      this.#complained = true;
      return undefined;
    }
  }
}
