import { parseTime } from "../core/time.ts";
import { parsePosition, type TapeReader } from "../tape/tape.ts";
import { ClientError } from "./client_error.ts";

/** Where a cursor starts: after a place on the tape, or with the first tick at or after a time. */
export type Start =
  | {
    readonly kind: "seq";
    readonly seq: number;
    /** When by the clock a place that is not there yet is waited for no longer. */
    readonly until?: number;
  }
  | { readonly kind: "time"; readonly time: number };

/** Why a place cannot be started from that is not there. */
export const IN_THE_FUTURE = "The position is in the future";

/**
 * @param from a position or a time, as a client says it
 * @param until when a position that is not there yet is waited for no longer; `undefined` if it is not at all
 * @returns the start, or why there can be none
 * @throws {ClientError} for what is neither
 */
export function locate(
  from: string | number,
  tape: TapeReader,
  now: number,
  until: number | undefined,
): Start | string {
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
