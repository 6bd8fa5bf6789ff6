// The small curves of the last hour, one per row.

/** @import { Point } from "./series.js" */
/** @import { Row } from "./board.js" */

export const POINTS = 60;
const STEP_MS = 60_000;
const LOADS_MAX = 3;

/**
 * @typedef {object} Spark
 * @property {number[]} closes one per minute, the newest last
 * @property {number} minute number of the newest minute
 * @property {number} version
 */

/** Loads the curves of visible symbols, a few at a time. */
export class Sparks {
  #load;
  #rowOf;
  /** @type {Map<string, Spark>} */
  #sparks = new Map();
  /** @type {Set<string>} */
  #wanted = new Set();
  /** The moment that is shown instead of the present. @type {number | undefined} */
  #time;
  #loading = new AbortController();
  #loads = 0;

  /**
   * @param {object} options
   * @param {(path: string, signal: AbortSignal) => Promise<readonly Point[]>} options.load
   * @param {(symbol: string) => Row | undefined} options.rowOf
   */
  constructor({ load, rowOf }) {
    this.#load = load;
    this.#rowOf = rowOf;
  }

  /** @param {string} symbol */
  of(symbol) {
    return this.#sparks.get(symbol);
  }

  /** Drops all curves, because another moment is shown. @param {number | undefined} time */
  show(time) {
    this.#time = time;
    this.#loading.abort();
    this.#loading = new AbortController();
    this.#loads = 0;
    this.#sparks.clear();
    this.#wanted.clear();
  }

  /** Loads the curve of a symbol again. @param {string} symbol */
  forget(symbol) {
    if (!this.#sparks.delete(symbol)) return;
    this.#wanted.add(symbol);
    this.#loadNext();
  }

  /** Sets the symbols to load: those of the visible rows. @param {Iterable<string>} symbols */
  want(symbols) {
    this.#wanted.clear();
    for (const symbol of symbols) if (!this.#sparks.has(symbol)) this.#wanted.add(symbol);
    this.#loadNext();
  }

  /** Adds a new price. @param {Row} row */
  saw({ symbol, time, price }) {
    const spark = this.#sparks.get(symbol);
    if (spark === undefined || time === null || price === null) return;
    const minute = Math.floor(time / STEP_MS);
    if (minute < spark.minute) return;
    const { closes } = spark;
    if (minute > spark.minute || closes.length === 0) closes.push(price);
    else closes[closes.length - 1] = price;
    if (closes.length > POINTS) closes.splice(0, closes.length - POINTS);
    spark.minute = minute;
    spark.version++;
  }

  #loadNext() {
    for (const symbol of this.#wanted) {
      if (this.#loads >= LOADS_MAX) return;
      this.#wanted.delete(symbol);
      this.#sparks.set(symbol, { closes: [], minute: -Infinity, version: 0 });
      this.#loads++;
      void this.#fill(symbol);
    }
  }

  /** @param {string} symbol */
  async #fill(symbol) {
    const { signal } = this.#loading;
    const query = new URLSearchParams({ symbol, interval: "1m", limit: String(POINTS) });
    // At that moment its own minute was not complete.
    if (this.#time !== undefined) query.set("to", String(this.#time - this.#time % STEP_MS));
    const bars = await this.#load(`bars?${query}`, signal);
    if (signal.aborted) return;
    this.#loads--;
    const spark = this.#sparks.get(symbol);
    if (spark !== undefined) {
      spark.closes = bars.map(({ close }) => Number(close));
      spark.minute = bars.length === 0 ? -Infinity : Number(bars.at(-1)?.["time"]) / STEP_MS;
      spark.version++;
      const row = this.#rowOf(symbol);
      if (row !== undefined) this.saw(row);
    }
    this.#loadNext();
  }
}
