// The board as a grid. Only the visible rows are in the document, and changed cells flash.

import { COLUMNS } from "./columns.js";
import { GridHead } from "./grid_head.js";
import { GridRow } from "./grid_row.js";
import { RowOrder } from "./row_order.js";
import { SparkStrip } from "./spark_strip.js";

/** @import { Board, Row } from "./board.js" */
/** @import { Column } from "./columns.js" */
/** @import { Sparks } from "./sparks.js" */

/**
 * @typedef {object} GridOptions
 * @property {HTMLElement} host the element that scrolls
 * @property {Sparks} sparks
 * @property {(symbol: string) => number} decimalsOf
 * @property {(symbol: string) => boolean} isStale
 * @property {(direction: number) => string} colorOf the colour of a curve that goes up or down
 * @property {(symbol: string) => void} choose
 */

/** Height of a row in the default density. */
export const ROW_PIXELS = 32;
const ROWS_BEYOND = 4;
const CHARS_MAX = 14;
/** Without changed rows, redraw this often for new curves and for symbols that have become stale. */
const QUIET_MS = 100;
const SPARK_PADDING = 7;
export const HEAD_PIXELS = 30;

export class Grid {
  order = new RowOrder(COLUMNS);
  /** Name of the user's list; empty while all symbols are shown. */
  listName = "";
  #options;
  #columns = COLUMNS;
  #rowPixels = ROW_PIXELS;
  #head = new GridHead(this.order);
  #body = document.createElement("div");
  /** @type {number[]} */
  #chars = [];
  /** @type {GridRow[]} */
  #rows = [];
  #strip = new SparkStrip(ROW_PIXELS);
  #drawnAt = -Infinity;
  #sight = { top: 0, width: 0, height: 0 };
  #range = { first: 0, end: 0 };
  #isMoved = true;
  #chosen = "";
  #active = -1;
  /** @type {string | undefined} */
  #followed;

