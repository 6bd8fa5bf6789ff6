import { type Context, Hono } from "hono";
import { Backups } from "../../replica/backups.ts";
import type { Snapshot, Snapshots } from "../../store/snapshot.ts";
import { checkAll } from "../access/grants.ts";
import { HttpError } from "../http_error.ts";

export interface BackupOptions {
  /** Absent if the tape is in memory. */
  readonly snapshots: Snapshots | undefined;
  readonly settings: {
    readonly "backup-dir"?: string | undefined;
    readonly "backup-every": number;
    readonly "backup-keep": number;
    /** Milliseconds without progress after which a reader is disconnected. */
    readonly stalled: number;
  };
  /** Brings what only the log has into the file, where the log is elsewhere. @throws {TapeError} */
  readonly complete?: (() => Promise<void>) | undefined;
  /** Position of the newest tick. */
  position(): string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of a clock that never goes back. */
  elapsed(): number;
  sleep(ms: number): Promise<void>;
  info(message: string): void;
  warn(message: string): void;
}

const RETRY_SECONDS = 10;
/** How long a request waits for another copy to end, and how often it looks. */
const WAIT_MS = 10_000, LOOK_MS = 50;

/** Makes copies of the tape, one at a time: periodic ones in a folder, and those for requests. */
export class Backup {
  readonly #options: BackupOptions;
  readonly #kept: Backups | undefined;
  #reading: Reading | undefined;

  /** @throws {RangeError} for a tape without a file, {TapeError} for a folder that is unusable */
  constructor(options: BackupOptions) {
    this.#options = options;
    const { settings: { "backup-dir": folder, ...settings }, snapshots } = options;
    if (folder === undefined) return;
    if (snapshots === undefined) {
      throw new RangeError("Cannot use --backup-dir: the tape is in memory, see --tape");
    }
    const [everyMs, keep] = [settings["backup-every"], settings["backup-keep"]];
    this.#kept = new Backups({ ...options, snapshots, folder, everyMs, keep });
  }

  /** Time of the newest backup, in milliseconds since the epoch; `undefined` without a folder. */
  get newest(): number | undefined {
    return this.#kept?.newest;
  }

  /** `GET /backup`: a copy of the tape's file; the tape continues to be written. */
  routes(): Hono {
    return new Hono().get("/backup", (c) => {
      checkAll(c);
      return this.#answer(c);
    });
  }

  /**
   * Starts a copy when it is due, and disconnects a reader without progress: the database's WAL
   * grows while a copy is read.
   */
  tend(elapsed: number): void {
    this.#kept?.tend();
    const { stalled } = this.#options.settings;
    if (this.#reading !== undefined && elapsed - this.#reading.readAt >= stalled) {
      this.#reading.giveUp();
    }
  }

  /** Call it before the tape is closed. */
  close(): void {
    this.#options.snapshots?.close();
  }

  async #answer(c: Context): Promise<Response> {
    const { snapshots, complete, position, elapsed, sleep } = this.#options;
    if (snapshots === undefined) {
      throw new HttpError(409, "no_file", "Cannot back up the tape: it is in memory, see --tape");
    }
    c.header("Content-Type", "application/vnd.sqlite3");
    c.header("Cache-Control", "no-store");
    if (c.req.method === "HEAD") return c.body(null);
    // A copy for new replicas is made in seconds, another backup may take longer.
    const until = elapsed() + WAIT_MS;
    for (;; await sleep(LOOK_MS)) {
      if (!snapshots.isTaken) await complete?.();
      if (!snapshots.isTaken) break;
      if (elapsed() < until) continue;
      const detail = "Cannot back up the tape: it is being copied already";
      throw new HttpError(503, "busy", detail, RETRY_SECONDS);
    }
    c.header("Tickwire-Position", position());
    const reading = this.#reading = new Reading(snapshots.take(), elapsed);
    c.header("Tickwire-Bytes", String(reading.bytes));
    return c.body(reading.stream);
  }
}

/** One answer in progress. */
class Reading {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly bytes: number;
  /** Time of the last read; `Infinity` at the end. */
  readAt: number;
  readonly #snapshot: Snapshot;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

  constructor(snapshot: Snapshot, now: () => number) {
    this.#snapshot = snapshot;
    this.bytes = snapshot.bytes;
    this.readAt = now();
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: async (controller) => {
        this.readAt = now();
        // An error breaks the answer off, so that the client does not take a part for the whole.
        const slice = await snapshot.next();
        if (slice !== undefined) return controller.enqueue(slice);
        this.#end();
        controller.close();
      },
      cancel: () => this.#end(),
    }, { highWaterMark: 0 });
  }

  giveUp(): void {
    this.#end();
    this.#controller.error(new Error("The reader stands still"));
  }

  #end(): void {
    this.readAt = Infinity;
    this.#snapshot.close();
  }
}
