// Which part of the time the chart shows: it follows the present until somebody moves away from it.

import { INTERVALS } from "./interval.js";
import { EVEN_AXIS } from "./time_axis.js";

/** @import { Interval } from "./interval.js" */
/** @import { TimeAxis } from "./time_axis.js" */

/**
 * With `from` and `to` it stands still, with `spanMs` it follows the present, and without any it follows
 * with as much as fits.
 * @typedef {{ spanMs?: number, from?: number, to?: number }} Range
 */

/** @typedef {{ readonly from: number, readonly to: number }} Window */

/**
 * What is there to be seen. `edge` is the present, in the time of the data.
 * @typedef {object} Extent
 * @property {Interval} interval
 * @property {number} oldest
 * @property {number} edge
 * @property {number} width in pixels of the page
 * @property {TimeAxis} [axis] without it, time lies evenly
 */

const TICKS_SPAN_MS = 120_000;
const BAR_PIXELS = 8;
const BARS_MIN = 30;
const BARS_MAX = 300;
/** Share of the width that is left free to the right of the present. */
const LEAD_SHARE = 0.04;
/** Share of the width that has data in it, however far somebody moves. */
const SEEN_SHARE_MIN = 0.1;
const TICK_SPAN_MS_MIN = 200;
const BARS_SPAN_MIN = 5;
const TICK_SPAN_MS_MAX = 30 * 86_400_000;
const BARS_SPAN_MAX = 1_200_000;

/**
 * What is shown at first: bars that just fill the width, or fewer if no more are known.
 * @param {Extent} extent
 */
export function defaultSpan({ interval, oldest, edge, width, axis = EVEN_AXIS }) {
  if (interval === "tick") return TICKS_SPAN_MS;
  const length = INTERVALS[interval];
  const known = (axis.toAxis(edge) - axis.toAxis(oldest)) / length + 1;
  const fitting = Math.min(BARS_MAX, width / BAR_PIXELS);
  return Math.min(fitting, Math.max(BARS_MIN, known)) * length;
}

/** Where on the axis the right end is while following. @param {Extent} extent @param {number} spanMs */
function followed({ interval, edge, axis = EVEN_AXIS }, spanMs) {
  return axis.toAxis(edge) + Math.max(INTERVALS[interval], spanMs * LEAD_SHARE);
}

export class Viewport {
  /** @type {Range} */
  #range;
  /** Grows with every change that somebody makes. */
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

  /** The times in sight. @param {Extent} extent @returns {Window} */
  window(extent) {
    const { axis = EVEN_AXIS } = extent;
    const { from, to } = this.sight(extent);
    return { from: axis.toTime(from), to: axis.toTime(to) };
  }

  /** The places of the axis in sight. @param {Extent} extent @returns {Window} */
  sight(extent) {
    const { axis = EVEN_AXIS } = extent;
    const { from, to, spanMs = defaultSpan(extent) } = this.#range;
    if (from !== undefined && to !== undefined) {
      const [start, end] = [axis.toAxis(from), axis.toAxis(to)];
      // All of it may lie in a gap that is left out.
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

  /** Follows from now on, at the same width. @param {Extent} extent */
  hold(extent) {
    const { from, to } = this.sight(extent);
    this.set({ spanMs: to - from });
  }

  /** Back to the present, at the same width. */
  follow() {
    const { spanMs, from, to } = this.#range;
    const width = from !== undefined && to !== undefined ? to - from : spanMs;
    this.set(width === undefined ? {} : { spanMs: width });
  }

  /** Shows what is later by so much; whoever moves past the present follows it again. */
  pan(/** @type {number} */ deltaMs, /** @type {Extent} */ extent) {
    const { from, to } = this.sight(extent);
    this.#place(to + deltaMs, to - from, extent);
  }

  /**
   * Shows so many times as much. While following, the present stays where it is.
   * @param {number} factor
   * @param {number} anchor the time that stays where it is
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

  /** Something is always in sight. @param {number} to @param {number} spanMs @param {Extent} extent */
  #place(to, spanMs, extent) {
    const { axis = EVEN_AXIS } = extent;
    const end = Math.max(to, axis.toAxis(extent.oldest) + spanMs * SEEN_SHARE_MIN);
    if (end >= followed(extent, spanMs)) this.set({ spanMs });
    else this.set({ from: axis.toTime(end - spanMs), to: axis.toTime(end) });
  }
}
