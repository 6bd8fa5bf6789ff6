// Prices of symbols some time ago. It loads those of the visible rows, a few at a time, and reloads old ones.

/** @import { Point } from "./series.js" */

const LOADS_MAX = 3;

/**
 * @typedef {object} PastPricesOptions
 * @property {(path: string) => Promise<readonly Point[]>} load
 * @property {() => number} now the moment that is shown
 * @property {number} agoMs
 * @property {string} interval of the bars whose close gives the price
 * @property {() => void} changed
 */

export class PastPrices {
  #options;
  /** @type {Map<string, { price: number | undefined, at: number }>} */
  #known = new Map();
  /** @type {readonly string[]} */
  #wanted = [];
  #loads = 0;

  /** @param {PastPricesOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} symbol */
  of(symbol) {
    return this.#known.get(symbol)?.price;
  }

  /** @param {readonly string[]} symbols of the visible rows */
  want(symbols) {
    this.#wanted = symbols;
    this.#loadNext();
  }

  /** How long a price stays valid: a sixtieth of its distance in time. */
  get #staleMs() {
    return this.#options.agoMs / 60;
  }

  #loadNext() {
    const now = this.#options.now();
    for (const symbol of this.#wanted) {
      if (this.#loads >= LOADS_MAX) return;
      const known = this.#known.get(symbol);
      if (known !== undefined && Math.abs(now - known.at) < this.#staleMs) continue;
      this.#known.set(symbol, { price: known?.price, at: now });
      this.#loads++;
      void this.#fill(symbol, now);
    }
  }

  /** @param {string} symbol @param {number} now */
  async #fill(symbol, now) {
    const { load, agoMs, interval, changed } = this.#options;
    const to = String(Math.floor(now - agoMs));
    const [bar] = await load(`bars?${new URLSearchParams({ symbol, interval, to, limit: "1" })}`);
    this.#loads--;
    const price = bar === undefined ? undefined : Number(bar["close"]);
    this.#known.set(symbol, { price, at: now });
    if (price !== undefined) changed();
    this.#loadNext();
  }
}
