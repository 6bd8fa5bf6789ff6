import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Damage } from "./checksum.ts";
import { APPLICATION_ID, migrate, SCHEMA_VERSION } from "./schema.ts";
import { TapeError, TapeFull } from "./tape_error.ts";
import { TextTable } from "./text_table.ts";

export interface OpenOptions {
  readonly path: string;
  /** Identifies the boot of the machine; it changes only when the machine restarts. */
  readonly bootId: string;
  /** The name of this process, shown to others that find the file in use. */
  readonly holder: string;
  newEpoch(): string;
  /** A log that is not in the file. It has all entries that the file may have lost. */
  readonly shared?: { readonly epoch: string; readonly name: string } | undefined;
  /** Whether other processes of this server read the file. */
  readonly isRead?: boolean | undefined;
}

export interface Opened {
  readonly db: DatabaseSync;
  readonly meta: TextTable;
  readonly epoch: string;
  readonly notes: readonly string[];
}

/** The path of a database in memory. */
export const IN_MEMORY = ":memory:";

const BUSY_MS = 1_000;
/** Under this name the file says where its log is: the name of a stream; empty for a log in the file. */
const STREAM = "stream";

/** Opens or creates the file and locks it for this process. @throws {TapeError} */
export function openDatabase(options: OpenOptions): Opened {
  const { path, holder } = options;
  let db: DatabaseSync | undefined;
  try {
    if (path !== IN_MEMORY) {
      mkdirSync(dirname(path), { recursive: true });
      // Fails with a clear error on a read-only disk, where SQLite reports an I/O error.
      closeSync(openSync(path, "a"));
    }
    db = new DatabaseSync(path);
    // A lock on the file ends with the process, even if the process is killed.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
    // An open connection keeps others from that lock. A copy waits for readers.
    if (options.isRead) db = reopened(db, path);
    checkKind(db, path);
    db.exec(
      "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 67108864",
    );
    // The mark that the tape is in use must be on disk before the first tick is published.
    db.exec("PRAGMA synchronous = FULL");
    migrate(db);
    const meta = new TextTable(db, "meta");
    const begun = begin(db, meta, options);
    db.exec("PRAGMA synchronous = NORMAL");
    if (path !== IN_MEMORY) writeHolder(path, holder);
    return { db, meta, ...begun };
  } catch (cause) {
    db?.close();
    throw reasonOf("open", path, cause);
  }
}

/** Whether a process has the file open as its tape. */
export function isInUse(path: string): boolean {
  if (!existsSync(path)) return false;
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
    return false;
  } catch (error) {
    return /database is locked/.test((error as Error).message);
  } finally {
    db.close();
  }
}

function reopened(db: DatabaseSync, path: string): DatabaseSync {
  db.close();
  const again = new DatabaseSync(path);
  again.exec(`PRAGMA busy_timeout = ${BUSY_MS}; SELECT count(*) FROM sqlite_schema`);
  return again;
}

/**
 * Opens a file that another process of this server writes. Until `settled` is called, all reads see
 * the same state. @throws {TapeError}
 */
