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
  return [middle - span * (0.5 + below), middle + span * (0.5 + ABOVE_SHARE)];
}

/** Steps between labels that can be told apart with so many decimals. @param {number} decimals */
export function increments(decimals) {
  const powers = Array.from({ length: 16 + decimals }, (_, index) => 10 ** (index - decimals));
  return powers.flatMap((power) => [power, 2 * power, 5 * power]);
}
