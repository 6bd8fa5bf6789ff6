import type { Correction } from "../core/correction.ts";
import type { GivenBar } from "../core/given_bar.ts";
import type { InstrumentFields } from "../core/instrument.ts";
import type { TapedTick, Tick } from "../core/tick.ts";

/** What is said of an instrument, from here on. */
export interface Definition {
  readonly symbol: string;
  readonly fields: InstrumentFields;
}

/** Where a feed stands in its source. */
export interface Mark {
  readonly name: string;
  readonly value: string;
}

/** What a request that bears a key was told, so that a retry is told the same and adds nothing. */
export interface Receipt {
  readonly key: string;
  /** How many ticks or bars it had. */
  readonly accepted: number;
  /** `seq` of the last of them, or what the head was if there were none. */
  readonly seq: number;
  /** When it was logged. */
  readonly time: number;
}

/** The right of one replica to run a feed; a later one has a greater term. */
export interface Lease {
  readonly feed: string;
  readonly term: number;
}

/** What somebody wants logged: all of it, or nothing. */
export interface Draft {
  readonly ticks: readonly Tick[];
  /** Bars, or corrections, which come without ticks and in an entry of their own. */
  readonly bars?: readonly GivenBar[] | undefined;
  readonly corrections?: readonly Correction[] | undefined;
  readonly definitions?: readonly Definition[] | undefined;
  readonly marks?: readonly Mark[] | undefined;
  /** By which the sender can send it again. */
  readonly key?: string | undefined;
  /** By which right, if it takes one. */
  readonly lease?: Lease | undefined;
}

/** What a draft or an entry holds of the tape. */
export type Content = Pick<Draft, "ticks" | "bars" | "corrections">;

/** What is logged at once. A draft that is too large for one makes several, of which only the last is not `more`. */
export interface Entry {
  /** `seq` of the first tick, or of the entry itself if it takes one; else the seq that the next tick has. */
  readonly first: number;
  readonly ticks: readonly TapedTick[];
  /** Bars or corrections. They take one seq, so that whoever resumes from a place before them meets them. */
  readonly bars?: readonly GivenBar[] | undefined;
  readonly corrections?: readonly Correction[] | undefined;
  /** When it was logged. */
  readonly time: number;
  readonly definitions: readonly Definition[];
  readonly marks: readonly Mark[];
  readonly receipts: readonly Receipt[];
  readonly lease?: Lease | undefined;
  /** What was to be logged at once goes on in the next entry. */
  readonly more: boolean;
}

/** The seqs that a draft has got; without ticks `last` is one less than `first`. */
export interface Appended {
  readonly first: number;
  readonly last: number;
}

/** Ticks that an entry has at most. */
export const ENTRY_TICKS_MAX = 4_096;

/** The one durable order of entries. */
export interface Log {
  /** The name of this numbering: it changes only when a seq could be used again for another tick. */
  readonly epoch: string;

  /**
   * Logs a draft, whole or not at all.
   * @returns once it is durable, and whoever follows the log here has been told
   * @throws {TapeFull} when there is no room; it may be tried again
   */
  append(draft: Draft): Promise<Appended>;

  /**
   * Tells of the entries after a seq, in order, each once: those that are there at once, the others as they come.
   * @throws {TapeError} when one of them is missing or damaged
   */
  follow(after: number, deliver: (entry: Entry) => void): void;
}

/** How far what was told of is behind the log. */
export interface Lag {
  readonly entries: number;
  /** Since the newest entry that was told of was logged; 0 where none is missing. */
  readonly ms: number;
}

/** How a log is doing. */
export interface LogState {
  readonly engine: "local" | "jetstream";
  /** Whether something can be logged. */
  readonly connected: boolean;
  readonly reconnects: number;
  readonly lag: Lag;
  /** Whether all was told of that the log had about a second ago. */
  readonly current: boolean;
}

/** A log whose work is done a slice at a time, when there is time for it. */
export interface SlicedLog extends Log {
  readonly state: LogState;

  /** Logs and tells of a part of what waits. @returns whether there is more */
  work(): boolean;

  /** Entries up to a seq are kept elsewhere, and may go, a part of them. @returns whether there are more */
  forget(through: number): boolean;

  /** Logs what waits and takes nothing more. */
  close(): Promise<void>;
}

/** How many seqs a draft or an entry takes. */
export function seqsOf({ ticks, bars, corrections }: Content): number {
  return bars === undefined && corrections === undefined ? ticks.length : 1;
}

/** How many records a draft or an entry has that somebody has sent. */
export function recordsOf({ ticks, bars = [] }: Content): number {
  return ticks.length + bars.length;
}

/** A given bar costs about as much as so many ticks: it changes wider bars. */
const BAR_WEIGHT = 4;

/** About what a draft or an entry costs, in ticks. */
export function weightOf({ ticks, bars = [] }: Content): number {
  return ticks.length + BAR_WEIGHT * bars.length;
}

/** How many records of a draft cost about as much as so many ticks. */
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

/** What a draft has instead of ticks. */
export function insteadOfTicks({ bars, corrections }: Draft): Pick<Entry, "bars" | "corrections"> {
  return { ...bars && { bars }, ...corrections && { corrections } };
}

/** Whether a draft makes an entry of its own. */
export function isAlone({ bars, corrections }: Draft): boolean {
  return bars !== undefined || corrections !== undefined;
}