export function openToFollow(
  path: string,
): { readonly db: DatabaseSync; readonly meta: TextTable; settled(): void } {
  const { db } = openToRead(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; BEGIN`);
    return { db, meta: new TextTable(db, "meta"), settled: () => db.exec("COMMIT") };
  } catch (cause) {
    db.close();
    throw reasonOf("open", path, cause);
  }
}

/** Opens a file read-only. @throws {TapeError} */
export function openToRead(path: string): { readonly db: DatabaseSync; readonly version: number } {
  if (!existsSync(path)) throw new TapeError(`Cannot read tape ${path}: there is no such file`);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    checkKind(db, path);
    return { db, version: pragmaOf(db, "user_version") };
  } catch (cause) {
    db?.close();
    throw reasonOf("open", path, cause);
  }
}

/**
 * Turns a copy of a tape, which must not be in use, into a tape of its own with another epoch. It
 * leaves no WAL file. @throws {TapeError}
 */
export function beginAnew(path: string, epoch: string): void {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    db.exec("PRAGMA synchronous = FULL");
    const meta = new TextTable(db, "meta");
    meta.put("epoch", epoch);
    meta.put(STREAM, "");
    // The copy was made while the tape was in use.
    meta.put("clean", "1");
  } catch (cause) {
    throw reasonOf("write", path, cause);
  } finally {
    db?.close();
  }
}

/** Closes the file. If the mark cannot be written, the next start checks the file. */
export function closeDatabase(db: DatabaseSync, meta: TextTable, path: string): void {
  try {
    meta.put("clean", "1");
  } catch (_) {
    // The disk is full or the file is damaged, which was reported before.
  }
  if (path !== IN_MEMORY) rmSync(holderPath(path), { force: true });
  db.close();
}

/** Checks, without a change, that the file is a tape or empty. */
function checkKind(db: DatabaseSync, path: string): void {
  const version = pragmaOf(db, "user_version");
  const isTape = pragmaOf(db, "application_id") === APPLICATION_ID;
  if (isTape ? version === 0 : pragmaOf(db, "schema_version") !== 0) {
    throw new TapeError(
      `Cannot open tape ${path}: it is a database of another program; choose another file with --tape`,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new TapeError(
      `Cannot open tape ${path}: it has version ${version}, this program knows ${SCHEMA_VERSION}; use a newer tickwire or another --tape`,
    );
  }
}

/** The name of the stream that has the newest entries of a file; `undefined` for a file that has all. */
export function streamOf(meta: TextTable): string | undefined {
  return meta.all().get(STREAM) || undefined;
}

/** Reads a numeric pragma of the file. */
export function pragmaOf(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get()!)[0]);
}

/** Decides whether the epoch remains. @throws {TapeError} for a file that is not whole without its stream */
function begin(
  db: DatabaseSync,
  meta: TextTable,
  { path, bootId, newEpoch, shared }: OpenOptions,
): Pick<Opened, "epoch" | "notes"> {
  const known = meta.all();
  const stream = known.get(STREAM);
  if (stream && shared === undefined) {
    throw new TapeError(
      `Cannot open tape ${path}: its newest ticks are in the stream ${stream}; start with --log, or restore a backup`,
    );
  }
  const notes: string[] = [];
  let epoch = known.get("epoch");
  if (epoch !== undefined && known.get("clean") !== "1" && known.get("boot") !== bootId) {
    const damage = Object.values(db.prepare("PRAGMA quick_check(1)").get()!)[0];
    if (damage !== "ok") throw damaged(path, String(damage));
    if (shared === undefined) {
      notes.push(
        "The machine stopped while the tape was in use and its newest ticks may be lost: the epoch changes",
      );
      epoch = undefined;
    }
  }
  epoch ??= shared?.epoch ?? newEpoch();
  const marks = Object.entries({ epoch, boot: bootId, clean: "0", [STREAM]: shared?.name ?? "" });
  // Values that are already there must not need space on a full disk.
  const changed = marks.filter(([name, value]) => known.get(name) !== value);
  transact(db, () => changed.forEach(([name, value]) => meta.put(name, value)));
  return { epoch, notes };
}

/** Runs the work in a transaction. */
export function transact<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // Some failures have ended the transaction already.
    try {
      db.exec("ROLLBACK");
    } catch (_) {
      // There is nothing to roll back.
    }
    throw error;
  }
}

function writeHolder(path: string, holder: string): void {
  try {
    writeFileSync(holderPath(path), holder);
  } catch (_) {
    // The tape still works. Only the error message of another process cannot name this one.
  }
}

function holderPath(path: string): string {
  return `${path}.holder`;
}

function damaged(path: string, reason: string): TapeError {
  return new TapeError(
    `Cannot read tape ${path}: it is damaged (${reason}); move it away to start a new tape, or recover its data with: sqlite3 ${path} .recover`,
  );
}

/** Translates an error of SQLite for the operator. */
export function reasonOf(
  action: "open" | "read" | "write",
  path: string,
  cause: unknown,
): TapeError {
  if (cause instanceof TapeError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/database is locked/.test(text)) {
    const file = holderPath(path);
    const holder = existsSync(file) && readFileSync(file, "utf8") || "another process";
    return new TapeError(
      `Cannot open tape ${path}: ${holder} has it open; stop that process, or choose another file with --tape`,
      { cause },
    );
  }
  if (/disk is full|ENOSPC/.test(text)) {
    return new TapeFull(`Cannot write to tape ${path}: the disk is full`, { cause });
  }
  if (cause instanceof Damage || /not a database|malformed|SQL logic error/.test(text)) {
    return damaged(path, text);
  }
  if (/readonly|unable to open|EACCES|EPERM|EROFS|ENOTDIR|EEXIST/.test(text)) {
    return new TapeError(
      `Cannot ${action} tape ${path}: the file or its folder is not writable (${text})`,
      { cause },
    );
  }
  return new TapeError(`Cannot ${action} tape ${path}: ${text}`, { cause });
}
