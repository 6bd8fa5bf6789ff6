// Which rows the grid shows, and in which order.

/** @import { Row } from "./board.js" */
/** @import { Column } from "./columns.js" */

/** Rows that trade places all the time cannot be read. */
const SORT_MS = 1_000;

/** @typedef {{ column: string, isDescending: boolean }} Sorting */

export class Order {
  /** @type {readonly string[]} */
  symbols = [];
  #columns;
  /** Symbols in the order of somebody's own list; without it, all there are. @type {readonly string[] | undefined} */
  #list;
  /** @type {Sorting | undefined} */
  #sorting;
  #query = "";
  #isStale = true;
  #sortedAt = -Infinity;
  #counted = -1;
  #generation = -1;

  /** @param {readonly Column[]} columns by which can be sorted */
  constructor(columns) {
    this.#columns = columns;
  }

  /** @param {readonly Column[]} columns */
  set columns(columns) {
    this.#columns = columns;
    if (!columns.some(({ name }) => name === this.#sorting?.column)) this.#sorting = undefined;
    this.#isStale = true;
  }

  get list() {
    return this.#list;
  }

  /** @param {readonly string[] | undefined} list */
  set list(list) {
    this.#list = list;
    this.#isStale = true;
  }

  get sorting() {
    return this.#sorting;
  }

  /** Up, down, and then in the order of the server again. @param {string} column */
  sortBy(column) {
    const before = this.#sorting;
    const isText = column === "symbol" || column === "name";
    if (before?.column !== column) this.#sorting = { column, isDescending: !isText };
    else if (before.isDescending !== isText) {
      this.#sorting = { column, isDescending: isText };
    } else this.#sorting = undefined;
    this.#isStale = true;
  }

  /** @param {string} text which symbol or name has to contain */
  search(text) {
    this.#query = text.trim().toLowerCase();
    this.#isStale = true;
  }

  /**
   * @param {ReadonlyMap<string, Row>} rows
   * @param {number} generation grows when all rows are others
   * @param {number} now
   * @returns whether there may be another order than before
   */
  update(rows, generation, now) {
    const isOther = this.#isStale || rows.size !== this.#counted || generation !== this.#generation;
    const isDue = this.#sorting !== undefined && now - this.#sortedAt >= SORT_MS;
    if (!isOther && !isDue) return false;
    this.#isStale = false;
    this.#counted = rows.size;
    this.#generation = generation;
    this.#sortedAt = now;
    const all = this.#list?.flatMap((symbol) => rows.get(symbol) ?? []) ?? [...rows.values()];
    this.symbols = this.#sorted(all.filter((row) => this.#isWanted(row)));
    return true;
  }

  /** @param {Row} row */
  #isWanted({ symbol, name }) {
    const query = this.#query;
    return query === "" || symbol.toLowerCase().includes(query) ||
      (name ?? "").toLowerCase().includes(query);
  }

  /** What is unknown comes last, either way. @param {Row[]} rows */
  #sorted(rows) {
    const { column: name, isDescending } = this.#sorting ?? { column: "", isDescending: false };
    const key = this.#columns.find((column) => column.name === name)?.key;
    if (key === undefined) return rows.map(({ symbol }) => symbol);
    const sign = isDescending ? -1 : 1;
    return rows.map((row) => ({ symbol: row.symbol, key: key(row) }))
      .sort((a, b) => {
        if (a.key === null || b.key === null) {
          return Number(a.key === null) - Number(b.key === null);
        }
        return sign * (a.key < b.key ? -1 : Number(a.key > b.key));
      })
      .map(({ symbol }) => symbol);
  }
}
