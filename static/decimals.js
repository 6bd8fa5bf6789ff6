// The number of decimals for each symbol's prices.

import { decimalsOf } from "./format.js";

/** @import { Row } from "./board.js" */
/** @import { Point } from "./series.js" */

const DECIMALS_MIN = 2;
/** The server reports at most this many; smaller prices need more. */
const TOLD_MAX = 8;

export class Decimals {
  /** What the server reports. @type {Map<string, number>} */
  #known = new Map();
  /** What the prices so far need. @type {Map<string, number>} */
  #seen = new Map();
  #isAsked = false;
  #options;

  /**
   * @param {object} options
   * @param {() => Promise<readonly Point[]>} options.load
   * @param {(action: () => void) => void} options.later
   * @param {() => void} options.changed
   */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} symbol */
  of(symbol) {
    const seen = Math.max(DECIMALS_MIN, this.#seen.get(symbol) ?? 0);
    const known = this.#known.get(symbol) ?? seen;
    return known === TOLD_MAX ? Math.max(known, seen) : known;
  }

  /**
   * Asks the server about a new symbol, or about a price with more decimals than the server reported.
   * @param {Pick<Row, "symbol" | "price">} row
   */
  saw({ symbol, price }) {
    const needed = price === null ? 0 : decimalsOf(price);
    if (needed > (this.#seen.get(symbol) ?? -1)) this.#seen.set(symbol, needed);
    else return;
    if (this.#isAsked || Math.min(TOLD_MAX, needed) <= (this.#known.get(symbol) ?? -1)) return;
    this.#isAsked = true;
    // Many symbols may appear at once, and one answer covers them all.
    this.#options.later(() => void this.#ask());
  }

  async #ask() {
    this.#isAsked = false;
    for (const { symbol, decimals } of await this.#options.load()) {
      this.#known.set(String(symbol), Number(decimals));
    }
    this.#options.changed();
  }
}
