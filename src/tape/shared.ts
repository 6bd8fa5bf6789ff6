import { createHash } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { backoff } from "../core/backoff.ts";
import {
  JetStreamLog,
  type JetStreamLogOptions,
  SEQS_A_MESSAGE,
  StreamBehind,
} from "../log/jetstream.ts";
import { type Leases, StreamLeases } from "../log/leases.ts";
import { type RoomCarrier, StreamRooms } from "../log/stream_rooms.ts";
import { LogStream, type StreamOptions } from "../log/stream.ts";
import { TapeCopies } from "../log/tape_copies.ts";
import { openToRead } from "../store/database.ts";
import { LogUnavailable, TapeError } from "../store/tape_error.ts";
import { TextTable } from "../store/text_table.ts";
import { seqNoted } from "./parts.ts";

/** The bucket and the name of a counter: how often a new epoch of the stream has begun. */
const BUCKET = "state", GENERATION = "generation";
const LOOK_MS = 5_000, RETRY_MS_MAX = 2_000;

export interface SharedLogOptions extends StreamOptions {
  /** The file of the tape on this replica, if there is one. */
  readonly path: string | undefined;
}

/** A log that several replicas follow. It decides whether a replica's file can continue with it. */
export class SharedLog {
  readonly stream: LogStream;
  readonly epoch: string;
  readonly #options: SharedLogOptions;
  readonly #generation: number;
  /** Copies of the tape for new replicas. */
  readonly copies: TapeCopies;

  private constructor(stream: LogStream, generation: number, options: SharedLogOptions) {
    this.stream = stream;
    this.epoch = epochOf(stream, generation);
    this.#generation = generation;
    this.#options = options;
    const everyMs = options.spec.copiesMs;
    this.copies = new TapeCopies({ ...options, stream, epoch: this.epoch, everyMs });
  }

  /**
   * Connects to the stream. If the stream ends before the newest entry in the file, it has lost
   * entries and will give their numbers to other entries. Then the epoch changes for all replicas.
   * Waits for NATS servers that are still forming their cluster.
   * @throws {TapeError}
   */
  static async open(options: SharedLogOptions): Promise<SharedLog> {
    for (let attempt = 0;; attempt++) {
      try {
        return await SharedLog.#open(options);
      } catch (error) {
        if (!(error instanceof LogUnavailable)) throw error;
        if (attempt === 0) options.warn(`${error.message}; it is waited for`);
        await options.sleep(backoff(attempt, options.random, RETRY_MS_MAX));
      }
    }
  }

  static async #open(options: SharedLogOptions): Promise<SharedLog> {
    const stream = await LogStream.open(options);
    try {
      let generation = await stream.counter(BUCKET, GENERATION);
      const { path } = options;
      const found = path === undefined ? undefined : peek(path);
      const isAhead = found !== undefined && found.epoch === epochOf(stream, generation) &&
        found.head >= (stream.lastSeq + 1) * SEQS_A_MESSAGE;
      if (isAhead) {
        options.warn(
          `The stream ${stream.name} ends before what ${path} has of it: the epoch changes`,
        );
        generation = await stream.counter(BUCKET, GENERATION, generation);
      }
      const shared = new SharedLog(stream, generation, options);
      if (path !== undefined) await shared.#prepare(path);
      return shared;
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  /** Makes sure that the file can continue; a new replica fetches a copy. @throws {TapeError} */
  async #prepare(path: string): Promise<void> {
    this.#moveAside(path);
    if (!existsSync(path) && await this.copies.fetch(path)) this.#moveAside(path);
  }

  /** Moves away a file of another epoch, or one that lacks entries that the stream has deleted. */
  #moveAside(path: string): void {
    const { name, firstSeq } = this.stream;
    const found = peek(path);
    if (found === undefined) return;
    const next = Math.floor(found.settled / SEQS_A_MESSAGE) + 1;
    const why = found.epoch !== this.epoch
      ? `it is of the epoch ${found.epoch}, and the stream ${name} has ${this.epoch}`
      : next < firstSeq
      ? `the stream ${name} has nothing before message ${firstSeq}, and it ends with ${next - 1}`
      : undefined;
    if (why === undefined) return;
    const aside = freeName(`${path}.${found.epoch}`);
    for (const end of ["", "-wal", "-shm"]) {
      if (existsSync(path + end)) renameSync(path + end, aside + end);
    }
    this.#options.warn(`Moved the tape ${path} to ${aside}: ${why}`);
  }

  /** The seq before the first that the stream still has. */
  get tail(): number {
    return this.stream.firstSeq === 1 ? 0 : this.stream.firstSeq * SEQS_A_MESSAGE - 1;
  }

  /** Makes the log. @param options the values that do not come from the stream */
  follow(
    options: Omit<JetStreamLogOptions, "stream" | "epoch" | keyof StreamOptions>,
  ): JetStreamLog {
    const { now, elapsed, sleep, warn } = this.#options;
    const fail = async (error: TapeError) => {
      // The stream will use numbers again that ticks have, so a new epoch must begin.
      if (error instanceof StreamBehind) await this.#beginAnew();
      options.fail(error);
    };
    void this.#watchGeneration(options.fail);
    return new JetStreamLog({
      ...options,
      fail: (error) => void fail(error),
      ...{ stream: this.stream, epoch: this.epoch, now, elapsed, sleep, warn },
    });
  }

  /** Leases for tasks of which only one replica may run each. @param holder names this replica */
  leases(holder: string): Leases {
    const { elapsed, sleep, warn } = this.#options;
    return new StreamLeases({ stream: this.stream, holder, elapsed, sleep, warn });
  }

  /** Carries room messages to and from other replicas. @param replica names this replica */
  rooms(replica: string, fault: (error: unknown) => void): RoomCarrier {
    return new StreamRooms({ stream: this.stream, replica, fault });
  }

  async #beginAnew(): Promise<void> {
    try {
      await this.stream.counter(BUCKET, GENERATION, this.#generation);
    } catch (error) {
      this.#options.warn(`Cannot begin a new epoch: ${(error as Error).message}`);
    }
  }

  /** Detects that another replica has begun a new epoch. */
  async #watchGeneration(fail: (error: TapeError) => void): Promise<void> {
    const { name } = this.stream;
    while (!this.stream.isClosed) {
      await this.#options.sleep(LOOK_MS);
      const generation = await this.stream.counter(BUCKET, GENERATION).catch(() => undefined);
      if (generation === undefined || generation === this.#generation) continue;
      const what = "its numbering has begun anew; start again, to begin with what it has now";
      return fail(new TapeError(`Cannot follow the stream ${name}: ${what}`));
    }
  }
}

function epochOf({ id }: LogStream, generation: number): string {
  return createHash("sha256").update(`${id} ${generation}`).digest("hex").slice(0, 16);
}

/** Reads epoch and seqs of a file without locking it; `undefined` if it is absent or empty. */
function peek(path: string): { epoch: string; head: number; settled: number } | undefined {
  if (!existsSync(path)) return undefined;
  const { db, version } = openToRead(path);
  try {
    if (version === 0) return undefined;
    const meta = new TextTable(db, "meta");
    const [settled, saved, known] = [
      seqNoted(meta, "settled"),
      seqNoted(meta, "saved"),
      seqNoted(meta, "known"),
    ];
    const epoch = meta.all().get("epoch") ?? "unknown";
    return { epoch, head: Math.max(settled, saved, known), settled };
  } finally {
    db.close();
  }
}

function freeName(path: string): string {
  for (let count = 1;; count++) {
    const name = `${path}.${count}`;
    if (!existsSync(name)) return name;
  }
}
