import { parseTime } from "../core/time.ts";
import { parsePosition, type TapeReader } from "../tape/tape.ts";
import { ClientError } from "./client_error.ts";

/** Where a cursor starts: after a seq, or with the first tick at or after a time. */
export type StartPosition =
  | {
    readonly kind: "seq";
    readonly seq: number;
    /** Clock time until which to wait for a future seq. */
    readonly until?: number;
  }
  | { readonly kind: "time"; readonly time: number };

/** The reason why a cursor cannot start at a future position. */
export const IN_THE_FUTURE = "The position is in the future";

/**
 * @param from a position or a time, as the client wrote it
 * @param until clock time until which to wait for a future position; `undefined` not to wait
 * @returns the start, or the reason why there is none
 * @throws {ClientError} if `from` is not a position or a time
 */
export function resolveStart(
  from: string | number,
  tape: TapeReader,
  now: number,
  until: number | undefined,
): StartPosition | string {
  const position = typeof from === "string" ? parsePosition(from) : undefined;
  if (position === undefined) {
    const time = parseTime(String(from), now);
    if (time !== undefined) return { kind: "time", time };
    throw new ClientError(
      "bad_from",
      `Cannot start from ${JSON.stringify(from)}: it is neither a position nor a time`,
    );
  }
  const { epoch, seq } = position;
  if (epoch !== tape.epoch) return `The epoch is ${tape.epoch}, not ${epoch}`;
  if (seq < tape.tail) return "The ticks after the position are no longer kept";
  if (seq <= tape.head) return { kind: "seq", seq };
  return until === undefined ? IN_THE_FUTURE : { kind: "seq", seq, until };
}
