// One row element of the grid. The grid reuses it for the symbol that scrolls into its place.

/** @import { Row } from "./board.js" */
/** @import { Column } from "./columns.js" */

const FADES = 5;
const FADE_MS = 120;

/** A cell remembers its content, so that it never reads the document and writes only changes. */
class Cell {
  #column;
  #text = new Text("");
  /** @type {number | null | undefined} */
  #value;
  /** Start and direction of the last flash. @type {{ at: number, direction: string } | undefined} */
  #flash;

  /** @param {Column} column */
  constructor(column) {
    this.#column = column;
    this.element = document.createElement("div");
    this.element.role = "gridcell";
    this.element.className = `cell ${column.name}`;
    if (column.name !== "spark") this.element.append(this.#text);
  }

  /**
   * @param {Row} row
   * @param {number} decimals
   * @param {boolean} isOther whether the row showed another symbol before
   * @param {number} now
   * @returns the number of characters shown
   */
  show(row, decimals, isOther, now) {
    const shown = this.#column.text(row, decimals);
    if (shown !== this.#text.data) {
      this.#text.data = shown;
      if (this.#column.isCut) this.element.title = shown;
    }
    this.#color(row, isOther, now);
    return shown.length;
  }

  /** @param {Row} row @param {boolean} isOther @param {number} now */
  #color(row, isOther, now) {
    const { name, flash, sign } = this.#column;
    const value = (flash ?? sign)?.(row) ?? null;
    const before = isOther ? undefined : this.#value;
    if (value === before) return;
    this.#value = value;
    if (sign !== undefined) return this.#setClass(`cell ${name} ${direction(value ?? 0)}`);
    if (flash === undefined) return;
    this.#flash = typeof before === "number" && value !== null
      ? { at: now, direction: direction(value - before) }
      : undefined;
    this.fade(now);
  }

  /**
   * Fades a flash in a few steps. A CSS animation would style and paint each cell in each frame.
   * @param {number} now
   */
  fade(now) {
    if (this.#column.flash === undefined) return;
    const step = this.#flash === undefined ? FADES : Math.floor((now - this.#flash.at) / FADE_MS);
    if (step >= FADES) this.#flash = undefined;
    const rest = this.#flash === undefined ? "" : ` flash ${this.#flash.direction} fade-${step}`;
    this.#setClass(`cell ${this.#column.name}${rest}`);
  }

  /** @param {string} className */
  #setClass(className) {
    if (this.element.className !== className) this.element.className = className;
  }
}

/** @param {number} difference */
function direction(difference) {
  return difference > 0 ? "up" : difference < 0 ? "down" : "";
}

/**
 * @typedef {object} RowState
 * @property {boolean} isChosen
 * @property {boolean} isActive whether the row has the keyboard's focus
 * @property {boolean} isStale whether the data is older than usual
 */

export class GridRow {
  symbol = "";
  #cells;
  #index = -1;
  #state = "";

  /** @param {string} id @param {readonly Column[]} columns */
  constructor(id, columns) {
    this.#cells = columns.map((column) => new Cell(column));
    this.element = document.createElement("div");
    this.element.role = "row";
    this.element.id = id;
    this.element.append(...this.#cells.map(({ element }) => element));
  }

  /** @param {number} index @param {number} height */
  place(index, height) {
    if (index === this.#index) return;
    this.#index = index;
    this.element.style.top = `${index * height}px`;
    this.element.ariaRowIndex = String(index + 2);
  }

  /** @param {RowState} state */
  mark({ isChosen, isActive, isStale }) {
    const state = `row${isActive ? " is-active" : ""}${isStale ? " is-stale" : ""}`;
    if (state !== this.#state) this.element.className = this.#state = state;
    const selected = String(isChosen);
    if (this.element.ariaSelected !== selected) this.element.ariaSelected = selected;
  }

  /**
   * @param {Row} row
   * @param {number} decimals
   * @param {number} now
   * @param {(place: number, chars: number) => void} widen
   */
  show(row, decimals, now, widen) {
    const isOther = row.symbol !== this.symbol;
    if (isOther) {
      this.symbol = row.symbol;
      this.element.dataset["symbol"] = row.symbol;
    }
    this.#cells.forEach((cell, place) => widen(place, cell.show(row, decimals, isOther, now)));
  }

  /** @param {number} now */
  fade(now) {
    for (const cell of this.#cells) cell.fade(now);
  }

  /** Has the next draw write the row again. */
  touch() {
    this.symbol = "";
  }

  hide() {
    this.symbol = "";
    this.#index = -1;
    this.element.remove();
  }
}
