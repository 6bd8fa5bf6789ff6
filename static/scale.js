// Computes the range of the price scale, and round marks for both axes.

import { zoneOffsetMs } from "./format.js";

/** The highest volume bar's share of the height. */
export const VOLUME_SHARE = 0.16;
/** Shares of the height that stay free above and below the prices. */
const ABOVE_SHARE = 0.1;
const BELOW_SHARE = 0.08;
/** About a hundredth of a per cent. */
const LOG_SPAN_MIN = 5e-5;

/**
 * The prices at the bottom and the top. A flat line lies in the middle, and volume bars have room
 * below.
 * @param {{ min: number, max: number } | undefined} extremes
 * @param {object} options
 * @param {number} options.decimals
 * @param {boolean} options.hasVolume
 * @param {number} [options.stretch] above 1 shows more than the data needs
 * @param {boolean} [options.isLog] whether the extremes are logarithms
 * @param {number} [options.head] the caption's share of the height
 * @returns {[number, number]}
 */
export function priceRange(
  extremes,
  { decimals, hasVolume, stretch = 1, isLog = false, head = 0 },
) {
  if (extremes === undefined) return [0, 1];
  const { min, max } = extremes;
  const middle = min / 2 + max / 2;
  const least = isLog ? LOG_SPAN_MIN : Math.max(10 / 10 ** decimals, Math.abs(middle) * 1e-6);
  const needed = Math.max(max - min, least);
  // Limit a range that would overflow.
  const span = Math.min(Number.MAX_VALUE / 4, needed * stretch);
  const above = Math.max(ABOVE_SHARE, head / (1 - head));
  const below = BELOW_SHARE + (hasVolume ? VOLUME_SHARE : 0);
  return [
    Math.max(-Number.MAX_VALUE, middle - span * (0.5 + below)),
    Math.min(Number.MAX_VALUE, middle + span * (0.5 + above)),
  ];
}

/** Steps between labels that differ with this many decimals. @param {number} decimals */
export function increments(decimals) {
  const powers = Array.from({ length: 16 + decimals }, (_, index) => 10 ** (index - decimals));
  return powers.flatMap((power) => [power, 2 * power, 5 * power]);
}

/**
 * Round prices between two logarithms, far enough apart for their labels.
 * @param {number} low
 * @param {number} high
 * @param {number} labelsMax
 * @returns {number[]} logarithms
 */
export function logMarks(low, high, labelsMax) {
  const distance = (high - low) / Math.max(1, labelsMax);
  /** @type {number[]} */
  const marks = [];
  const add = (/** @type {number} */ mark) => {
    const last = marks.at(-1) ?? -Infinity;
    if (mark >= low && mark <= high && mark - last >= distance) marks.push(mark);
  };
  if (high - low > 1) {
    for (let power = Math.floor(low); power <= high; power++) {
      for (const digit of [1, 2, 5]) add(power + Math.log10(digit));
    }
    return marks;
  }
  const [bottom, top] = [10 ** low, 10 ** high];
  const shortest = bottom * (10 ** distance - 1);
  const step = [1, 2, 5, 10].map((digit) => digit * 10 ** Math.floor(Math.log10(shortest)))
    .find((each) => each >= shortest) ?? shortest;
  for (let price = Math.ceil(bottom / step) * step; price <= top; price += step) {
    add(Math.log10(price));
  }
  return marks;
}

const [SECOND, MINUTE, HOUR, DAY] = /** @type {const} */ ([1_000, 60_000, 3_600_000, 86_400_000]);
/** Round distances between times. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((count) => count * DAY),
];

/**
 * Round local times between two times, far enough apart for their labels.
 * @param {number} from
 * @param {number} to
 * @param {number} labelsMax
 * @param {number} [offsetMs] local time minus UTC
 */
export function timeMarks(from, to, labelsMax, offsetMs = zoneOffsetMs(from)) {
  const shortest = (to - from) / Math.max(1, labelsMax);
  const longest = 364 * DAY;
  const stepMs = TIME_STEPS.find((step) => step >= shortest) ??
    Math.ceil(shortest / longest) * longest;
  const first = Math.ceil((from + offsetMs) / stepMs) * stepMs - offsetMs;
  const count = Math.max(0, Math.floor((to - first) / stepMs) + 1);
  return { stepMs, times: Array.from({ length: count }, (_, place) => first + place * stepMs) };
}
