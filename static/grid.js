// The board as a grid: only the rows in sight are in the document, and changed cells flash.

import { COLUMNS } from "./columns.js";
import { GridRow } from "./grid_row.js";
import { Order } from "./order.js";
import { SparkStrip } from "./spark_strip.js";

/** @import { Board, Row } from "./board.js" */
/** @import { Sparks } from "./sparks.js" */

/**
 * @typedef {object} GridOptions
 * @property {HTMLElement} host which scrolls
 * @property {Sparks} sparks
 * @property {(symbol: string) => number} decimalsOf
 * @property {(symbol: string) => boolean} isStale
 * @property {(direction: number) => string} colorOf of a curve that has gone up or down
 * @property {(symbol: string) => void} choose
 */

const ROW_PIXELS = 32;
const ROWS_BEYOND = 4;
const CHARS_MAX = 14;
/** Without a change, curves that have been loaded and rows that have fallen silent are shown so soon. */
const QUIET_MS = 100;
const SPARK_PLACE = COLUMNS.findIndex(({ name }) => name === "spark");
const SPARK_PADDING = 7;

export class Grid {
  order = new Order();
  #options;
  #head = document.createElement("div");
  #body = document.createElement("div");
  /** @type {HTMLElement[]} */
  #headCells = [];
  #chars = COLUMNS.map(({ chars = 0 }) => chars);
  /** @type {GridRow[]} */
  #rows = [];
  #strip = new SparkStrip(ROW_PIXELS);
  #drawnAt = -Infinity;
  #sight = { top: 0, height: 0 };
  #range = { first: 0, end: 0 };
  #isMoved = true;
  #chosen = "";
  #active = -1;

