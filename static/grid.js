// The board as a table: one row a symbol, changed cells flash.

import { changeText, percentText, priceText, volumeText } from "./format.js";

/** @import { Row } from "./model.js" */

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {string} title
 * @property {number} [chars] width for so many characters at first; without, what is left over
 * @property {number} [charsMax] what is longer is cut off; numbers never are
 * @property {(row: Row, decimals: number) => string} text
 * @property {(row: Row) => number | null} [flash] a value whose changes flash up or down
 * @property {(row: Row) => number | null} [sign] a value whose sign is the colour
 */

/** @type {readonly Column[]} */
const COLUMNS = [
  { name: "symbol", title: "Symbol", chars: 8, charsMax: 16, text: ({ symbol }) => symbol },
  { name: "name", title: "Name", charsMax: 0, text: ({ name }) => name ?? "" },
  {
    name: "last",
    title: "Last",
    chars: 9,
    text: ({ price }, decimals) => priceText(price, decimals),
    flash: ({ price }) => price,
  },
  {
    name: "change",
    title: "Change",
    chars: 9,
    text: ({ change }, decimals) => changeText(change, decimals),
    sign: ({ change }) => change,
  },
  {
    name: "percent",
    title: "Change %",
    chars: 9,
    text: ({ change_percent }) => percentText(change_percent),
    sign: ({ change }) => change,
  },
  {
    name: "bid",
    title: "Bid",
    chars: 9,
    text: ({ bid }, decimals) => priceText(bid, decimals),
    flash: ({ bid }) => bid,
  },
  {
    name: "ask",
    title: "Ask",
    chars: 9,
    text: ({ ask }, decimals) => priceText(ask, decimals),
    flash: ({ ask }) => ask,
  },
  { name: "volume", title: "Volume", chars: 7, text: ({ volume }) => volumeText(volume) },
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
   * @returns how many characters are shown
   */
  show(row, decimals) {
    const shown = this.#column.text(row, decimals);
    if (shown !== this.#text.data) {
      this.#text.data = shown;
      if (this.#column.charsMax !== undefined) this.element.title = shown;
    }
    this.#color(row);
    return shown.length;
  }

  /** @param {Row} row */
  #color(row) {
    const { name, flash, sign } = this.#column;
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

/**
 * @param {HTMLElement} cell
 * @param {number | undefined} chars
 */
function setChars(cell, chars) {
  if (chars !== undefined) cell.style.setProperty("--chars", String(chars));
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
  #heads;
  /** @type {Map<string, { element: HTMLTableRowElement, cells: Cell[] }>} */
  #lines = new Map();
  #chosen = "";

  /** @param {GridOptions} options */
  constructor(options) {
    this.#options = options;
    const { table } = options;
    const head = table.createTHead().insertRow();
    this.#heads = COLUMNS.map(({ name, title, chars }) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = name;
      cell.textContent = title;
      setChars(cell, chars);
      return { cell, chars };
    });
    head.append(...this.#heads.map(({ cell }) => cell));
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
    const linesBefore = this.#lines.size;
    for (const symbol of changed) {
      const row = rows.get(symbol);
      if (row === undefined) continue;
      const line = this.#lines.get(symbol) ?? this.#addLine(symbol);
      const decimals = this.#options.decimalsOf(symbol);
      line.cells.forEach((cell, place) => this.#widen(place, cell.show(row, decimals)));
    }
    const isShorter = rows.size < this.#lines.size;
    if (isShorter) this.#removeLines(rows);
    if (isShorter || this.#lines.size !== linesBefore) this.mark(this.#chosen);
  }

  /** @param {ReadonlyMap<string, Row>} rows those that stay */
  #removeLines(rows) {
    for (const [symbol, { element }] of this.#lines) {
      if (rows.has(symbol)) continue;
      element.remove();
      this.#lines.delete(symbol);
    }
  }

  /**
   * Marks a symbol as the chosen one. Only its row is reached with the tab key, or the first one if it
   * has none; the arrow keys lead on from there.
   * @param {string} symbol
   */
  mark(symbol) {
    this.#chosen = symbol;
    const [first] = this.#lines.keys();
    const reached = this.#lines.has(symbol) ? symbol : first;
    for (const [each, { element }] of this.#lines) {
      element.setAttribute("aria-selected", String(each === symbol));
      element.tabIndex = each === reached ? 0 : -1;
    }
  }

  /**
   * Makes room for a longer text. Columns never become narrower, so nothing jumps to and fro, and with
   * widths that do not depend on all cells the layout of a long table stays cheap.
   * @param {number} place
   * @param {number} chars
   */
  #widen(place, chars) {
    const head = this.#heads[place];
    const wanted = Math.min(chars, COLUMNS[place]?.charsMax ?? Infinity);
    if (head?.chars === undefined || wanted <= head.chars) return;
    head.chars = wanted;
    setChars(head.cell, wanted);
  }

  /** @param {string} symbol */
  #addLine(symbol) {
    const cells = COLUMNS.map((column) => new Cell(column));
    const element = this.#body.insertRow();
    element.dataset["symbol"] = symbol;
    element.append(...cells.map((cell) => cell.element));
    const line = { element, cells };
    this.#lines.set(symbol, line);
    return line;
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
