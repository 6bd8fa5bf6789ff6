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

/** What is done for the tape now and then: saving what was derived from it, and forgetting what is old. */
export class Upkeep {
  readonly #intake: Intake;
  readonly #options: UpkeepOptions;
  #savedAt = -Infinity;
  #retainedAt = -Infinity;
  #complained = false;

  constructor(intake: Intake, options: UpkeepOptions) {
    this.#intake = intake;
    this.#options = options;
  }

  run(now: number): void {
    if (now - this.#savedAt >= SAVE_MS || this.#intake.shouldSave) {
      this.#savedAt = now;
      this.save();
    }
    if (now - this.#retainedAt < RETAIN_MS) return;
    const { retentionMs, bytesMax } = this.#options;
    const more = this.#try(() => this.#intake.retain({ before: now - retentionMs, bytesMax }));
    if (more !== true) this.#retainedAt = now;
  }

  save(): void {
    this.#try(() => this.#intake.save());
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
