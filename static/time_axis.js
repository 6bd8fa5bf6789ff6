// Maps times to places on the axis: evenly, or without the spans that have no bars.

import { INTERVALS } from "./interval.js";

/** @import { Interval } from "./interval.js" */
/** @import { Series } from "./series.js" */

/**
 * A place on the axis is in milliseconds: the time minus the gaps that are left out.
 * @typedef {object} TimeAxis
 * @property {(time: number) => number} toAxis
 * @property {(place: number) => number} toTime
 * @property {(series: Series) => Float64Array} columnOf the places of a series' points
 * @property {number} version changes when the mapping changes
 */

/** @type {TimeAxis} */
export const EVEN_AXIS = {
  toAxis: (time) => time,
  toTime: (place) => place,
  columnOf: (series) => series.column("time"),
  version: 0,
};

/**
 * Leaves out the gaps between bars. The newest bar keeps its time as its place, so that loading history does
 * not move the others.
 * @implements {TimeAxis}
 */
export class GaplessAxis {
  /** The end of each gap, oldest first, and the sum of this gap and all later ones. */
  #ends = new Float64Array(0);
  #removed = new Float64Array(0);
  #lengths = new Float64Array(0);
  version = 0;
  #known = { length: -1, oldest: NaN };

  /** Finds the gaps again after a change of the bars. @param {Series} series @param {Interval} interval */
  update(series, interval) {
    const { length } = series;
    const oldest = series.at("time", 0) ?? NaN;
    if (length === this.#known.length && oldest === this.#known.oldest) return;
    this.#known = { length, oldest };
    this.version++;
    const times = series.column("time");
    const lengthMs = INTERVALS[interval];
    const [ends, lengths] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    for (let index = 1; index < length; index++) {
      const gapMs = (times[index] ?? 0) - (times[index - 1] ?? 0) - lengthMs;
      if (gapMs <= 0) continue;
      ends.push(times[index] ?? 0);
      lengths.push(gapMs);
    }
    this.#ends = Float64Array.from(ends);
    this.#lengths = Float64Array.from(lengths);
    this.#removed = new Float64Array(ends.length + 1);
    for (let index = ends.length - 1; index >= 0; index--) {
      this.#removed[index] = (this.#removed[index + 1] ?? 0) + (lengths[index] ?? 0);
    }
  }

  /** @param {number} time */
  toAxis(time) {
    const gap = this.#firstAfter((index) => (this.#ends[index] ?? 0) > time);
    const after = this.#removed[gap + 1] ?? 0;
    const end = this.#ends[gap];
    if (end === undefined) return time;
    // All times within a gap map to its end.
    return Math.min(time + (this.#removed[gap] ?? 0), end + after);
  }

  /** @param {number} place */
  toTime(place) {
    const gap = this.#firstAfter((index) =>
      (this.#ends[index] ?? 0) + (this.#removed[index + 1] ?? 0) > place
    );
    return place - (this.#removed[gap] ?? 0);
  }

  /** @param {Series} series */
  columnOf(series) {
    const times = series.column("time");
    const places = new Float64Array(times.length);
    let gap = 0;
    for (let index = 0; index < times.length; index++) {
      const time = times[index] ?? 0;
      while ((this.#ends[gap] ?? Infinity) <= time) gap++;
      const end = this.#ends[gap] ?? Infinity;
      const within = end + (this.#removed[gap + 1] ?? 0);
      places[index] = Math.min(time + (this.#removed[gap] ?? 0), within);
    }
    return places;
  }

  /** @param {(index: number) => boolean} isAfter @returns {number} index of the first such gap */
  #firstAfter(isAfter) {
    let low = 0;
    let high = this.#lengths.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isAfter(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
