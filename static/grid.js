// The board as a table: one row a symbol, changed cells flash.

import { changeText, percentText, priceText, volumeText } from "./format.js";

/** @import { Row } from "./model.js" */

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {string} title
 * @property {(row: Row, decimals: number) => string} text
 * @property {(row: Row) => number | null} [flash] a value whose changes flash up or down
 * @property {(row: Row) => number | null} [sign] a value whose sign is the colour
 */

/** @type {readonly Column[]} */
const COLUMNS = [
  { name: "symbol", title: "Symbol", text: ({ symbol }) => symbol },
  { name: "name", title: "Name", text: ({ name }) => name ?? "" },
  {
    name: "last",
    title: "Last",
    text: ({ price }, decimals) => priceText(price, decimals),
    flash: ({ price }) => price,
  },
  {
    name: "change",
    title: "Change",
    text: ({ change }, decimals) => changeText(change, decimals),
    sign: ({ change }) => change,
  },
  {
    name: "percent",
    title: "Change %",
    text: ({ change_percent }) => percentText(change_percent),
    sign: ({ change }) => change,
  },
  {
    name: "bid",
    title: "Bid",
    text: ({ bid }, decimals) => priceText(bid, decimals),
    flash: ({ bid }) => bid,
  },
  {
    name: "ask",
    title: "Ask",
    text: ({ ask }, decimals) => priceText(ask, decimals),
    flash: ({ ask }) => ask,
  },
  { name: "volume", title: "Volume", text: ({ volume }) => volumeText(volume) },
];

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
    this.element = document.createElement("td");
    this.element.className = column.name;
    this.element.append(this.#text);
  }

  /**
   * @param {Row} row
   * @param {number} decimals
   */
  show(row, decimals) {
    const { name, text, flash, sign } = this.#column;
    const shown = text(row, decimals);
    if (shown !== this.#text.data) {
      this.#text.data = shown;
      // What is cut off can be read in the tooltip.
      if (name === "name" || name === "symbol") this.element.title = shown;
    }
    const value = (flash ?? sign)?.(row) ?? null;
    if (value === this.#value) return;
    if (sign !== undefined) {
      this.element.className = `${name} ${direction(value ?? 0)}`;
    } else if (flash !== undefined && typeof this.#value === "number" && value !== null) {
      // Two names for one animation: a second flash on the heels of the first starts anew.
      this.#beat = !this.#beat;
      const beat = this.#beat ? "odd" : "even";
      this.element.className = `${name} flash ${direction(value - this.#value)} ${beat}`;
    }
    this.#value = value;
  }
}

/** @param {number} difference */
function direction(difference) {
  return difference > 0 ? "up" : difference < 0 ? "down" : "";
}

/**
 * @typedef {object} GridOptions
 * @property {HTMLTableElement} table
 * @property {(symbol: string) => number} decimalsOf
 * @property {(symbol: string) => void} choose
 */

export class Grid {
  #options;
  #body;
  /** @type {Map<string, { element: HTMLTableRowElement, cells: Cell[] }>} */
  #lines = new Map();
  #chosen = "";

  /** @param {GridOptions} options */
  constructor(options) {
    this.#options = options;
    const { table } = options;
    const head = table.createTHead().insertRow();
    for (const { name, title } of COLUMNS) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = name;
      cell.textContent = title;
      head.append(cell);
    }
    this.#body = table.createTBody();
    this.#body.addEventListener("click", ({ target }) => this.#clicked(target));
    this.#body.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /**
   * Writes the rows that have changed. To be called once per animation frame.
   * @param {ReadonlyMap<string, Row>} rows
   * @param {ReadonlySet<string>} changed
   */
  draw(rows, changed) {
    for (const symbol of changed) {
      const row = rows.get(symbol);
      if (row === undefined) continue;
      const line = this.#lines.get(symbol) ?? this.#addLine(symbol);
      const decimals = this.#options.decimalsOf(symbol);
      for (const cell of line.cells) cell.show(row, decimals);
    }
    if (this.#lines.size <= rows.size) return;
    for (const [symbol, { element }] of this.#lines) {
      if (rows.has(symbol)) continue;
      element.remove();
      this.#lines.delete(symbol);
    }
  }

  /** Marks a symbol as the chosen one. @param {string} symbol */
  mark(symbol) {
    this.#setMark(this.#chosen, false);
    this.#chosen = symbol;
    this.#setMark(symbol, true);
  }

  /** @param {string} symbol */
  #addLine(symbol) {
    const cells = COLUMNS.map((column) => new Cell(column));
    const element = this.#body.insertRow();
    element.dataset["symbol"] = symbol;
    element.tabIndex = -1;
    element.append(...cells.map((cell) => cell.element));
    const line = { element, cells };
    this.#lines.set(symbol, line);
    this.#setMark(symbol, symbol === this.#chosen);
    return line;
  }

  /**
   * Only the chosen row is reached with the tab key; the arrow keys lead on from there.
   * @param {string} symbol
   * @param {boolean} isChosen
   */
  #setMark(symbol, isChosen) {
    const line = this.#lines.get(symbol);
    if (line === undefined) return;
    line.element.setAttribute("aria-selected", String(isChosen));
    line.element.tabIndex = isChosen ? 0 : -1;
  }

  /** @param {EventTarget | null} target */
  #clicked(target) {
    const row = target instanceof Element ? target.closest("tr") : null;
    const symbol = row?.dataset["symbol"];
    if (symbol !== undefined) this.#options.choose(symbol);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    if (row === null || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") this.#clicked(row);
    else {
      const next = neighbour(row, event.key);
      if (next === undefined) return;
      if (next instanceof HTMLElement) next.focus();
    }
    event.preventDefault();
  }
}

/**
 * The row to which a key leads; `undefined` when the key is none of ours.
 * @param {HTMLTableRowElement} row
 * @param {string} key
 */
function neighbour(row, key) {
  switch (key) {
    case "ArrowDown":
      return row.nextElementSibling;
    case "ArrowUp":
      return row.previousElementSibling;
    case "Home":
      return row.parentElement?.firstElementChild;
    case "End":
      return row.parentElement?.lastElementChild;
  }
}
