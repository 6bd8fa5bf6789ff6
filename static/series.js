// The history of one symbol as columns, oldest first, and the time up to which it is drawn.

/** @typedef {Readonly<Record<string, unknown>>} Point */

/** Points in order of time, each once, in whichever order they come; the oldest go when it is full. */
export class Series {
  /** Names of the columns; the first two are the key by which points are ordered and known again. */
  #fields;
  #lengthMax;
  /** @type {number[][]} */
  #columns;
  /** What is older has been dropped; to let it in again would make a hole. */
  #oldest = -Infinity;
  /** Grows with every change. */
  version = 0;

  /**
   * @param {readonly string[]} fields
   * @param {number} lengthMax
   */
  constructor(fields, lengthMax) {
    this.#fields = fields;
    this.#lengthMax = lengthMax;
    this.#columns = fields.map(() => []);
  }

  get length() {
    return this.column("time").length;
  }

  /** @param {string} field */
  column(field) {
    const column = this.#columns[this.#fields.indexOf(field)];
    if (column === undefined) throw new TypeError(`Cannot read column ${field}: there is none`);
    return column;
  }

  /**
   * One value of the point at an index; a negative index counts from the end.
   * @param {string} field
   * @param {number} index
   */
  at(field, index) {
    return this.column(field).at(index);
  }

  /** Index of the newest point at or before the time, or -1. @param {number} time */
  indexAt(time) {
    return this.#search(time, Infinity) - 1;
  }

  /** @param {Point} point */
  put(point) {
    const values = this.#fields.map((field) => Number(point[field] ?? 0));
    const [time = 0, order = 0] = values;
    if (time < this.#oldest) return;
    const index = this.#search(time, order);
    if (this.#columns[0]?.[index] === time && this.#columns[1]?.[index] === order) {
      if (!this.isNewer(point, index)) return;
      this.#columns.forEach((column, place) => column[index] = values[place] ?? 0);
    } else {
      this.#columns.forEach((column, place) => column.splice(index, 0, values[place] ?? 0));
    }
    if (this.length > this.#lengthMax) this.#drop(Math.ceil(this.#lengthMax / 8));
    this.version++;
  }

  /** Many at a time, because those that stay have to be moved. @param {number} count */
  #drop(count) {
    for (const column of this.#columns) column.splice(0, count);
    this.#oldest = this.at("time", 0) ?? -Infinity;
  }

  /**
   * Whether a point shall replace the one that is known by the same key.
   * @param {Point} _point
   * @param {number} _index
   */
  isNewer(_point, _index) {
    return false;
  }

  /** Index of the first point that is not before the key. */
  #search(/** @type {number} */ time, /** @type {number} */ order) {
    const [times = [], orders = []] = this.#columns;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = times[middle] ?? 0;
      if (at < time || (at === time && (orders[middle] ?? 0) < order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const TICKS_MAX = 20_000;
const BARS_MAX = 2_000;

/** Ticks are known by their seq, so history and stream may overlap. */
export class TickSeries extends Series {
  constructor(lengthMax = TICKS_MAX) {
    super(["time", "seq", "price", "size"], lengthMax);
  }
}

/** Bars are known by their time. */
export class BarSeries extends Series {
  constructor(lengthMax = BARS_MAX) {
    const fields = ["time", "order", "open", "high", "low", "close", "volume", "count", "closed"];
    super(fields, lengthMax);
  }

  /**
   * History may tell of a bar what the stream has already overtaken: a bar only gains ticks, and closes
   * only once.
   * @override
   * @param {Point} point
   * @param {number} index
   */
  isNewer(point, index) {
    const [count, known] = [Number(point["count"]), this.at("count", index) ?? 0];
    return count > known ||
      (count === known && Number(point["closed"]) >= (this.at("closed", index) ?? 0));
  }
}

/**
 * The time at the right end of the chart, which moves on between two points. It is counted in the time
 * of the data: a recorded day may be on the tape, and the clock of this device may be wrong.
 */
export class LiveEdge {
  #newest = -Infinity;
  /** Time of the data minus time of this device; `undefined` while nothing moves. */
  /** @type {number | undefined} */
  #ahead;

  /**
   * Takes note of history. It is live if its end would be in sight, else it stands still.
   * @param {number} newest
   * @param {number} now
   * @param {number} spanMs what is seen at once
   */
  start(newest, now, spanMs) {
    this.#newest = newest;
    this.#ahead = newest > now - spanMs ? Math.max(0, newest - now) : undefined;
  }

  /**
   * Takes note of a point that has just arrived. The one that was on its way for the shortest time tells
   * best how the clocks differ.
   * @param {number} time
   * @param {number} now
   */
  arrived(time, now) {
    if (time <= this.#newest) return;
    this.#newest = time;
    this.#ahead = Math.max(this.#ahead ?? -Infinity, time - now);
  }

  /** @param {number} now */
  at(now) {
    return this.#ahead === undefined ? this.#newest : Math.max(this.#newest, now + this.#ahead);
  }
}
