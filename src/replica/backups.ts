import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Snapshots } from "../store/snapshot.ts";
import { TapeError } from "../store/tape_error.ts";

export interface BackupsOptions {
  readonly snapshots: Snapshots;
  /** Brings what only the log has into the file, where the log is elsewhere. @throws {TapeError} */
  readonly complete?: (() => Promise<void>) | undefined;
  /** The folder for the copies. */
  readonly folder: string;
  readonly everyMs: number;
  /** How many copies to keep. */
  readonly keep: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds by a monotonic clock. */
  elapsed(): number;
  info(message: string): void;
  warn(message: string): void;
}

const NAME = /^tickwire-(\d{8}T\d{6}Z)\.db$/;
/** The ending of an unfinished copy. */
const PART = ".part";
/** Time after which a failed copy is tried again. */
const RETRY_MS = 60_000;

/** Copies the tape's file to a folder at intervals, and deletes the oldest copies. */
export class Backups {
  readonly #options: BackupsOptions;
  #isMaking = false;
  #triedAt = -Infinity;
  /** Time of the newest copy, in milliseconds since the epoch; 0 if there is none. */
  #newest: number;

  /** @throws {TapeError} if the folder cannot be used */
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

  /** Makes a copy if one is due. */
  tend(): void {
    const { everyMs, now, elapsed } = this.#options;
    // The absolute value: a clock that was set back must not delay the next copy.
    const isDue = Math.abs(now() - this.#newest) >= everyMs;
    if (!isDue || this.#isMaking || elapsed() - this.#triedAt < RETRY_MS) return;
    void this.make();
  }

  /** Makes a copy now. If it fails, it logs a warning, and `tend` tries again. */
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

  /** Names of the copies, oldest first. */
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
