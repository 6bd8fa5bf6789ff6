// The head of the grid. A click on a title sorts the rows.

/** @import { Column } from "./columns.js" */
/** @import { RowOrder } from "./row_order.js" */

export class GridHead {
  element = document.createElement("div");
  #order;
  /** @type {readonly Column[]} */
  #columns = [];
  /** @type {readonly HTMLElement[]} */
  #cells = [];

  /** @param {RowOrder} order */
  constructor(order) {
    this.#order = order;
    this.element.role = "row";
    this.element.className = "head";
    this.element.ariaRowIndex = "1";
  }

  /** @param {readonly Column[]} columns */
  show(columns) {
    this.#columns = columns;
    this.#cells = columns.map((column) => this.#cell(column));
    this.element.replaceChildren(...this.#cells);
    this.#mark();
  }

  /** The left edge of a column; `undefined` if it is not shown. @param {string} name */
  leftOf(name) {
    const place = this.#columns.findIndex((column) => column.name === name);
    return this.#cells[place]?.offsetLeft;
  }

  /** @param {Column} column */
  #cell({ name, title, key }) {
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
    button.addEventListener("click", () => {
      this.#order.sortBy(name);
      this.#mark();
    });
    cell.append(button);
    return cell;
  }

  #mark() {
    const { sorting } = this.#order;
    this.#columns.forEach(({ name, key }, place) => {
      const cell = this.#cells[place];
      if (cell === undefined || key === undefined) return;
      const isSorted = sorting?.column === name;
      cell.ariaSort = !isSorted ? "none" : sorting.isDescending ? "descending" : "ascending";
    });
  }
}
