// The history of one symbol as columns of numbers, oldest first.

/** @typedef {Readonly<Record<string, unknown>>} Point */

const CAPACITY_MIN = 1_024;

/** Points sorted by time, each once, in any order of arrival. A full series drops the oldest points. */
export class Series {
  /** Names of the columns. The first two are the key that sorts and identifies points. */
  #fields;
  #lengthMax;
  /** Longer than the series, for points to come. @type {Float64Array[]} */
  #columns;
  #length = 0;
  /** Older points have been dropped; accepting some again would leave a gap. */
  #oldest = -Infinity;
  /** Grows with each change. */
  version = 0;

  /**
   * @param {readonly string[]} fields
   * @param {number} lengthMax
   */
  constructor(fields, lengthMax) {
    this.#fields = fields;
    this.#lengthMax = lengthMax;
    this.#columns = fields.map(() => new Float64Array(CAPACITY_MIN));
  }

  get length() {
    return this.#length;
  }

  /** Whether there is no room for older points. */
  get isFull() {
    return this.#oldest > -Infinity || this.#length >= this.#lengthMax;
  }

  /** A view of one column, valid until the next change. @param {string} field */
  column(field) {
    const column = this.#columns[this.#fields.indexOf(field)];
    if (column === undefined) throw new TypeError(`Cannot read column ${field}: there is none`);
    return column.subarray(0, this.#length);
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
    const values = this.#valuesOf(point);
    const [time = 0, order = 0] = values;
    if (time < this.#oldest) return;
    const index = this.#search(time, order);
    if (this.#isAt(index, time, order)) {
      if (!this.isNewer(point, index)) return;
    } else {
      this.#makeRoom(index);
    }
    this.#columns.forEach((column, place) => column[index] = values[place] ?? 0);
    if (this.#length > this.#lengthMax) this.#drop(Math.ceil(this.#lengthMax / 8));
    this.version++;
  }

  /** Puts many points and moves the existing ones only once. @param {readonly Point[]} points */
  putAll(points) {
    const keys = /** @type {[string, string]} */ (this.#fields.slice(0, 2));
    const key = (/** @type {Point} */ point, /** @type {0 | 1} */ place) =>
      Number(point[keys[place]] ?? 0);
    const sorted = points.toSorted((a, b) => key(a, 0) - key(b, 0) || key(a, 1) - key(b, 1));
    const end = this.at("time", 0) ?? Infinity;
    const older = sorted.findIndex((point) => key(point, 0) >= end);
    const [before, rest] = older < 0 ? [sorted, []] : [sorted.slice(0, older), sorted.slice(older)];
    this.#putBefore(before);
    for (const point of rest) this.put(point);
  }

  /** @param {readonly Point[]} points sorted, each older than all existing ones */
  #putBefore(points) {
    if (this.#oldest > -Infinity) return;
    const room = Math.max(0, this.#lengthMax - this.#length);
    const taken = room === 0 ? [] : this.#distinct(points).slice(-room);
    if (taken.length === 0) return;
    const length = taken.length + this.#length;
    const rows = taken.map((point) => this.#valuesOf(point));
    this.#columns = this.#columns.map((column, place) => {
      const longer = new Float64Array(Math.max(CAPACITY_MIN, Math.ceil(length * 1.5)));
      rows.forEach((values, index) => longer[index] = values[place] ?? 0);
      longer.set(column.subarray(0, this.#length), taken.length);
      return longer;
    });
    this.#length = length;
    this.version++;
  }

  /** @param {readonly Point[]} points sorted */
  #distinct(points) {
    const keys = this.#fields.slice(0, 2);
    return points.filter((point, index) =>
      keys.some((key) => point[key] !== points[index + 1]?.[key])
    );
  }

  /** Unknown values become NaN. @param {Point} point */
  #valuesOf(point) {
    return this.#fields.map((field) => point[field] === null ? NaN : Number(point[field] ?? 0));
  }

  /** @param {number} index @param {number} time @param {number} order */
  #isAt(index, time, order) {
    const [times, orders] = this.#columns;
    return index < this.#length && times?.[index] === time && orders?.[index] === order;
  }

  /** @param {number} index */
  #makeRoom(index) {
    if (this.#length === this.#columns[0]?.length) {
      this.#columns = this.#columns.map((column) => {
        const longer = new Float64Array(2 * column.length);
        longer.set(column);
        return longer;
      });
    }
    if (index < this.#length) {
      for (const column of this.#columns) column.copyWithin(index + 1, index, this.#length);
    }
    this.#length++;
  }

  /** Drops many points at once, because each drop moves the others. @param {number} count */
  #drop(count) {
    for (const column of this.#columns) column.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.#oldest = this.at("time", 0) ?? -Infinity;
  }

  /**
   * Whether a point replaces the existing one with the same key.
   * @param {Point} _point
   * @param {number} _index
   */
  isNewer(_point, _index) {
    return false;
  }

  /** Index of the first point at or after the key. */
  #search(/** @type {number} */ time, /** @type {number} */ order) {
    const [times, orders] = /** @type {[Float64Array, Float64Array]} */ (this.#columns);
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = times[middle] ?? 0;
      if (at < time || (at === time && (orders[middle] ?? 0) < order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const POINTS_MAX = 1_200_000;

/** The seq identifies a tick, so history and stream may overlap. */
export class TickSeries extends Series {
  constructor(lengthMax = POINTS_MAX) {
    super(["time", "seq", "price", "size"], lengthMax);
  }
}

/** The time identifies a bar. */
export class BarSeries extends Series {
  constructor(lengthMax = POINTS_MAX) {
    const fields = ["time", "order", "open", "high", "low", "close", "volume", "count", "closed"];
    super(fields, lengthMax);
  }

  /**
   * History may hold an older state of a bar than the stream. A bar only gains ticks, and closes
   * once.
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
