import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Snapshots } from "../store/snapshot.ts";
import { TapeError } from "../store/tape_error.ts";

export interface BackupsOptions {
  readonly snapshots: Snapshots;
  /** Brings what only the log has into the file, where the log is elsewhere. @throws {TapeError} */
  readonly complete?: (() => Promise<void>) | undefined;
  /** The folder for them. */
  readonly folder: string;
  readonly everyMs: number;
  /** How many of them are kept. */
  readonly keep: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds by a clock that nobody sets. */
  elapsed(): number;
  info(message: string): void;
  warn(message: string): void;
}

const NAME = /^tickwire-(\d{8}T\d{6}Z)\.db$/;
/** What is not whole yet. */
const PART = ".part";
/** One that has failed is tried again after so long. */
const RETRY_MS = 60_000;

/** Copies of the tape's file in a folder, made now and then; the oldest make room. */
export class Backups {
  readonly #options: BackupsOptions;
  #isMaking = false;
  #triedAt = -Infinity;
  /** When the newest was made, in milliseconds since the epoch; 0 when there is none. */
  #newest: number;

  /** @throws {TapeError} when the folder cannot be used */
  constructor(options: BackupsOptions) {
    this.#options = options;
    try {
      mkdirSync(options.folder, { recursive: true });
      this.#newest = Math.max(0, ...this.#names().map(timeOf));
    } catch (cause) {
      const { message } = cause as Error;
      throw new TapeError(`Cannot use --backup-dir ${options.folder}: ${message}`, { cause });
    }
  }

  get newest(): number {
    return this.#newest;
  }

  /** Makes one, if it is time. */
  tend(): void {
    const { everyMs, now, elapsed } = this.#options;
    // A clock that was set back may not keep it from being made.
    const isDue = Math.abs(now() - this.#newest) >= everyMs;
    if (!isDue || this.#isMaking || elapsed() - this.#triedAt < RETRY_MS) return;
    void this.make();
  }

  /** Makes one now. What goes wrong is told, and tried again. */
  async make(): Promise<void> {
    const { folder, now, elapsed, info, warn } = this.#options;
    this.#isMaking = true;
    this.#triedAt = elapsed();
    const name = nameOf(now());
    const path = join(folder, name);
    try {
      const bytes = await this.#write(path + PART);
      renameSync(path + PART, path);
      this.#newest = timeOf(name);
      this.#triedAt = -Infinity;
      this.#makeRoom();
      info(`Backed up the tape to ${path}: ${bytes} bytes`);
    } catch (error) {
      rmSync(path + PART, { force: true });
      warn(`Cannot back up the tape to ${path}: ${(error as Error).message}`);
    }
    this.#isMaking = false;
  }

  async #write(path: string): Promise<number> {
    const { snapshots, complete } = this.#options;
    await complete?.();
    const snapshot = snapshots.take();
    try {
      const file = await open(path, "w");
      try {
        for (let slice = await snapshot.next(); slice; slice = await snapshot.next()) {
          await file.write(slice);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      return snapshot.bytes;
    } finally {
      snapshot.close();
    }
  }

  #makeRoom(): void {
    const { folder, keep } = this.#options;
    const names = this.#names();
    for (const name of names.slice(0, Math.max(0, names.length - keep))) {
      rmSync(join(folder, name));
    }
    for (const name of readdirSync(folder)) {
      if (name.endsWith(PART) && NAME.test(name.slice(0, -PART.length))) rmSync(join(folder, name));
    }
  }

  /** The oldest first. */
  #names(): string[] {
    return readdirSync(this.#options.folder).filter((name) => NAME.test(name)).sort();
  }
}

/** `tickwire-20251121T044000Z.db` */
function nameOf(time: number): string {
  const text = new Date(time).toISOString().replace(/\.\d+/, "").replaceAll(/[-:]/g, "");
  return `tickwire-${text}.db`;
}

function timeOf(name: string): number {
  const text = NAME.exec(name)![1]!;
  return Date.parse(
    text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}
