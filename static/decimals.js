// How many decimals prices are written with.

import { decimalsOf } from "./format.js";

/** @import { Row } from "./board.js" */
/** @import { Point } from "./series.js" */

const DECIMALS_MIN = 2;
/** The server tells of no more; smaller prices need more. */
const TOLD_MAX = 8;

export class Decimals {
  /** As the server says. @type {Map<string, number>} */
  #known = new Map();
  /** What the prices seen so far need. @type {Map<string, number>} */
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
   * Asks the server when a symbol is new, or when a price has more decimals than it has told of.
   * @param {Pick<Row, "symbol" | "price">} row
   */
  saw({ symbol, price }) {
    const needed = price === null ? 0 : decimalsOf(price);
    if (needed > (this.#seen.get(symbol) ?? -1)) this.#seen.set(symbol, needed);
    else return;
    if (this.#isAsked || Math.min(TOLD_MAX, needed) <= (this.#known.get(symbol) ?? -1)) return;
    this.#isAsked = true;
    // Many symbols may appear at once, and one answer tells of all.
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
