import type { Bar, BarRange } from "../core/bar.ts";
import type { TapedCorrection } from "../core/correction.ts";
import type { Interval } from "../core/interval.ts";
import type { TapedTick } from "../core/tick.ts";
import type { FoundColumns } from "./found.ts";

/** Selects ticks. An absent bound does not limit. */
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
  /** Ignores the corrections from this seq on. */
  readonly asOf?: number | undefined;
  readonly limit: number;
}

/** Ticks that a query found, oldest first; fewer than `limit` if the rest needs another call. */
export interface Slice {
  readonly ticks: TapedTick[];
  /** Where the next call continues: it is `after` for `first` and `through` for `last`. */
  readonly seq: number;
  /** The cost of the query: about the number of ticks that it looked at. */
  readonly effort: number;
}

/** The number of ticks that a query found; `seq` is as in `Slice`. */
export interface Count {
  readonly count: number;
  readonly seq: number;
}

/** Reads a tape. */
export interface TapeReader {
  /** The name of the numbering. It changes only if a seq might be used again for another tick. */
  readonly epoch: string;
  /** `seq` of the newest tick; 0 if there never was one. */
  readonly head: number;
  /** The position before the oldest tick that is kept: a cursor at or after it misses nothing. */
  readonly tail: number;

  /** A seq before all ticks of this event time or later, as near as possible without a search. */
  before(time: number): number;

  /** The first ticks in tape order. @throws {TapeError} if some of them are damaged */
  first(query: TickQuery): Slice;

  /** The last ticks in tape order. @throws {TapeError} as `first` */
  last(query: TickQuery): Slice;

  /** As `first`, but with columns, which cost less than objects. @returns the `seq` of `Slice` */
  columns(query: TickQuery, into: FoundColumns): number;

  /** The corrections after a seq, oldest first. They are kept as long as what they cancel. */
  corrections(after: number): readonly TapedCorrection[];

  /** The symbol that has this number in columns. */
  nameOf(symbol: number): string;

  /** The number of ticks that `first` would find, at little cost. @throws {TapeError} as `first` */
  countFirst(query: TickQuery): Count;

  /** The number of ticks that `last` would find. @throws {TapeError} as `first` */
  countLast(query: TickQuery): Count;
}

/** The bars that a market no longer holds in memory. */
export interface Archive {
  /** Bars by time, oldest first. @throws {TapeError} */
  bars(symbol: string, interval: Interval, range: BarRange): Bar[];
}

/** The limits of what a tape keeps. */
export interface Retention {
  /** Ticks appended before this time may be deleted. */
  readonly before: number;
  /** Maximum size of the tape in bytes. */
  readonly bytesMax: number;
}

/** A place on the tape as clients write it: `epoch:seq`. */
export function formatPosition(epoch: string, seq: number): string {
  return `${epoch}:${seq}`;
}

/** @returns the parts of a position, or `undefined` if the text is not a position */
export function parsePosition(text: string): { epoch: string; seq: number } | undefined {
  const match = /^([a-z0-9]{1,32}):(0|[1-9][0-9]{0,15})$/.exec(text);
  if (match === null) return undefined;
  const seq = Number(match[2]);
  return Number.isSafeInteger(seq) ? { epoch: match[1]!, seq } : undefined;
}
