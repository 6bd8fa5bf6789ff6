// The visible range of a chart: it follows the present until the user moves away.

import { INTERVALS } from "./interval.js";
import { EVEN_AXIS } from "./time_axis.js";

/** @import { Interval } from "./interval.js" */
/** @import { TimeAxis } from "./time_axis.js" */

/**
 * With `from` and `to` the range is fixed. With `spanMs` it follows the present. Without any it follows
 * the present with a default width.
 * @typedef {{ spanMs?: number, from?: number, to?: number }} Range
 */

/** @typedef {{ readonly from: number, readonly to: number }} Window */

/**
 * The data that can be shown. `edge` is the present, in the time of the data.
 * @typedef {object} Extent
 * @property {Interval} interval
 * @property {number} oldest
 * @property {number} edge
 * @property {number} width in CSS pixels
 * @property {TimeAxis} [axis] undefined is the even axis
 */

const TICKS_SPAN_MS = 120_000;
const BAR_PIXELS = 8;
const BARS_MIN = 30;
const BARS_MAX = 300;
/** Share of the width that stays free to the right of the present. */
const LEAD_SHARE = 0.04;
/** Smallest share of the width that shows data, however far the user moves. */
const SEEN_SHARE_MIN = 0.1;
const TICK_SPAN_MS_MIN = 200;
const BARS_SPAN_MIN = 5;
const TICK_SPAN_MS_MAX = 30 * 86_400_000;
const BARS_SPAN_MAX = 1_200_000;

/**
 * The default width: enough bars to fill the chart, or fewer if fewer are known.
 * @param {Extent} extent
 */
export function defaultSpan({ interval, oldest, edge, width, axis = EVEN_AXIS }) {
  if (interval === "tick") return TICKS_SPAN_MS;
  const length = INTERVALS[interval];
  const known = (axis.toAxis(edge) - axis.toAxis(oldest)) / length + 1;
  const fitting = Math.min(BARS_MAX, width / BAR_PIXELS);
  return Math.min(fitting, Math.max(BARS_MIN, known)) * length;
}

/** The right edge on the axis while following. @param {Extent} extent @param {number} spanMs */
function followed({ interval, edge, axis = EVEN_AXIS }, spanMs) {
  return axis.toAxis(edge) + Math.max(INTERVALS[interval], spanMs * LEAD_SHARE);
}

export class Viewport {
  /** @type {Range} */
  #range;
  /** Grows with each change. */
  version = 0;

  /** @param {Range} [range] */
  constructor(range = {}) {
    this.#range = range;
  }

  get range() {
    return this.#range;
  }

  get isFollowing() {
    return this.#range.from === undefined;
  }

  /** @param {Range} range */
  set(range) {
    this.#range = range;
    this.version++;
  }

  /** The visible times. @param {Extent} extent @returns {Window} */
  window(extent) {
    const { axis = EVEN_AXIS } = extent;
    const { from, to } = this.sight(extent);
    return { from: axis.toTime(from), to: axis.toTime(to) };
  }

  /** The visible places on the axis. @param {Extent} extent @returns {Window} */
  sight(extent) {
    const { axis = EVEN_AXIS } = extent;
    const { from, to, spanMs = defaultSpan(extent) } = this.#range;
    if (from !== undefined && to !== undefined) {
      const [start, end] = [axis.toAxis(from), axis.toAxis(to)];
      // Both ends may lie in the same gap.
      return { from: Math.min(start, end - 1), to: end };
    }
    const end = followed(extent, spanMs);
    return { from: end - spanMs, to: end };
  }

  /** The time at a share of the width. @param {number} share @param {Extent} extent */
  timeAt(share, extent) {
    const { axis = EVEN_AXIS } = extent;
    const { from, to } = this.sight(extent);
    return axis.toTime(from + share * (to - from));
  }

  /** Follows the present with the current width. @param {Extent} extent */
  hold(extent) {
    const { from, to } = this.sight(extent);
    this.set({ spanMs: to - from });
  }

  /** Returns to the present with the current width. */
  follow() {
    const { spanMs, from, to } = this.#range;
    const width = from !== undefined && to !== undefined ? to - from : spanMs;
    this.set(width === undefined ? {} : { spanMs: width });
  }

  /** Moves the range by a time. A range that reaches the present follows it again. */
  pan(/** @type {number} */ deltaMs, /** @type {Extent} */ extent) {
    const { from, to } = this.sight(extent);
    this.#place(to + deltaMs, to - from, extent);
  }

  /**
   * Changes the width by a factor. While following, the right edge stays.
   * @param {number} factor
   * @param {number} anchor the time that keeps its place
   * @param {Extent} extent
   */
  zoom(factor, anchor, extent) {
    const { axis = EVEN_AXIS } = extent;
    const { from, to } = this.sight(extent);
    const isTick = extent.interval === "tick";
    const length = INTERVALS[extent.interval];
    const shortest = isTick ? TICK_SPAN_MS_MIN : BARS_SPAN_MIN * length;
    const longest = isTick ? TICK_SPAN_MS_MAX : BARS_SPAN_MAX * length;
    const spanMs = Math.min(longest, Math.max(shortest, (to - from) * factor));
    if (this.isFollowing) return this.set({ spanMs });
    const place = axis.toAxis(anchor);
    const start = place - (place - from) * spanMs / (to - from);
    this.#place(start + spanMs, spanMs, extent);
  }

  /** Sets a range that shows at least some data. @param {number} to @param {number} spanMs @param {Extent} extent */
  #place(to, spanMs, extent) {
    const { axis = EVEN_AXIS } = extent;
    const end = Math.max(to, axis.toAxis(extent.oldest) + spanMs * SEEN_SHARE_MIN);
    if (end >= followed(extent, spanMs)) this.set({ spanMs });
    else this.set({ from: axis.toTime(end - spanMs), to: axis.toTime(end) });
  }
}
