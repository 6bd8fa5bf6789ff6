import { LocalEntries } from "../log/local.ts";
import type { SlicedLog } from "../log/log.ts";
import { MemoryEntries } from "../log/memory.ts";
import { QueuedLog } from "../log/queued_log.ts";
import { IN_MEMORY, openDatabase, openToFollow } from "../store/database.ts";
import { Snapshots } from "../store/snapshot.ts";
import type { TapeError } from "../store/tape_error.ts";
import { beginAfter, seqNoted } from "./parts.ts";
import type { SharedLog } from "./shared.ts";
import type { Sharing } from "./sharing.ts";
import { StoredTape } from "./stored_tape.ts";

/** What stands in `--tape engine:what`. */
export type TapeSpec =
  | { readonly engine: "memory"; readonly ticksMax: number }
  | { readonly engine: "sqlite"; readonly path: string };

const MEMORY_TICKS = 250_000;
/** About what a tick takes of the file while it is in the log. */
const BYTES_A_TICK = 40;
/** Blocks go as a whole, so they are small where little is kept. */
const BLOCK_SHARE = 1 / 4, BLOCK_TICKS_MIN = 1_000, BLOCK_TICKS_MAX = 65_536;

/** Takes a tape's name apart. @throws {RangeError} */
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

/** A name for a numbering that no other has. */
export function newEpoch(random: () => number): string {
  return Math.floor(random() * 36 ** 8).toString(36).padStart(8, "0");
}

/** What a tape and its log need of the world. */
export interface TapeWorld {
  readonly bootId: string;
  readonly holder: string;
  now(): number;
  elapsed(): number;
  random(): number;
  /** Told what the operator should know of how a file was found. */
  warn(note: string): void;
}

export interface OpenTapeOptions {
  /** Bars of each series that are kept in any case. */
  readonly barsKept: number;
  /** Bytes that the tape may have. */
  readonly bytesMax: number;
  /** Told that something waits for the log's `work`, and whether it is so much that it should not wait. */
  waiting(isMuch: boolean): void;
  /** Nobody else reads what is before this seq, where other processes of this server read the file. */
  readonly released?: (() => number) | undefined;
}

/** The log that a tape follows, where that is not one of this process. */
export interface Elsewhere {
  readonly shared: SharedLog;
  /** Told that it cannot be followed any more. */
  fail(error: TapeError): void;
}

export interface OpenTape {
  readonly log: SlicedLog;
  readonly tape: StoredTape;
  /** Absent where there is no file. */
  readonly snapshots: Snapshots | undefined;
}

export interface OpenFollowed extends OpenTape {
  /** To be called once the tape was brought to where it is. */
  settled(): void;
}

/**
 * Opens the tape of that name, which another process of this server writes.
 * @param follow makes the log that tells what that process does
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
  const blockTicks = blockTicksOf(bytesMax / BYTES_A_TICK);
  const tape = new StoredTape({ db, meta, epoch, path, barsKept, blockTicks, isReader: true });
  return { log: follow(epoch, tape.sharing), tape, snapshots: undefined, settled };
}

/** @param ticks that are kept */
function blockTicksOf(ticks: number): number {
  return Math.min(BLOCK_TICKS_MAX, Math.max(BLOCK_TICKS_MIN, ticks * BLOCK_SHARE));
}

/** Opens the tape of that name, and its log. @throws {RangeError} {TapeError} */
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
  const blockTicks = blockTicksOf(ticksMax ?? bytesMax / BYTES_A_TICK);
  // What the stream has forgotten is kept by no new tape.
  if (shared !== undefined && seqNoted(meta, "settled") === 0) beginAfter(meta, shared.tail);
  const tape = new StoredTape({ db, meta, epoch, path, barsKept, blockTicks, ticksMax, released });
  const snapshots = spec.engine === "memory" ? undefined : new Snapshots(db, path);
  if (elsewhere !== undefined) {
    const writer = newEpoch(random) + newEpoch(random);
    const log = elsewhere.shared.follow({ writer, waiting, fail: elsewhere.fail });
    return { log, tape, snapshots };
  }
  // What lives as long as the process is not to be read again by another one.
  const store = spec.engine === "memory" ? new MemoryEntries() : new LocalEntries(db, path);
  return { log: new QueuedLog({ epoch, store, now, elapsed, waiting }), tape, snapshots };
}
