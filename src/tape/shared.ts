import { createHash } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
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

/** Where it is noted how often the numbering of a stream has begun anew. */
const BUCKET = "state", GENERATION = "generation";
const LOOK_MS = 5_000;

export interface SharedLogOptions extends StreamOptions {
  /** The file of the tape here, if it has one. */
  readonly path: string | undefined;
}

/** A log that several replicas follow, and what decides whether the file of one of them can go on with it. */
export class SharedLog {
  readonly stream: LogStream;
  readonly epoch: string;
  readonly #options: SharedLogOptions;
  readonly #generation: number;
  /** For new replicas. */
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
   * Connects to the stream. A stream that ends before what the file here has read of it has lost its newest
   * entries, and will give their numbers to others: then the epoch changes, for all replicas. Servers that have
   * not found each other yet are waited for.
   * @throws {TapeError}
   */
  static async open(options: SharedLogOptions): Promise<SharedLog> {
    for (let isTold = false;; isTold = true) {
      try {
        return await SharedLog.#open(options);
      } catch (error) {
        if (!(error instanceof LogUnavailable)) throw error;
        if (!isTold) options.warn(`${error.message}; it is waited for`);
        await options.sleep(LOOK_MS / 5);
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

  /** Sees to it that the file can be gone on with; a new replica gets what another one has. @throws {TapeError} */
  async #prepare(path: string): Promise<void> {
    this.#moveAside(path);
    if (!existsSync(path) && await this.copies.fetch(path)) this.#moveAside(path);
  }

  /** Moves away a file of another numbering, and one that misses what the stream has no longer. */
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

  /** The log itself. @param options what it needs beside the stream */
  follow(
    options: Omit<JetStreamLogOptions, "stream" | "epoch" | keyof StreamOptions>,
  ): JetStreamLog {
    const { now, elapsed, sleep, warn } = this.#options;
    const fail = async (error: TapeError) => {
      // Its numbers were given to ticks already, so they are to be numbers of another epoch.
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

  /** What only one of the replicas may do at a time. @param holder who this one is */
  leases(holder: string): Leases {
    const { elapsed, sleep, warn } = this.#options;
    return new StreamLeases({ stream: this.stream, holder, elapsed, sleep, warn });
  }

  /** What is said in rooms at other replicas. @param replica names this one */
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

  /** Another replica may find out that the numbering has begun anew. */
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

/** What a file says of itself, without being opened for use; `undefined` for none or an empty one. */
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
