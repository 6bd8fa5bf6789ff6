// The lengths of bars.

/** Length in milliseconds of each interval; ticks have none. */
export const INTERVALS = /** @type {const} */ ({
  tick: 0,
  "1s": 1_000,
  "5s": 5_000,
  "15s": 15_000,
  "30s": 30_000,
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "30m": 1_800_000,
  "1h": 3_600_000,
  "4h": 14_400_000,
  "1d": 86_400_000,
  "1w": 604_800_000,
});

/** The Unix epoch was a Thursday; weeks start on Monday, four days later. */
const MONDAY_MS = 345_600_000;

/** @typedef {keyof typeof INTERVALS} Interval */

/** @returns {text is Interval} */
export function isInterval(/** @type {string} */ text) {
  return Object.hasOwn(INTERVALS, text);
}

/** The next longer interval. @param {Interval} interval @returns {Interval | undefined} */
export function longerThan(interval) {
  const names = Object.keys(INTERVALS);
  const longer = names[names.indexOf(interval) + 1] ?? "";
  return isInterval(longer) ? longer : undefined;
}

/** Start of the interval that contains the time. @param {Interval} interval @param {number} time */
export function startOf(interval, time) {
  const length = INTERVALS[interval];
  const origin = interval === "1w" ? MONDAY_MS : 0;
  return length === 0 ? time : Math.floor((time - origin) / length) * length + origin;
}
