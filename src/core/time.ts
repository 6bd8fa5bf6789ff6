import { parseDuration } from "./duration.ts";

/** Milliseconds since the epoch reach this in 1973; smaller numbers look like seconds. */
export const LOOKS_LIKE_MS_MIN = 1e11;
/** Greater numbers look like microseconds or nanoseconds (this is the year 5138). */
export const LOOKS_LIKE_MS_MAX = 1e14;

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

export interface IsoTime {
  readonly time: number;
  /** Whether the text names a zone; without one it was read as UTC. */
  readonly zoned: boolean;
}

/** Reads an ISO 8601 date, or date and time, with fractions of a millisecond. */
export function parseIso(text: string): IsoTime | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, date, clock = "00:00", seconds = "00", fraction = "", zone] = match;
  const offset = zone === undefined || /z/i.test(zone)
    ? "Z"
    : zone.includes(":")
    ? zone
    : `${zone.slice(0, 3)}:${zone.slice(3) || "00"}`;
  const whole = Date.parse(`${date}T${clock}:${seconds}${offset}`);
  // Some runtimes read 30 February as 1 March.
  if (Number.isNaN(whole) || !dayExists(date!)) return undefined;
  // Whole milliseconds are added separately, so that they stay exact.
  const time = whole + Number(fraction.slice(0, 3).padEnd(3, "0")) +
    Number(`0.${fraction.slice(3)}`);
  return { time, zoned: zone !== undefined };
}

function dayExists(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

/**
 * Reads a time of a query: milliseconds since the epoch, ISO 8601 (without a zone: UTC), or a time
 * before now such as `-1h`.
 */
export function parseTime(text: string, now: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text.startsWith("-")) {
    const duration = parseDuration(text.slice(1));
    return duration === undefined ? undefined : now - duration;
  }
  return parseIso(text)?.time;
}
