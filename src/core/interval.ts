/** The widths of bars, shortest first. */
export const INTERVALS = [
  "1s",
  "5s",
  "15s",
  "30s",
  "1m",
  "5m",
  "15m",
  "30m",
  "1h",
  "4h",
  "1d",
  "1w",
] as const;

export type Interval = typeof INTERVALS[number];

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

export const DAY_MS = UNIT_MS.d;

/** The Unix epoch was a Thursday; weeks start on Monday, four days later. */
const MONDAY_MS = 4 * DAY_MS;

const LENGTH_MS = Object.fromEntries(
  INTERVALS.map((name) => [
    name,
    Number.parseInt(name) * UNIT_MS[name.at(-1) as keyof typeof UNIT_MS],
  ]),
) as Record<Interval, number>;

export function isInterval(text: string): text is Interval {
  return Object.hasOwn(LENGTH_MS, text);
}

/** Length of an interval in milliseconds. */
export function lengthOf(interval: Interval): number {
  return LENGTH_MS[interval];
}

/** Start of the UTC-aligned interval that contains the time; weeks start on Monday. */
export function startOf(interval: Interval, time: number): number {
  const length = LENGTH_MS[interval];
  const origin = interval === "1w" ? MONDAY_MS : 0;
  return Math.floor((time - origin) / length) * length + origin;
}
