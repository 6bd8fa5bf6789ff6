// What part of the time and of the prices the chart shows.

import { INTERVALS, TICKS_SPAN_MS } from "./model.js";
import { VOLUME_SHARE } from "./paint.js";

/** @import { Interval } from "./model.js" */
/** @import { Series } from "./series.js" */

/**
 * What is to be seen. `edge` is the present, in the time of the data.
 * @typedef {{ series: Series, interval: Interval, edge: number, decimals: number }} View
 */

/** Share of a chart of ticks that is left free to the right of the present. */
const LEAD_SHARE = 0.04;
const BAR_PIXELS = 8;
const BARS_MIN = 30;
const BARS_MAX = 300;
/** Shares of the height that are left free above and below the prices. */
const ABOVE_SHARE = 0.12;
const BELOW_SHARE = 0.12;

/**
 * The times at the left and the right end. Bars that just fill the width are shown, or fewer if no more
 * are known.
 * @param {View} view
 * @param {number} width in pixels of the page
 * @param {number} zoom above 1 more is seen
 */
export function windowOf({ series, interval, edge }, width, zoom) {
  if (interval === "tick") {
    const spanMs = TICKS_SPAN_MS * zoom;
    const to = edge + spanMs * LEAD_SHARE;
    return { from: to - spanMs, to };
  }
  const length = INTERVALS[interval];
  const known = (edge - (series.at("time", 0) ?? edge)) / length + 1;
  const fitting = Math.min(BARS_MAX, width / BAR_PIXELS) * zoom;
  const to = edge + length;
  return { from: to - Math.min(fitting, Math.max(BARS_MIN * zoom, known)) * length, to };
}

/**
 * The prices at the bottom and the top. A flat line lies in the middle, and volumes have their place
 * below.
 * @param {number | null} min
 * @param {number | null} max
 * @param {Pick<View, "interval" | "decimals">} view
 * @returns {[number, number]}
 */
export function priceRange(min, max, { interval, decimals }) {
  if (min === null || max === null) return [0, 1];
  const middle = (min + max) / 2;
  const span = Math.max(max - min, 10 / 10 ** decimals, Math.abs(middle) * 1e-6);
  const below = BELOW_SHARE + (interval === "tick" ? 0 : VOLUME_SHARE);
  return [middle - span * (0.5 + below), middle + span * (0.5 + ABOVE_SHARE)];
}

/** Steps between labels that can be told apart with so many decimals. @param {number} decimals */
export function increments(decimals) {
  const powers = Array.from({ length: 16 + decimals }, (_, index) => 10 ** (index - decimals));
  return powers.flatMap((power) => [power, 2 * power, 5 * power]);
}
