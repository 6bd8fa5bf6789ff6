import type { TapedTick, Tick } from "../core/tick.ts";

/** Which ticks, in tape order. Absent bounds do not limit. */
export interface TickQuery {
  readonly symbols?: ReadonlySet<string> | undefined;
  /** Only ticks whose `seq` is greater. */
  readonly after?: number | undefined;
  /** Event time, included. */
  readonly from?: number | undefined;
  /** Event time, not included. */
  readonly to?: number | undefined;
  /** With `after` or `from` the first so many, else the newest. */
  readonly limit: number;
}

/** The ordered log of all ticks. Everything else is derived from it. */
export interface Tape {
  /** The name of this numbering: it changes only when a seq could be used again for another tick. */
  readonly epoch: string;
  /** `seq` of the newest tick; 0 when there never was one. */
  readonly head: number;
  /** The position before the oldest tick that is kept: a cursor at or after it misses nothing. */
  readonly tail: number;

  /** Gives the ticks their order and logs them: all of them, or none and it throws. */
  append(ticks: readonly Tick[]): TapedTick[];

  /** Ticks in tape order, oldest first. */
  read(query: TickQuery): TapedTick[];

  close(): void;
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