  /** @param {GridOptions} options */
  constructor(options) {
    this.#options = options;
    const { host } = options;
    const group = document.createElement("div");
    group.role = "rowgroup";
    group.append(this.#head.element);
    this.#body.role = "rowgroup";
    this.#body.className = "body";
    host.append(group, this.#body, this.#strip.element);
    this.#build();
    host.addEventListener("scroll", () => this.#look(), { passive: true });
    new ResizeObserver(() => this.#look()).observe(host);
    this.#body.addEventListener("click", ({ target }) => this.#clicked(target));
    host.addEventListener("keydown", (event) => this.#pressed(event));
  }

  get host() {
    return this.#options.host;
  }

  get rowPixels() {
    return this.#rowPixels;
  }

  /** Height of the head and all rows, in CSS pixels. */
  get height() {
    return HEAD_PIXELS + this.order.symbols.length * this.#rowPixels;
  }

  /** Shows other columns or rows of another height. @param {readonly Column[]} columns @param {number} rowPixels */
  show(columns, rowPixels) {
    this.#columns = columns;
    this.#rowPixels = rowPixels;
    this.#strip.rowPixels = rowPixels;
    this.order.columns = columns;
    for (const row of this.#rows) row.hide();
    this.#rows = [];
    this.#build();
    this.#isMoved = true;
  }

  #build() {
    const { host } = this.#options;
    this.#head.show(this.#columns);
    this.#chars = this.#columns.map(({ chars = 0 }) => chars);
    host.classList.toggle("is-chosen", this.#columns !== COLUMNS);
    host.style.setProperty("--row", `${this.#rowPixels}px`);
    for (const { name, chars = 0 } of this.#columns) {
      if (chars > 0) host.style.setProperty(`--${name}-chars`, String(chars));
    }
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

  /** The first that matches the search, also before the next frame. @param {Board} board @param {number} now */
  found(board, now) {
    this.#arrange(board, now);
    return this.order.symbols[0];
  }

  focus() {
    this.#options.host.focus();
  }

  /** Writes all rows again. */
  refresh() {
    for (const row of this.#rows) row.touch();
    this.#isMoved = true;
  }

  /** The symbol of the active row. */
  get activeSymbol() {
    return this.#followed ?? this.order.symbols[this.#active];
  }

  /** Keeps a symbol active that is about to move. @param {string} symbol */
  follow(symbol) {
    this.#followed = symbol;
  }

  get countText() {
    const count = String(this.order.symbols.length);
    return this.listName === "" ? count : `${this.listName} · ${count}`;
  }

  /** The symbols of the visible rows. */
  get inSight() {
    return this.order.symbols.slice(this.#range.first, this.#range.end);
  }

  /** Scroll position and size in CSS pixels. */
  get size() {
    return this.#sight;
  }

  /** @param {number} direction of the curve */
  colorOf(direction) {
    return this.#options.colorOf(direction);
  }

  /**
   * Writes the visible rows that have changed. Call it once per animation frame.
   * @param {Board} board
   * @param {ReadonlySet<string>} changed
   * @param {number} now
   */
  draw(board, changed, now) {
    const { rows } = board;
    this.#arrange(board, now);
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
      line.place(index, this.#rowPixels);
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

  /** @param {Board} board @param {number} now */
  #arrange({ rows, generation }, now) {
    if (!this.order.update(rows, generation, now)) return;
    const count = this.order.symbols.length;
    this.#body.style.height = `${count * this.#rowPixels}px`;
    this.#options.host.ariaRowCount = String(count + 1);
    this.#isMoved = true;
    const place = this.order.symbols.indexOf(this.#followed ?? "");
    this.#followed = undefined;
    if (place >= 0) this.#activate(place);
    else if (this.#active >= count) this.#activate(count - 1);
  }

  /** Makes enough rows for the visible part and removes the others. */
  #placeRows() {
    const { top, height } = this.#sight;
    const count = this.order.symbols.length;
    const needed = Math.ceil(height / this.#rowPixels) + 1 + 2 * ROWS_BEYOND;
    if (needed > this.#rows.length) {
      for (const row of this.#rows) row.hide();
      this.#rows = Array.from(
        { length: needed },
        (_, place) => new GridRow(`row-${place}`, this.#columns),
      );
    }
    const first = Math.max(0, Math.floor(top / this.#rowPixels) - ROWS_BEYOND);
    const end = Math.min(count, first + this.#rows.length);
    this.#range = { first, end };
    const left = this.#head.leftOf("spark");
    const drawn = left === undefined ? 0 : end - first;
    this.#strip.lay({ first, count: drawn, left: (left ?? 0) + SPARK_PADDING });
    const shown = new Set();
    for (let index = first; index < end; index++) shown.add(index % this.#rows.length);
    this.#rows.forEach((row, place) => shown.has(place) || row.hide());
  }

  #look() {
    const { host } = this.#options;
    this.#sight = { top: host.scrollTop, width: host.clientWidth, height: host.clientHeight };
    this.#isMoved = true;
  }

  /**
   * Makes room for a longer text. Columns never become narrower, so that they do not jump.
   * @param {number} place
   * @param {number} chars
   */
  #widen(place, chars) {
    const known = this.#chars[place] ?? 0;
    const { name = "", charsMax = CHARS_MAX } = this.#columns[place] ?? {};
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
      const start = this.#active < 0 ? symbols.indexOf(this.#chosen) : this.#active;
      const page = Math.max(1, Math.floor(this.#sight.height / this.#rowPixels) - 2);
      const next = targetOf(event.key, start, page);
      if (next === undefined) return;
      this.#activate(Math.min(symbols.length - 1, Math.max(0, next)));
    }
    event.preventDefault();
  }

  /** @param {number} index */
  #activate(index) {
    this.#active = index;
    this.#isMoved = true;
    const { host } = this.#options;
    if (index < 0 || this.#rows.length === 0) return host.removeAttribute("aria-activedescendant");
    const top = index * this.#rowPixels;
    // The head covers the first visible row.
    if (top < host.scrollTop) host.scrollTop = top;
    else if (top + 2 * this.#rowPixels > host.scrollTop + host.clientHeight) {
      host.scrollTop = top + 2 * this.#rowPixels - host.clientHeight;
    }
    this.#look();
    host.setAttribute("aria-activedescendant", `row-${index % this.#rows.length}`);
  }
}

/** The row that a key leads to; `undefined` if the grid does not use the key. */
function targetOf(
  /** @type {string} */ key,
  /** @type {number} */ start,
  /** @type {number} */ page,
) {
  const steps = new Map([["ArrowDown", 1], ["ArrowUp", -1], ["PageDown", page], ["PageUp", -page]]);
  if (key === "Home") return 0;
  if (key === "End") return Infinity;
  const step = steps.get(key);
  return step === undefined ? undefined : start + step;
}
