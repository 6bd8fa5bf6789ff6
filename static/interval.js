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
});

/** @typedef {keyof typeof INTERVALS} Interval */

/** @returns {text is Interval} */
export function isInterval(/** @type {string} */ text) {
  return Object.hasOwn(INTERVALS, text);
}

/** Start of the interval that contains the time. @param {Interval} interval @param {number} time */
export function startOf(interval, time) {
  const length = INTERVALS[interval];
  return length === 0 ? time : Math.floor(time / length) * length;
}
