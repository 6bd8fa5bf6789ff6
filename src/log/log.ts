import type { Correction } from "../core/correction.ts";
import type { GivenBar } from "../core/given_bar.ts";
import type { InstrumentFields } from "../core/instrument.ts";
import type { TapedTick, Tick } from "../core/tick.ts";

/** Reference data of an instrument, valid from here on. */
export interface Definition {
  readonly symbol: string;
  readonly fields: InstrumentFields;
}

/** The place of a feed in its source. */
export interface Mark {
  readonly name: string;
  readonly value: string;
}

/** The answer to a request with a key. A retry gets the same answer and adds nothing. */
export interface Receipt {
  readonly key: string;
  /** Number of ticks or bars. */
  readonly accepted: number;
  /** `seq` of the last one, or of the head if there was none. */
  readonly seq: number;
  /** Log time, in milliseconds since the epoch. */
  readonly time: number;
}

/** The right of one replica to run a feed. Later leases have greater terms. */
export interface Lease {
  readonly feed: string;
  readonly term: number;
}

/** A write to the log: all of it, or nothing. */
export interface Draft {
  readonly ticks: readonly Tick[];
  /** Bars or corrections come without ticks and in an entry of their own. */
  readonly bars?: readonly GivenBar[] | undefined;
  readonly corrections?: readonly Correction[] | undefined;
  readonly definitions?: readonly Definition[] | undefined;
  readonly marks?: readonly Mark[] | undefined;
  /** Identifies the request, so that the sender can retry it. */
  readonly key?: string | undefined;
  /** The lease that the write needs, if any. */
  readonly lease?: Lease | undefined;
}

/** The content of a draft or an entry that goes to the tape. */
export type Content = Pick<Draft, "ticks" | "bars" | "corrections">;

/** The unit of the log. A large draft makes several entries; all but the last have `more`. */
export interface Entry {
  /** `seq` of the first tick, or of the entry itself if it takes one; else of the next tick. */
  readonly first: number;
  readonly ticks: readonly TapedTick[];
  /** Bars or corrections. They take one seq, so a reader that resumes before it receives them. */
  readonly bars?: readonly GivenBar[] | undefined;
  readonly corrections?: readonly Correction[] | undefined;
  /** Log time, in milliseconds since the epoch. */
  readonly time: number;
  readonly definitions: readonly Definition[];
  readonly marks: readonly Mark[];
  readonly receipts: readonly Receipt[];
  readonly lease?: Lease | undefined;
  /** Whether the draft continues in the next entry. */
  readonly more: boolean;
}

/** The seqs of a draft; without ticks `last` is one less than `first`. */
export interface Appended {
  readonly first: number;
  readonly last: number;
}

/** Most ticks in an entry. The seqs of existing streams depend on it, so it must not change. */
export const ENTRY_TICKS_MAX = 4_096;

/** With this many ticks a log does not wait for the next frame. */
export const FULL_BATCH = 500;

/** Most ticks and milliseconds of one delivery; live frames wait for it. */
export const DELIVER_MAX = 8_192, DELIVER_MS_MAX = 4;

/** A durable sequence of entries. */
export interface Log {
  /** The name of the numbering. It changes only if a seq might be used again for another tick. */
  readonly epoch: string;

  /**
   * Logs a draft, all or nothing.
   * @returns when it is durable and the follower in this process has received it
   * @throws {TapeFull} if there is no space; the caller may try again
   */
  append(draft: Draft): Promise<Appended>;

  /**
   * Delivers the entries after a seq, in order, each once: first the existing ones, then new ones.
   * @throws {TapeError} if an entry is missing or damaged
   */
  follow(after: number, deliver: (entry: Entry) => void): void;
}

/** How far delivery is behind the log. */
export interface Lag {
  readonly entries: number;
  /** Age of the newest delivered entry; 0 if none is missing. */
  readonly ms: number;
}

/** The state of a log. */
export interface LogState {
  readonly engine: "local" | "jetstream";
  /** Whether writes are possible. */
  readonly connected: boolean;
  readonly reconnects: number;
  readonly lag: Lag;
  /** Whether all entries of about a second ago were delivered. */
  readonly current: boolean;
}

/** A log that works in slices, when its owner calls `work`. */
export interface SlicedLog extends Log {
  readonly state: LogState;

  /** Writes and delivers a part of the waiting entries. @returns whether there are more */
  work(): boolean;

  /** Deletes some entries up to a seq, all stored elsewhere. @returns whether there are more */
  forget(through: number): boolean;

  /** Writes the waiting drafts and closes the log. */
  close(): Promise<void>;
}

/** Number of seqs that a draft or an entry takes. */
export function seqsOf({ ticks, bars, corrections }: Content): number {
  return bars === undefined && corrections === undefined ? ticks.length : 1;
}

/** Number of ticks and bars in a draft or an entry. */
export function recordsOf({ ticks, bars = [] }: Content): number {
  return ticks.length + bars.length;
}

/** The cost of a given bar, in ticks: it also changes wider bars, of which some may be in the file. */
const BAR_WEIGHT = 16;

/** About what a draft or an entry costs, in ticks. */
export function weightOf({ ticks, bars = [] }: Content): number {
  return ticks.length + BAR_WEIGHT * bars.length;
}

/** The cost to write a given bar, in ticks. */
const BAR_WRITE_WEIGHT = 4;

/** How many records of a draft cost about as much to write as a number of ticks. */
export function writtenFor(ticks: number, { bars }: Content): number {
  return bars === undefined ? ticks : ticks / BAR_WRITE_WEIGHT;
}

/** How many records of a draft cost about as much as a number of ticks. */
export function countFor(ticks: number, { bars }: Content): number {
  return bars === undefined ? ticks : ticks / BAR_WEIGHT;
}

/** A part of a draft's records. */
export function partOf({ ticks, bars }: Content, from: number, to: number): Content {
  return bars === undefined
    ? { ticks: ticks.slice(from, to) }
    : { ticks, bars: bars.slice(from, to) };
}

/** The seq of the last tick, or of the entry itself; one less than `first` if it takes none. */
export function lastSeq(entry: Content & Pick<Entry, "first">): number {
  return entry.first + seqsOf(entry) - 1;
}

/** The bars or corrections of a draft, if it has any. */
export function insteadOfTicks({ bars, corrections }: Draft): Pick<Entry, "bars" | "corrections"> {
  return { ...bars && { bars }, ...corrections && { corrections } };
}

/** Whether a draft needs an entry of its own. */
export function isAlone({ bars, corrections }: Draft): boolean {
  return bars !== undefined || corrections !== undefined;
}
