import { LocalEntries } from "../log/local.ts";
import type { SlicedLog } from "../log/log.ts";
import { MemoryEntries } from "../log/memory.ts";
import { QueuedLog } from "../log/queued_log.ts";
import { IN_MEMORY, openDatabase, openToFollow } from "../store/database.ts";
import { Snapshots } from "../store/snapshot.ts";
import type { TapeError } from "../store/tape_error.ts";
import { beginAfter, seqNoted } from "./parts.ts";
import { LOG_TICK_BYTES } from "./retainer.ts";
import type { SharedLog } from "./shared.ts";
import type { Sharing } from "./sharing.ts";
import { BLOCK_TICKS, StoredTape } from "./stored_tape.ts";

/** The value of `--tape engine:what`. */
export type TapeSpec =
  | { readonly engine: "memory"; readonly ticksMax: number }
  | { readonly engine: "sqlite"; readonly path: string };

const MEMORY_TICKS = 250_000;
/** A block is deleted as a whole, so blocks are small if the tape keeps few ticks. */
const BLOCK_SHARE = 1 / 4, BLOCK_TICKS_MIN = 1_000;

/** Parses the name of a tape. @throws {RangeError} */
export function parseTapeSpec(name: string): TapeSpec {
  const [, engine, what] = /^(memory|sqlite)(?::(.+))?$/.exec(name) ?? [];
  if (engine === "sqlite" && what !== undefined) return { engine, path: what };
  const ticksMax = what ?? String(MEMORY_TICKS);
  if (engine === "memory" && /^[1-9]\d{0,8}$/.test(ticksMax)) {
    return { engine, ticksMax: Number(ticksMax) };
  }
  throw new RangeError(
    `Cannot open tape ${name}: it is none of memory, memory:TICKS and sqlite:PATH`,
  );
}

/** A random name for a new numbering. */
export function newEpoch(random: () => number): string {
  return Math.floor(random() * 36 ** 8).toString(36).padStart(8, "0");
}

/** The clocks, names and logger that a tape and its log use. */
export interface TapeWorld {
  readonly bootId: string;
  readonly holder: string;
  now(): number;
  elapsed(): number;
  random(): number;
  /** Logs what the operator should know about the state of the file. */
  warn(note: string): void;
}

export interface OpenTapeOptions {
  /** Number of newest bars that each series keeps in any case. */
  readonly barsKept: number;
  /** Maximum size of the tape in bytes. */
  readonly bytesMax: number;
  /** Called when drafts wait for `work` of the log. @param isMuch whether it should run at once */
  waiting(isMuch: boolean): void;
  /** For other processes of this server that read the file: they no longer read up to this seq. */
  readonly released?: (() => number) | undefined;
}

/** A shared log, which the tape follows instead of a log of this process. */
export interface Elsewhere {
  readonly shared: SharedLog;
  /** Called when the log cannot be followed any longer. */
  fail(error: TapeError): void;
}

export interface OpenTape {
  readonly log: SlicedLog;
  readonly tape: StoredTape;
  /** Absent if this process writes no file. */
  readonly snapshots: Snapshots | undefined;
}

export interface OpenFollowed extends OpenTape {
  /** Call it when the tape is up to date. Until then all reads see the same state of the file. */
  settled(): void;
}

/**
 * Opens a tape that another process of this server writes.
 * @param follow makes the log, which gets the entries and the news of that process
 * @throws {RangeError} {TapeError}
 */
export function openFollowed(
  name: string,
  { barsKept, bytesMax }: OpenTapeOptions,
  follow: (epoch: string, sharing: Sharing) => SlicedLog,
): OpenFollowed {
  const spec = parseTapeSpec(name);
  if (spec.engine === "memory") throw new RangeError("Cannot share a tape that is in memory");
  const { path } = spec;
  const { db, meta, settled } = openToFollow(path);
  const epoch = meta.all().get("epoch") ?? "";
  const blockTicks = blockTicksOf(bytesMax / LOG_TICK_BYTES);
  const tape = new StoredTape({ db, meta, epoch, path, barsKept, blockTicks, isReader: true });
  return { log: follow(epoch, tape.sharing), tape, snapshots: undefined, settled };
}

/** @param ticks number of ticks that the tape keeps */
function blockTicksOf(ticks: number): number {
  return Math.min(BLOCK_TICKS, Math.max(BLOCK_TICKS_MIN, ticks * BLOCK_SHARE));
}

/** Opens a tape and its log. @throws {RangeError} {TapeError} */
export function openTape(
  name: string,
  world: TapeWorld,
  options: OpenTapeOptions,
  elsewhere?: Elsewhere,
): OpenTape {
  const spec = parseTapeSpec(name);
  const { now, elapsed, bootId, holder, random, warn } = world;
  const { barsKept, bytesMax, waiting, released } = options;
  const path = spec.engine === "memory" ? IN_MEMORY : spec.path;
  const ticksMax = spec.engine === "memory" ? spec.ticksMax : undefined;
  const shared = elsewhere?.shared;
  const { db, meta, epoch, notes } = openDatabase({
    ...{
      path,
      bootId,
      holder,
      shared: shared && { epoch: shared.epoch, name: shared.stream.name },
      isRead: released !== undefined,
    },
    newEpoch: () => newEpoch(random),
  });
  for (const note of notes) warn(note);
  const blockTicks = blockTicksOf(ticksMax ?? bytesMax / LOG_TICK_BYTES);
  // A new tape begins after the messages that the stream has deleted.
  if (shared !== undefined && seqNoted(meta, "settled") === 0) beginAfter(meta, shared.tail);
  const tape = new StoredTape({ db, meta, epoch, path, barsKept, blockTicks, ticksMax, released });
  const snapshots = spec.engine === "memory" ? undefined : new Snapshots(db, path);
  if (elsewhere !== undefined) {
    const writer = newEpoch(random) + newEpoch(random);
    const log = elsewhere.shared.follow({ writer, waiting, fail: elsewhere.fail });
    return { log, tape, snapshots };
  }
  // A tape in memory ends with the process, so no other process will read its log.
  const store = spec.engine === "memory" ? new MemoryEntries() : new LocalEntries(db, path);
  return { log: new QueuedLog({ epoch, store, now, elapsed, waiting }), tape, snapshots };
}
