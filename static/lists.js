// Applies the user's choice to the board: lists, columns, density and tiles. It also handles dragged rows.

import { BoardChoice, moveBefore } from "./board_choice.js";
import { COLUMNS } from "./columns.js";
import { make } from "./dom.js";
import { cross } from "./panels.js";
import { HEAD_PIXELS, ROW_PIXELS } from "./grid.js";
import { allColumns } from "./more_columns.js";
import { PastPrices } from "./past_prices.js";
import { Tiles } from "./tiles.js";

/** @import { Page } from "./extras.js" */

const DENSE_PIXELS = 24;
const HOUR_MS = 3_600_000;
/** A press with a shorter movement is a click. */
const DRAG_PIXELS = 5;
const REFRESH_MS = 1_000;

export class Lists {
  choice = new BoardChoice(() => this.#apply());
  #page;
  #tiles;
  #past;
  /** @type {typeof COLUMNS} */
  columns;
  /** Removes the row under the pointer from the list. */
  #remove = make("button", { type: "button", className: "icon off", tabIndex: -1 }, cross());
  #applied = "";
  #refreshedAt = -Infinity;
  #isPastNew = false;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    const { load, momentNow: now } = page;
    const changed = () => void (this.#isPastNew = true);
    this.#past = {
      hour: new PastPrices({ load, now, agoMs: HOUR_MS, interval: "1m", changed }),
      day: new PastPrices({ load, now, agoMs: 24 * HOUR_MS, interval: "1h", changed }),
    };
    const { hour, day } = this.#past;
    this.columns = allColumns({
      hour: (symbol) => hour.of(symbol),
      day: (symbol) => day.of(symbol),
    });
    this.#tiles = new Tiles(page);
    this.#apply();
    this.#watchRows();
  }

  #apply() {
    const { grid, board } = this.#page;
    const { columns, isDense, hasTiles } = this.choice.value;
    const chosen = this.columns.filter(({ name }) => columns.includes(name));
    const shown = chosen.length === 0 ? COLUMNS : chosen;
    const applied = [...shown.map(({ name }) => name), isDense].join(" ");
    if (applied !== this.#applied && (this.#applied !== "" || chosen.length > 0 || isDense)) {
      grid.show(shown, isDense ? DENSE_PIXELS : ROW_PIXELS);
    }
    this.#applied = applied;
    board.watchSizes(columns.includes("size"));
    this.#tiles.isWanted = hasTiles;
    const { list } = this.choice;
    grid.order.list = list?.symbols;
    grid.listName = list?.name ?? "";
    grid.host.classList.toggle("is-own", list !== undefined);
    this.#remove.remove();
  }

  /** Call it once per animation frame. @param {ReadonlySet<string>} changed @param {number} now */
  draw(changed, now) {
    this.#tiles.draw(changed);
    if (now - this.#refreshedAt < REFRESH_MS) return;
    this.#refreshedAt = now;
    const { columns } = this.choice.value;
    const { grid } = this.#page;
    for (const name of /** @type {const} */ (["hour", "day"])) {
      if (columns.includes(name)) this.#past[name].want(grid.inSight);
    }
    if (this.#isPastNew) grid.refresh();
    this.#isPastNew = false;
  }

  touch() {
    this.#tiles.touch();
  }

  /** Lets the user drag the rows of a list, move them with keys and remove them. */
  #watchRows() {
    const { grid } = this.#page;
    const { host } = grid;
    host.addEventListener("pointerdown", (event) => this.#pressed(event));
    host.addEventListener("pointermove", (event) => this.#hovered(event));
    host.addEventListener("pointerleave", () => this.#remove.remove());
    host.addEventListener("keydown", (event) => this.#keyed(event));
    this.#remove.addEventListener("click", (event) => {
      event.stopPropagation();
      const symbol = this.#remove.dataset["of"] ?? "";
      this.choice.change((symbols) => symbols.filter((each) => each !== symbol));
    });
  }

  /** @param {PointerEvent} event */
  #hovered({ target, pointerType }) {
    const row = target instanceof Element ? target.closest(".row") : null;
    if (
      this.choice.list === undefined || !(row instanceof HTMLElement) || pointerType !== "mouse"
    ) {
      return;
    }
    const symbol = row.dataset["symbol"] ?? "";
    if (this.#remove.parentElement === row && this.#remove.dataset["of"] === symbol) return;
    this.#remove.dataset["of"] = symbol;
    this.#remove.ariaLabel = `Remove ${symbol} from the list`;
    row.append(this.#remove);
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    const { grid } = this.#page;
    if (!(event.target instanceof Element)) return;
    const row = event.target.closest(".row");
    const isSorted = grid.order.sorting !== undefined;
    if (this.choice.list === undefined || isSorted || !(row instanceof HTMLElement)) return;
    // A finger beside the symbol's name scrolls.
    const isScrolling = event.pointerType === "touch" && event.target.closest(".symbol") === null;
    if (isScrolling || event.button !== 0 || this.#remove.contains(event.target)) return;
    const symbol = row.dataset["symbol"] ?? "";
    const host = grid.host;
    /** @type {string | undefined} */
    let before = symbol;
    let isDragged = false;
    const line = make("div", { className: "drop" });
    const move = (/** @type {PointerEvent} */ { clientY }) => {
      if (!isDragged && Math.abs(clientY - event.clientY) < DRAG_PIXELS) return;
      isDragged = true;
      const { rowPixels, order: { symbols } } = grid;
      const top = clientY - host.getBoundingClientRect().top + host.scrollTop - HEAD_PIXELS;
      const place = Math.max(0, Math.min(symbols.length, Math.round(top / rowPixels)));
      before = symbols[place];
      line.style.top = `${HEAD_PIXELS + place * rowPixels}px`;
      row.classList.add("is-dragged");
      if (!line.isConnected) host.append(line);
    };
    const end = () => {
      host.removeEventListener("pointermove", move);
      line.remove();
      row.classList.remove("is-dragged");
      if (!isDragged) return;
      // Ignore the click at the end of a drag.
      addEventListener("click", (click) => click.stopPropagation(), { capture: true, once: true });
      setTimeout(() => this.choice.change((all) => moveBefore(all, symbol, before)), 0);
    };
    host.addEventListener("pointermove", move);
    addEventListener("pointerup", end, { once: true });
  }

  /** @param {KeyboardEvent} event */
  #keyed(event) {
    const { grid } = this.#page;
    const { list } = this.choice;
    const symbol = grid.activeSymbol;
    if (list === undefined || symbol === undefined || event.target !== grid.host) return;
    const place = list.symbols.indexOf(symbol);
    if (event.key === "Delete") {
      this.choice.change((all) => all.filter((each) => each !== symbol));
    } else if (event.altKey && event.key === "ArrowUp") {
      this.choice.change((all) => moveBefore(all, symbol, list.symbols[Math.max(0, place - 1)]));
      grid.follow(symbol);
    } else if (event.altKey && event.key === "ArrowDown") {
      this.choice.change((all) => moveBefore(all, symbol, list.symbols[place + 2]));
      grid.follow(symbol);
    } else return;
    event.preventDefault();
  }
}
