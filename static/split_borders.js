// The borders between the board and the charts. The user drags them or moves them with the arrow keys.

import { make } from "./dom.js";
import { BOARD_MAX, gridOf, moveBorder } from "./layout.js";

/** @import { Extras, Page } from "./extras.js" */

const STEP = 2;
/** A board that gets narrower than this percentage closes. */
const BOARD_MIN = 12;

/**
 * @typedef {object} Border
 * @property {HTMLElement} element
 * @property {() => number} value
 * @property {(value: number) => void} set
 * @property {HTMLElement} host the value is a percentage of its size
 * @property {boolean} isRow
 */

export class SplitBorders {
  #page;
  /** @type {HTMLElement[]} */
  #elements = [];
  #version = "";

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    if (!page.isBareChart) this.#addBoard();
    this.changed();
  }

  /** Updates the borders after a change of the layout. */
  changed() {
    const { cells } = this.#page;
    const { count, columns, rows } = cells.layout;
    const version = [count, ...columns, ...rows].join(" ");
    if (version === this.#version) return;
    const isOther = this.#version.split(" ")[0] !== String(count);
    this.#version = version;
    if (isOther) this.#addCharts();
    this.#place();
  }

  #addBoard() {
    const { cells } = this.#page;
    const host = document.querySelector("main");
    if (host === null) return;
    const element = make("div", { className: "border of-board", ariaLabel: "Width of the board" });
    host.append(element);
    this.#watch({
      element,
      host,
      isRow: false,
      value: () => cells.boardShare,
      set(value) {
        const board = value < BOARD_MIN ? 0 : Math.min(BOARD_MAX, value);
        cells.arrange({ ...cells.layout, board });
      },
    });
  }

  #addCharts() {
    for (const element of this.#elements) element.remove();
    this.#elements = [];
    const { cells } = this.#page;
    const host = cells.host;
    const grid = gridOf(cells.layout.count);
    for (const name of /** @type {const} */ (["columns", "rows"])) {
      for (let place = 0; place + 1 < grid[name]; place++) {
        const isRow = name === "rows";
        const element = make("div", {
          className: `border ${isRow ? "of-row" : "of-column"}`,
          ariaLabel: isRow ? "Height of the charts" : "Width of the charts",
        });
        element.dataset["place"] = String(place);
        host.append(element);
        this.#elements.push(element);
        const sumTo = (/** @type {number} */ end) =>
          cells.layout[name].slice(0, end).reduce((sum, share) => sum + share, 0);
        this.#watch({
          element,
          host,
          isRow,
          value: () => sumTo(place + 1),
          set(value) {
            const shares = moveBorder(cells.layout[name], place, value - sumTo(place + 1));
            cells.arrange({ ...cells.layout, [name]: shares });
          },
        });
      }
    }
  }

  #place() {
    const { columns, rows } = this.#page.cells.layout;
    for (const element of this.#elements) {
      const isRow = element.classList.contains("of-row");
      const end = Number(element.dataset["place"]) + 1;
      const share = (isRow ? rows : columns).slice(0, end).reduce((sum, each) => sum + each, 0);
      element.style[isRow ? "top" : "left"] = `${share}%`;
      element.ariaValueNow = String(Math.round(share));
    }
  }

  /** @param {Border} border */
  #watch({ element, host, isRow, value, set }) {
    element.role = "separator";
    element.tabIndex = 0;
    element.ariaOrientation = isRow ? "horizontal" : "vertical";
    element.ariaValueMin = "0";
    element.ariaValueMax = "100";
    element.ariaValueNow = String(Math.round(value()));
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener("pointermove", (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      const { left, top, width, height } = host.getBoundingClientRect();
      const share = isRow ? (event.clientY - top) / height : (event.clientX - left) / width;
      set(share * 100);
      element.ariaValueNow = String(Math.round(value()));
    });
    element.addEventListener("keydown", (event) => {
      const back = isRow ? "ArrowUp" : "ArrowLeft";
      const forth = isRow ? "ArrowDown" : "ArrowRight";
      if (event.key !== back && event.key !== forth) return;
      event.preventDefault();
      set(value() + (event.key === back ? -STEP : STEP));
      element.ariaValueNow = String(Math.round(value()));
    });
  }
}
