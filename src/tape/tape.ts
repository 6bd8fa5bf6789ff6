import type { Bar, BarRange } from "../core/bar.ts";
import type { Interval } from "../core/interval.ts";
import type { MarketChanges, MarketState } from "../core/market.ts";
import type { TapedTick, Tick } from "../core/tick.ts";

/** Which ticks, in tape order. Absent bounds do not limit. */
export interface TickQuery {
  readonly symbols?: ReadonlySet<string> | undefined;
  /** Only ticks whose `seq` is greater. */
  readonly after?: number | undefined;
  /** Only ticks whose `seq` is at most this: bounds the work of one call, whatever is found. */
  readonly through?: number | undefined;
  /** Event time, included. */
  readonly from?: number | undefined;
  /** Event time, not included. */
  readonly to?: number | undefined;
  /** With `after` or `from` the first so many, else the newest. */
  readonly limit: number;
}

/** How long, and how many requests of, the newest receipts are kept. */
export const RECEIPT_MS = 86_400_000;
export const RECEIPTS_MAX = 100_000;

/** What a request that bears a key was told, so that a retry is told the same and adds nothing. */
export interface Receipt {
  readonly key: string;
  /** How many ticks it had. */
  readonly accepted: number;
  /** `seq` of the last of them, or what the head was if there were none. */
  readonly seq: number;
  /** When it was accepted. */
  readonly time: number;
}

/** A request of which the receipt is to be kept. */
export interface Keyed extends Omit<Receipt, "seq"> {
  /** How many of the ticks that are appended together come before its end. */
  readonly end: number;
}

/** What is kept with ticks: with them or not at all. */
export interface Attached {
  readonly keyed?: readonly Keyed[];
  /** By name: where each feed stands in its source. */
  readonly marks?: ReadonlyMap<string, string>;
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

  /** Ticks in tape order, oldest first. */
  read(query: TickQuery): TapedTick[];
}

/** The ordered log of all ticks. Everything else is derived from it. */
export interface Tape extends TapeReader {
  /**
   * Gives the ticks their order and logs them with what is attached: all of it, or nothing and it throws.
   * @throws {TapeFull} when there is no room; it may be tried again
   */
  append(ticks: readonly Tick[], attached?: Attached): TapedTick[];

  /** The receipt of a key, which may be older than a day. */
  receipt(key: string): Receipt | undefined;

  /** The newest mark of this name. */
  mark(name: string): string | undefined;

  close(): void;
}

/**
 * A tape that also keeps what was derived from it, so that a start need not read all of it, and bars
 * outlive the ticks that they were made of.
 */
export interface Archive {
  /** What was derived from the ticks, with so many bars of each series; those after `seq` are to be applied. */
  load(barsKept: number): MarketState;
  /** Keeps what has changed. */
  save(changes: MarketChanges): void;
  /** Bars by time, oldest first. */
  bars(symbol: string, interval: Interval, range: BarRange): Bar[];
  /** Bytes in use, of which `retain` keeps a bound. */
  readonly bytes: number;
  /** Forgets what is beyond the retention, a part of it. @returns whether there may be more to forget */
  retain(retention: Retention): boolean;
}

export interface Retention {
  /** Ticks appended before this time may go. */
  readonly before: number;
  /** Bytes that the tape may have. */
  readonly bytesMax: number;
  /** No later tick may go, because what follows from it is not saved yet. */
  readonly through?: number;
}

/** Why a tape cannot be used, in words for the operator. */
export class TapeError extends Error {}

/** There is no room for more ticks; reading goes on. */
export class TapeFull extends TapeError {}

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
