import type { Bar, BarRange } from "../core/bar.ts";
import type { TapedCorrection } from "../core/correction.ts";
import type { Interval } from "../core/interval.ts";
import type { TapedTick } from "../core/tick.ts";
import type { FoundColumns } from "./found.ts";

/** Which ticks. Absent bounds do not limit. */
export interface TickQuery {
  readonly symbols?: ReadonlySet<string> | undefined;
  /** Only ticks whose `seq` is greater. */
  readonly after?: number | undefined;
  /** Only ticks whose `seq` is at most this. */
  readonly through?: number | undefined;
  /** Event time, included. */
  readonly from?: number | undefined;
  /** Event time, not included. */
  readonly to?: number | undefined;
  /** As before the correction at this seq, and those after it. */
  readonly asOf?: number | undefined;
  readonly limit: number;
}

/** Ticks that were found, oldest first: so many as were asked for, or fewer when finding more takes another call. */
export interface Slice {
  readonly ticks: TapedTick[];
  /** How far all that was asked for is among them: `first` goes on after it, `last` through it. */
  readonly seq: number;
  /** What it cost, about in ticks that were looked at. */
  readonly effort: number;
}

/** How many ticks there are up to a seq, or after it: as `Slice`. */
export interface Count {
  readonly count: number;
  readonly seq: number;
}

/** What is read of a tape. */
export interface TapeReader {
  /** The name of this numbering: it changes only when a seq could be used again for another tick. */
  readonly epoch: string;
  /** `seq` of the newest tick; 0 when there never was one. */
  readonly head: number;
  /** The position before the oldest tick that is kept: a cursor at or after it misses nothing. */
  readonly tail: number;

  /** A place that is before every tick of this event time or later, as near as is known without a search. */
  before(time: number): number;

  /** The first ticks in tape order. @throws {TapeError} when some of them are damaged */
  first(query: TickQuery): Slice;

  /** The last ticks in tape order. @throws {TapeError} as `first` */
  last(query: TickQuery): Slice;

  /** As `first`, but puts the ticks into columns, which costs much less than objects. @returns the seq of `Slice` */
  columns(query: TickQuery, into: FoundColumns): number;

  /** What was taken back after a seq, oldest first; as long as something of it may have been kept. */
  corrections(after: number): readonly TapedCorrection[];

  /** The symbol of a number in columns. */
  nameOf(symbol: number): string;

  /** How many ticks `first` would give, at hardly any cost. @throws {TapeError} as `first` */
  countFirst(query: TickQuery): Count;

  /** How many ticks `last` would give. @throws {TapeError} as `first` */
  countLast(query: TickQuery): Count;
}

/** Bars that outlive the memory of a market. */
export interface Archive {
  /** Bars by time, oldest first. @throws {TapeError} */
  bars(symbol: string, interval: Interval, range: BarRange): Bar[];
}

/** So much of a tape is kept. */
export interface Retention {
  /** Ticks appended before this time may go. */
  readonly before: number;
  /** Bytes that the tape may have. */
  readonly bytesMax: number;
}

/** A place on the tape as clients write it: `epoch:seq`. */
export function formatPosition(epoch: string, seq: number): string {
  return `${epoch}:${seq}`;
}

/** @returns the parts of a position, or `undefined` when the text is none */
export function parsePosition(text: string): { epoch: string; seq: number } | undefined {
  const match = /^([a-z0-9]{1,32}):(0|[1-9][0-9]{0,15})$/.exec(text);
  if (match === null) return undefined;
  const seq = Number(match[2]);
  return Number.isSafeInteger(seq) ? { epoch: match[1]!, seq } : undefined;
}
