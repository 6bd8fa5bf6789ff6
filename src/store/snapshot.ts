/** Copies a database that is in use: https://www.sqlite.org/wal.html */
import { fstatSync, openSync, read } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { pragmaOf, reasonOf } from "./database.ts";
import { TapeError } from "./tape_error.ts";

/** Bytes per read. */
const SLICE_BYTES = 262_144;

/**
 * SQLite writes to a WAL file first and copies it to the database at a checkpoint. Without
 * checkpoints the database file does not change, so it can be copied slowly while the writer
 * continues.
 */
export class Snapshots {
  readonly #db: DatabaseSync;
  readonly #path: string;
  /**
   * The descriptor stays open until the process ends. To close any descriptor of the file would
   * release all POSIX locks of the process on the file, including the locks of SQLite.
   */
  #file: number | undefined;
  #taken: Snapshot | undefined;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  get isTaken(): boolean {
    return this.#taken !== undefined;
  }

  /** Takes a snapshot of all writes so far, one at a time. @throws {TapeError} */
  take(): Snapshot {
    if (this.isTaken) throw new TapeError("Cannot copy the tape: it is being copied already");
    try {
      const { busy } = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()!;
      if (busy !== 0) throw new TapeError("Cannot copy the tape: it is being read");
      const every = pragmaOf(this.#db, "wal_autocheckpoint");
      this.#db.exec("PRAGMA wal_autocheckpoint = 0");
      const file = this.#file ??= openSync(this.#path, "r");
      return this.#taken = new Snapshot(file, () => {
        this.#taken = undefined;
        this.#db.exec(`PRAGMA wal_autocheckpoint = ${every}`);
      });
    } catch (cause) {
      throw reasonOf("read", this.#path, cause);
    }
  }

  /** Ends a running snapshot before the tape is closed. */
  close(): void {
    this.#taken?.close();
  }
}

/** The file at one moment. */
export class Snapshot {
  readonly bytes: number;
  readonly #file: number;
  readonly #closed: () => void;
  #isClosed = false;
  #at = 0;

  constructor(file: number, closed: () => void) {
    this.#file = file;
    this.#closed = closed;
    this.bytes = fstatSync(file).size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The next bytes; `undefined` after the last. @throws {TapeError} if it was closed meanwhile */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const length = Math.min(SLICE_BYTES, this.bytes - this.#at);
    if (length === 0) return undefined;
    const slice = new Uint8Array(length);
    const count = await readAt(this.#file, slice, this.#at);
    // After the close, the bytes may be from another moment.
    if (this.#isClosed) throw new TapeError("Cannot copy the tape: it is closed");
    if (count === 0) throw new TapeError("Cannot copy the tape: its file has become shorter");
    this.#at += count;
    return slice.subarray(0, count);
  }

  /** Lets the file change again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closed();
  }
}

function readAt(file: number, into: Uint8Array, at: number): Promise<number> {
  return new Promise((resolve, reject) =>
    read(file, into, 0, into.length, at, (error, count) => error ? reject(error) : resolve(count))
  );
}
