// Reduces points to about one per pixel column without a visible loss: each column of pixels keeps its
// first, last, lowest and highest value.

/**
 * Columns of numbers, one value per point, oldest first.
 * @typedef {object} Columns
 * @property {Float64Array} times
 * @property {Float64Array} opens
 * @property {Float64Array} highs
 * @property {Float64Array} lows
 * @property {Float64Array} closes
 * @property {Float64Array} [volumes]
 */

/** One entry per column of pixels, or per point where there are fewer points than pixels. */
export class Slots {
  length = 0;
  /** @type {Float64Array} */
  times;
  opens;
  highs;
  lows;
  closes;
  volumes;

  /** @param {number} capacity */
  constructor(capacity) {
    this.times = new Float64Array(capacity);
    this.opens = new Float64Array(capacity);
    this.highs = new Float64Array(capacity);
    this.lows = new Float64Array(capacity);
    this.closes = new Float64Array(capacity);
    this.volumes = new Float64Array(capacity);
  }
}

/** Index of the first value that is not below the limit. */
export function firstFrom(/** @type {Float64Array} */ values, /** @type {number} */ limit) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (/** @type {number} */ (values[middle]) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Reduces the points of a range to at most `slotsMax` slots of equal width in time.
 * @param {Columns} columns
 * @param {{ start: number, end: number, from: number, to: number, slotsMax: number }} range points from
 *   `start` to before `end`, which lie between the times `from` and `to`
 */
export function decimate(columns, { start, end, from, to, slotsMax }) {
  const count = Math.max(0, end - start);
  const slots = new Slots(Math.min(count, slotsMax + 2));
  if (count <= slotsMax) {
    for (let index = start; index < end; index++) add(slots, columns, index, index + 1);
    return slots;
  }
  const { times } = columns;
  const stepMs = (to - from) / slotsMax;
  let index = start;
  while (index < end) {
    const slot = Math.floor((/** @type {number} */ (times[index]) - from) / stepMs);
    const next = boundary(times, index + 1, end, from + (slot + 1) * stepMs);
    add(slots, columns, index, next);
    index = next;
  }
  return slots;
}

/** Index of the first point at or after the limit. Points lie almost evenly, so the search starts near `start`. */
function boundary(
  /** @type {Float64Array} */ times,
  /** @type {number} */ start,
  /** @type {number} */ end,
  /** @type {number} */ limit,
) {
  let step = 1;
  let low = start;
  while (low + step < end && /** @type {number} */ (times[low + step]) < limit) {
    low += step;
    step *= 2;
  }
  let high = Math.min(end, low + step);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (/** @type {number} */ (times[middle]) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {Slots} slots
 * @param {Columns} columns
 * @param {number} start
 * @param {number} end
 */
function add(slots, { times, opens, highs, lows, closes, volumes }, start, end) {
  let high = -Infinity;
  let low = Infinity;
  let volume = 0;
  for (let index = start; index < end; index++) {
    const top = highs[index] ?? 0;
    const bottom = lows[index] ?? 0;
    if (top > high) high = top;
    if (bottom < low) low = bottom;
  }
  if (volumes !== undefined) {
    for (let index = start; index < end; index++) volume += volumes[index] ?? 0;
  }
  const place = slots.length++;
  slots.times[place] = times[start] ?? 0;
  slots.opens[place] = opens[start] ?? 0;
  slots.highs[place] = high;
  slots.lows[place] = low;
  slots.closes[place] = closes[end - 1] ?? 0;
  // Show nothing for an unknown volume or a sum that is too large for a number.
  slots.volumes[place] = Number.isFinite(volume) ? volume : 0;
}

/** The lowest and the highest price of the slots; `undefined` without slots. @param {Slots} slots */
export function extremes({ lows, highs, length }) {
  if (length === 0) return undefined;
  let min = Infinity;
  let max = -Infinity;
  for (let index = 0; index < length; index++) {
    min = Math.min(min, lows[index] ?? min);
    max = Math.max(max, highs[index] ?? max);
  }
  return { min, max };
}
