// Decides which rows the grid shows, and in which order.

/** @import { Row } from "./board.js" */
/** @import { Column } from "./columns.js" */

/** Sort at most once per second; rows that move all the time are hard to read. */
const SORT_MS = 1_000;

/** @typedef {{ column: string, isDescending: boolean }} Sorting */

export class RowOrder {
  /** @type {readonly string[]} */
  symbols = [];
  #columns;
  /** The symbols of the user's list in its order; without a list the grid shows all symbols. @type {readonly string[] | undefined} */
  #list;
  /** @type {Sorting | undefined} */
  #sorting;
  #query = "";
  #isStale = true;
  #sortedAt = -Infinity;
  #counted = -1;
  #generation = -1;

  /** @param {readonly Column[]} columns columns with a sort key */
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

  /** Sorts by a column, then in the other direction, then in the server's order again. @param {string} column */
  sortBy(column) {
    const before = this.#sorting;
    const isText = column === "symbol" || column === "name";
    if (before?.column !== column) this.#sorting = { column, isDescending: !isText };
    else if (before.isDescending !== isText) {
      this.#sorting = { column, isDescending: isText };
    } else this.#sorting = undefined;
    this.#isStale = true;
  }

  /** @param {string} text part of a symbol or a name */
  search(text) {
    this.#query = text.trim().toLowerCase();
    this.#isStale = true;
  }

  /**
   * @param {ReadonlyMap<string, Row>} rows
   * @param {number} generation grows when a new set of rows replaces the old one
   * @param {number} now
   * @returns whether the order may have changed
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

  /** Unknown values come last in both directions. @param {Row[]} rows */
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
