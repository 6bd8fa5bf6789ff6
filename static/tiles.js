// The tiles fill the empty part of a board with few symbols: price, last hour, and the price's place in the
// day's range. The rows hold the same values, so screen readers skip the tiles.

import { make } from "./dom.js";
import { percentText, priceText } from "./format.js";
import { SparkStrip } from "./spark_strip.js";

/** @import { Row } from "./board.js" */
/** @import { Page } from "./extras.js" */

const TILES_MAX = 24;
const TILE_PIXELS = { width: 168, height: 80 };
const SPARK_PIXELS = 26;
const MARGIN_PIXELS = 10;

class Tile {
  symbol = "";
  #name = make("b");
  #percent = make("span");
  #price = make("span", { className: "value" });
  #low = make("span");
  #high = make("span");
  #mark = make("i");
  #strip = new SparkStrip(SPARK_PIXELS);

  constructor() {
    this.#strip.lay({ first: 0, count: 1, left: 0 });
    this.element = make(
      "div",
      { className: "tile" },
      make("header", {}, this.#name, this.#percent),
      make("div", { className: "middle" }, this.#price, this.#strip.element),
      make("div", { className: "range" }, this.#low, make("s", {}, this.#mark), this.#high),
    );
  }

  /** @param {Row} row @param {Page} page */
  show(row, { decimalsOf, sparks, grid }) {
    const { symbol, price, change, change_percent, low, high } = row;
    this.symbol = symbol;
    this.element.dataset["symbol"] = symbol;
    const decimals = decimalsOf(symbol);
    write(this.#name, symbol);
    write(this.#price, priceText(price, decimals));
    write(this.#percent, percentText(change_percent));
    const direction = Math.sign(change ?? 0);
    this.#percent.className = ["down", "", "up"][direction + 1] ?? "";
    write(this.#low, priceText(low, decimals));
    write(this.#high, priceText(high, decimals));
    const isKnown = price !== null && low !== null && high !== null && high > low;
    const share = isKnown ? (price - low) / (high - low) : 0.5;
    this.#mark.style.left = `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%`;
    const color = grid.colorOf(direction);
    this.#strip.draw(0, symbol, sparks.of(symbol), { color, isStale: false });
  }

  touch() {
    this.#strip.lay({ first: 0, count: 1, left: 0 });
  }
}

export class Tiles {
  #page;
  #host = make("div", { className: "tiles", ariaHidden: "true" });
  /** @type {Tile[]} */
  #tiles = [];
  /** Describes the layout of the tiles. */
  #laid = "";
  isWanted = true;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    page.grid.host.after(this.#host);
    this.#host.addEventListener("click", ({ target }) => {
      const tile = target instanceof Element ? target.closest(".tile") : null;
      const symbol = tile instanceof HTMLElement ? tile.dataset["symbol"] : undefined;
      if (symbol !== undefined) page.choose({ symbol });
    });
  }

  /** Call it once per animation frame. @param {ReadonlySet<string>} changed */
  draw(changed) {
    const { grid, board, cells } = this.#page;
    const { symbols } = grid.order;
    const { width, height } = grid.size;
    const room = height - grid.height - 2 * MARGIN_PIXELS;
    const rows = Math.max(0, Math.floor(room / TILE_PIXELS.height));
    const columns = Math.max(1, Math.floor((width - MARGIN_PIXELS) / TILE_PIXELS.width));
    // Show tiles for all symbols or for none.
    const areFew = symbols.length <= Math.min(TILES_MAX, rows * columns);
    const count = this.isWanted && areFew ? symbols.length : 0;
    const { symbol: chosen } = cells.active.view;
    const laid = [count, columns, grid.height, chosen, ...symbols].join(" ");
    const isAnew = laid !== this.#laid;
    this.#laid = laid;
    if (isAnew) this.#lay(count, columns);
    this.#tiles.forEach((tile, place) => {
      const symbol = symbols[place] ?? "";
      const row = board.rows.get(symbol);
      if (row === undefined || !(isAnew || changed.has(symbol))) return;
      tile.show(row, this.#page);
      tile.element.classList.toggle("is-chosen", symbol === chosen);
    });
  }

  /** Draws all again, because a format or a colour has changed. */
  touch() {
    this.#laid = "";
    for (const tile of this.#tiles) tile.touch();
  }

  /** @param {number} count @param {number} columns */
  #lay(count, columns) {
    this.#host.hidden = count === 0;
    this.#host.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.#host.style.top = `${this.#page.grid.height + MARGIN_PIXELS}px`;
    while (this.#tiles.length < count) this.#tiles.push(new Tile());
    this.#tiles.length = count;
    this.#host.replaceChildren(...this.#tiles.map(({ element }) => element));
  }
}

/** @param {HTMLElement} target @param {string} text */
function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
