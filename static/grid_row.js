// One row of the grid: it shows whichever symbol scrolls into its place.

import { COLUMNS } from "./columns.js";
import { paintSpark } from "./sparks.js";

/** @import { Row } from "./board.js" */
/** @import { Column } from "./columns.js" */
/** @import { Spark } from "./sparks.js" */

/** A cell remembers what it shows, so that the document is only written to, and only for a change. */
class Cell {
  #column;
  #text = new Text("");
  /** @type {number | null | undefined} */
  #value;
  #beat = false;

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
   * @param {boolean} isOther whether another symbol was shown before
   * @returns how many characters are shown
   */
  show(row, decimals, isOther) {
    const shown = this.#column.text(row, decimals);
    if (shown !== this.#text.data) this.#text.data = shown;
    this.#color(row, isOther);
    return shown.length;
  }

  /** @param {Row} row @param {boolean} isOther */
  #color(row, isOther) {
    const { name, flash, sign } = this.#column;
    const value = (flash ?? sign)?.(row) ?? null;
    if (value === this.#value && !isOther) return;
    if (sign !== undefined) {
      this.#setClass(`cell ${name} ${direction(value ?? 0)}`);
    } else if (flash !== undefined) {
      if (!isOther && typeof this.#value === "number" && value !== null) {
        // Two names for one animation: a second flash on the heels of the first starts anew.
        this.#beat = !this.#beat;
        const beat = this.#beat ? "odd" : "even";
        this.#setClass(`cell ${name} flash ${direction(value - this.#value)} ${beat}`);
      } else if (isOther) this.#setClass(`cell ${name}`);
    }
    this.#value = value;
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
 * @property {boolean} isActive where the keys are
 * @property {boolean} isStale no data for longer than usual
 */

export class GridRow {
  symbol = "";
  #cells = COLUMNS.map((column) => new Cell(column));
  #canvas = document.createElement("canvas");
  #sparkShown = "";
  #index = -1;
  #state = "";

  /** @param {string} id */
  constructor(id) {
    this.element = document.createElement("div");
    this.element.role = "row";
    this.element.id = id;
    this.element.append(...this.#cells.map(({ element }) => element));
    this.element.querySelector(".spark")?.append(this.#canvas);
    this.#canvas.ariaHidden = "true";
  }

  /** @param {number} index @param {number} height */
  place(index, height) {
    if (index === this.#index) return;
    this.#index = index;
    this.element.style.transform = `translateY(${index * height}px)`;
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
   * @param {(place: number, chars: number) => void} widen
   */
  show(row, decimals, widen) {
    const isOther = row.symbol !== this.symbol;
    if (isOther) {
      this.symbol = row.symbol;
      this.element.dataset["symbol"] = row.symbol;
    }
    this.#cells.forEach((cell, place) => widen(place, cell.show(row, decimals, isOther)));
  }

  /** @param {Spark | undefined} spark @param {string} color */
  drawSpark(spark, color) {
    const shown = `${this.symbol} ${spark?.version} ${color} ${devicePixelRatio}`;
    if (shown === this.#sparkShown) return;
    this.#sparkShown = shown;
    paintSpark(this.#canvas, spark?.closes ?? [], color);
  }

  hide() {
    this.symbol = "";
    this.#index = -1;
    this.element.remove();
  }
}
