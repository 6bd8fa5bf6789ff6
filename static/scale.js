// What part of the prices the chart shows.

/** Share of the height that the highest bar of volume takes. */
export const VOLUME_SHARE = 0.16;
/** Shares of the height that are left free above and below the prices. */
const ABOVE_SHARE = 0.1;
const BELOW_SHARE = 0.08;

/**
 * The prices at the bottom and the top. A flat line lies in the middle, and volumes have their place
 * below.
 * @param {{ min: number, max: number } | undefined} extremes
 * @param {object} options
 * @param {number} options.decimals
 * @param {boolean} options.hasVolume
 * @param {number} [options.stretch] above 1 more is seen than is needed
 * @returns {[number, number]}
 */
export function priceRange(extremes, { decimals, hasVolume, stretch = 1 }) {
  if (extremes === undefined) return [0, 1];
  const { min, max } = extremes;
  const middle = min / 2 + max / 2;
  const needed = Math.max(max - min, 10 / 10 ** decimals, Math.abs(middle) * 1e-6);
  // What is beyond all numbers is shown as far as numbers go.
  const span = Math.min(Number.MAX_VALUE / 4, needed * stretch);
  const below = BELOW_SHARE + (hasVolume ? VOLUME_SHARE : 0);
  return [
    Math.max(-Number.MAX_VALUE, middle - span * (0.5 + below)),
    Math.min(Number.MAX_VALUE, middle + span * (0.5 + ABOVE_SHARE)),
  ];
}

/** Steps between labels that can be told apart with so many decimals. @param {number} decimals */
export function increments(decimals) {
  const powers = Array.from({ length: 16 + decimals }, (_, index) => 10 ** (index - decimals));
  return powers.flatMap((power) => [power, 2 * power, 5 * power]);
}

const [SECOND, MINUTE, HOUR, DAY] = /** @type {const} */ ([1_000, 60_000, 3_600_000, 86_400_000]);
/** Distances between times that people count in. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((count) => count * DAY),
];

/**
 * Round times of this place between two times, so far apart that their labels have room.
 * @param {number} from
 * @param {number} to
 * @param {number} labelsMax
 */
export function timeMarks(from, to, labelsMax) {
  const shortest = (to - from) / Math.max(1, labelsMax);
  const longest = 364 * DAY;
  const stepMs = TIME_STEPS.find((step) => step >= shortest) ??
    Math.ceil(shortest / longest) * longest;
  const zoneMs = new Date(from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((from - zoneMs) / stepMs) * stepMs + zoneMs;
  const count = Math.max(0, Math.floor((to - first) / stepMs) + 1);
  return { stepMs, times: Array.from({ length: count }, (_, place) => first + place * stepMs) };
}