  /** @param {GridOptions} options */
  constructor(options) {
    this.#options = options;
    const { host } = options;
    this.#head.role = "row";
    this.#head.className = "head";
    this.#head.ariaRowIndex = "1";
    this.#headCells = COLUMNS.map((column) => this.#headCell(column));
    this.#head.append(...this.#headCells);
    const group = document.createElement("div");
    group.role = "rowgroup";
    group.append(this.#head);
    this.#body.role = "rowgroup";
    this.#body.className = "body";
    host.append(group, this.#body, this.#strip.element);
    host.style.setProperty("--row", `${ROW_PIXELS}px`);
    for (const { name, chars = 0 } of COLUMNS) {
      if (chars > 0) host.style.setProperty(`--${name}-chars`, String(chars));
    }
    host.addEventListener("scroll", () => this.#look(), { passive: true });
    new ResizeObserver(() => this.#look()).observe(host);
    this.#body.addEventListener("click", ({ target }) => this.#clicked(target));
    host.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** @param {string} symbol */
  mark(symbol) {
    this.#chosen = symbol;
    this.#isMoved = true;
  }

  /** @param {string} text */
  search(text) {
    this.order.search(text);
    this.#options.host.scrollTop = 0;
    this.#active = -1;
  }

  focus() {
    this.#options.host.focus();
  }

  /** All curves are others than before. */
  refresh() {
    this.#isMoved = true;
  }

  get countText() {
    return String(this.order.symbols.length);
  }

  /**
   * Writes the rows in sight that have changed. To be called once per animation frame.
   * @param {Board} board
   * @param {ReadonlySet<string>} changed
   * @param {number} now
   */
  draw(board, changed, now) {
    const { rows, generation } = board;
    const isReordered = this.order.update(rows, generation, now);
    if (isReordered) this.#reordered();
    const isMoved = this.#isMoved;
    this.#isMoved = false;
    if (isMoved) this.#placeRows();
    const isQuiet = changed.size === 0 && now - this.#drawnAt < QUIET_MS;
    if (!isMoved && isQuiet) return;
    this.#drawnAt = now;
    const { symbols } = this.order;
    for (let index = this.#range.first; index < this.#range.end; index++) {
      const symbol = symbols[index] ?? "";
      const line = this.#rows[index % this.#rows.length];
      const row = rows.get(symbol);
      if (line === undefined || row === undefined) continue;
      line.place(index, ROW_PIXELS);
      if (line.symbol !== symbol || changed.has(symbol)) {
        line.show(
          row,
          this.#options.decimalsOf(symbol),
          now,
          (place, chars) => this.#widen(place, chars),
        );
      }
      line.fade(now);
      const isStale = this.#options.isStale(symbol);
      const isChosen = symbol === this.#chosen;
      line.mark({ isChosen, isActive: index === this.#active, isStale });
      const color = this.#options.colorOf(row.change ?? 0);
      this.#strip.draw(index, symbol, this.#options.sparks.of(symbol), { color, isStale });
      if (!line.element.isConnected) this.#body.append(line.element);
    }
    if (isMoved) this.#options.sparks.want(symbols.slice(this.#range.first, this.#range.end));
  }

  #reordered() {
    const count = this.order.symbols.length;
    this.#body.style.height = `${count * ROW_PIXELS}px`;
    this.#options.host.ariaRowCount = String(count + 1);
    this.#isMoved = true;
    if (this.#active >= count) this.#activate(count - 1);
  }

  /** Makes as many rows as are in sight, and takes away those that are not. */
  #placeRows() {
    const { top, height } = this.#sight;
    const count = this.order.symbols.length;
    const needed = Math.ceil(height / ROW_PIXELS) + 1 + 2 * ROWS_BEYOND;
    if (needed > this.#rows.length) {
      for (const row of this.#rows) row.hide();
      this.#rows = Array.from({ length: needed }, (_, place) => new GridRow(`row-${place}`));
    }
    const first = Math.max(0, Math.floor(top / ROW_PIXELS) - ROWS_BEYOND);
    const end = Math.min(count, first + this.#rows.length);
    this.#range = { first, end };
    const left = this.#headCells[SPARK_PLACE]?.offsetLeft ?? 0;
    this.#strip.lay({ first, count: end - first, left: left + SPARK_PADDING });
    const shown = new Set();
    for (let index = first; index < end; index++) shown.add(index % this.#rows.length);
    this.#rows.forEach((row, place) => shown.has(place) || row.hide());
  }

  #look() {
    const { host } = this.#options;
    this.#sight = { top: host.scrollTop, height: host.clientHeight };
    this.#isMoved = true;
  }

  /** @param {import("./columns.js").Column} column */
  #headCell({ name, title, key }) {
    const cell = document.createElement("div");
    cell.role = "columnheader";
    cell.className = `cell ${name}`;
    if (key === undefined) {
      cell.textContent = title;
      return cell;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", () => this.#sortBy(name));
    cell.append(button);
    cell.ariaSort = "none";
    return cell;
  }

  /** @param {string} name */
  #sortBy(name) {
    this.order.sortBy(name);
    const { sorting } = this.order;
    COLUMNS.forEach((column, place) => {
      const cell = this.#headCells[place];
      if (cell === undefined || column.key === undefined) return;
      const isSorted = sorting?.column === column.name;
      cell.ariaSort = !isSorted ? "none" : sorting.isDescending ? "descending" : "ascending";
    });
  }

  /**
   * Makes room for a longer text. Columns never become narrower, so nothing jumps to and fro.
   * @param {number} place
   * @param {number} chars
   */
  #widen(place, chars) {
    const known = this.#chars[place] ?? 0;
    const { name = "", charsMax = CHARS_MAX } = COLUMNS[place] ?? {};
    const wanted = Math.min(chars, charsMax);
    if (known === 0 || wanted <= known) return;
    this.#chars[place] = wanted;
    this.#options.host.style.setProperty(`--${name}-chars`, String(wanted));
    this.#isMoved = true;
  }

  /** @param {EventTarget | null} target */
  #clicked(target) {
    const row = target instanceof Element ? target.closest("[data-symbol]") : null;
    const symbol = row instanceof HTMLElement ? row.dataset["symbol"] : undefined;
    if (symbol === undefined) return;
    this.#active = this.order.symbols.indexOf(symbol);
    this.#options.choose(symbol);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.target !== this.#options.host) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { symbols } = this.order;
    if (event.key === "Enter" || event.key === " ") {
      const symbol = symbols[this.#active];
      if (symbol !== undefined) this.#options.choose(symbol);
    } else {
      const next = this.#target(event.key);
      if (next === undefined) return;
      this.#activate(Math.min(symbols.length - 1, Math.max(0, next)));
    }
    event.preventDefault();
  }

  /** The row to which a key leads; `undefined` when the key is none of ours. @param {string} key */
  #target(key) {
    const start = this.#active < 0 ? this.order.symbols.indexOf(this.#chosen) : this.#active;
    const page = Math.max(1, Math.floor(this.#sight.height / ROW_PIXELS) - 2);
    switch (key) {
      case "ArrowDown":
        return start + 1;
      case "ArrowUp":
        return start - 1;
      case "PageDown":
        return start + page;
      case "PageUp":
        return start - page;
      case "Home":
        return 0;
      case "End":
        return Infinity;
    }
  }

  /** @param {number} index */
  #activate(index) {
    this.#active = index;
    this.#isMoved = true;
    const { host } = this.#options;
    if (index < 0 || this.#rows.length === 0) return host.removeAttribute("aria-activedescendant");
    const top = index * ROW_PIXELS;
    // The head lies over the first row in sight.
    if (top < host.scrollTop) host.scrollTop = top;
    else if (top + 2 * ROW_PIXELS > host.scrollTop + host.clientHeight) {
      host.scrollTop = top + 2 * ROW_PIXELS - host.clientHeight;
    }
    this.#look();
    host.setAttribute("aria-activedescendant", `row-${index % this.#rows.length}`);
  }
}
