// The charts of the page: their number, the active one and what they share.

import { readView, writeView } from "./address.js";
import { Cell } from "./cell.js";
import { make } from "./dom.js";
import { gridOf, readLayout, writeLayout } from "./layout.js";

/** @import { View } from "./address.js" */
/** @import { CellOptions, CellHost, ViewChange } from "./cell.js" */
/** @import { Layout } from "./layout.js" */
/** @import { Playback } from "./playback.js" */
/** @import { Known } from "./chart_view.js" */

/** Height of the caption above each of several charts. */
const HEAD_PIXELS = 44;
/** Shortest time between two drawings of a chart, for each chart on the page. */
const PACE_MS = 50;
const BOARD_SHARES = { 1: 44, 2: 36, 4: 28, 6: 24 };

/**
 * @typedef {object} CellsOptions
 * @property {HTMLElement} host contains one cell, which the first chart uses
 * @property {Omit<CellOptions, "host" | "desk" | "view" | "changed">} cell
 * @property {CellHost} desk the desk of the charts with a linked moment
 * @property {(changed: (moment: Playback | undefined) => void) => CellHost} openDesk opens the desk of a chart with its own
 *   moment
 * @property {() => void} changed called when another chart becomes active or the layout changes
 */

export class Cells {
  /** @type {readonly Cell[]} */
  all = [];
  /** @type {Cell} */
  active;
  #options;
  #blank;
  /** @type {Layout} */
  #layout;
  /** The viewport version that takeMoved has seen last. @type {WeakMap<Cell, number>} */
  #seen = new WeakMap();

  /** @param {CellsOptions} options @param {URLSearchParams} query of the address */
  constructor(options, query) {
    this.#options = options;
    const { host } = options;
    const first = /** @type {HTMLElement} */ (host.firstElementChild);
    this.#blank = /** @type {HTMLElement} */ (first.cloneNode(true));
    for (const each of this.#blank.querySelectorAll("[id]")) each.removeAttribute("id");
    this.active = this.#add(first, readView(query));
    this.#layout = readLayout(query);
    this.#arrange(query);
  }

  get host() {
    return this.#options.host;
  }

  /** The board's share of the width in per cent. It is smaller with more charts. */
  get boardShare() {
    const { board, count } = this.#layout;
    return board ?? BOARD_SHARES[count];
  }

  get first() {
    return this.all[0] ?? this.active;
  }

  get layout() {
    return this.#layout;
  }

  /** @param {Layout["links"][number]} link */
  isLinked(link) {
    return this.#layout.links.includes(link);
  }

  /** Sets the number and the layout of the charts. New charts copy the active one. @param {Layout} layout */
  arrange(layout) {
    this.#layout = layout;
    this.#arrange(new URLSearchParams());
    this.#options.changed();
  }

  /** @param {URLSearchParams} query may hold the views of new charts */
  #arrange(query) {
    const { count } = this.#layout;
    for (const cell of this.all.slice(count)) this.#remove(cell);
    if (!this.all.includes(this.active)) this.active = this.first;
    /** @type {(() => void)[]} */
    const seeks = [];
    while (this.all.length < count) {
      const place = String(this.all.length + 1);
      const view = query.has(`symbol${place}`)
        ? readView(query, place)
        : { ...this.active.shared, time: undefined };
      const host = /** @type {HTMLElement} */ (this.#blank.cloneNode(true));
      this.#options.host.append(host);
      const cell = this.#add(host, view);
      cell.choose({ symbol: view.symbol, compare: view.compare });
      cell.viewport.set(view.range);
      const { time } = view;
      if (time !== undefined) seeks.push(() => cell.recorder.seek(time, true));
    }
    this.#seat();
    if (!this.isLinked("moment")) { for (const seek of seeks) seek(); }
    this.#lay();
  }

  /** Makes a chart the one that the toolbar controls. @param {Cell} cell */
  activate(cell) {
    if (cell === this.active) return;
    this.active = cell;
    this.#lay();
    this.#options.changed();
  }

  /** @param {ViewChange} change */
  choose(change) {
    const { symbol } = change;
    const others = symbol !== undefined && this.isLinked("symbol") ? this.all : [];
    this.active.choose(change);
    for (const cell of others) if (cell !== this.active) cell.choose({ symbol: symbol ?? "" });
    this.#list();
  }

  /** Shows a moment in the charts that share the page's moment. @param {Playback | undefined} moment */
  show(moment) {
    const { desk } = this.#options;
    for (const cell of this.all) if (cell.desk === desk) cell.show(moment);
    desk.pool.show(moment);
  }

  /** Connects again, perhaps with another key. */
  retry() {
    for (const { retry } of new Set(this.all.map(({ desk }) => desk))) retry();
  }

  /** Call it once per animation frame. @param {(symbol: string) => Known} known */
  draw(known) {
    const pointed = this.all.find(({ chartView }) => chartView.readout.time !== undefined);
    const time = this.isLinked("crosshair") ? pointed?.chartView.readout.time : undefined;
    for (const cell of this.all) {
      cell.chartView.readout.linkedTime = cell === pointed ? undefined : time;
      const of = known(cell.view.symbol);
      if (this.all.length > 1) cell.chartView.caption(of, cell.recorder.time);
      cell.chartView.draw(of);
    }
  }

  /** Tells whether the user has moved a chart, and moves the charts that are linked to it. */
  takeMoved() {
    const moved = this.all.find((cell) => this.#seen.get(cell) !== cell.viewport.version);
    if (moved === undefined) return false;
    if (this.isLinked("range")) {
      for (const cell of this.all) if (cell !== moved) cell.viewport.set(moved.viewport.range);
    }
    this.seen();
    return true;
  }

  /** Marks the current ranges as seen: it was not the user who moved the charts. */
  seen() {
    for (const cell of this.all) this.#seen.set(cell, cell.viewport.version);
  }

  /** Writes the layout and all charts but the first. @param {URLSearchParams} query */
  write(query) {
    writeLayout(query, this.#layout);
    for (const name of [...query.keys()]) if (/^[a-z]+[2-6]$/.test(name)) query.delete(name);
    this.all.forEach((cell, place) => {
      const time = this.isLinked("moment") ? undefined : cell.shared.time;
      if (place > 0) writeView(query, { ...cell.shared, time }, String(place + 1));
    });
  }

  /** @param {HTMLElement} host @param {View} view */
  #add(host, view) {
    const { cell: options, desk, changed } = this.#options;
    const cell = new Cell({ ...options, host, desk, view, changed });
    this.all = [...this.all, cell];
    for (const kind of ["pointerdown", "focusin"]) {
      host.addEventListener(kind, () => this.activate(cell), true);
    }
    return cell;
  }

  /** @param {Cell} cell */
  #remove(cell) {
    this.all = this.all.filter((each) => each !== cell);
    cell.close();
    if (cell.desk !== this.#options.desk) cell.desk.close();
  }

  /** Gives each chart the shared moment or its own. The first chart keeps the page's moment. */
  #seat() {
    const { desk, openDesk } = this.#options;
    for (const cell of this.all.slice(1)) {
      const isShared = cell.desk === desk;
      if (isShared === this.isLinked("moment")) continue;
      const before = cell.desk;
      cell.sit(isShared ? openDesk((moment) => this.#showOwn(cell, moment)) : desk);
      if (!isShared) before.close();
    }
  }

  /** @param {Cell} cell @param {Playback | undefined} moment */
  #showOwn(cell, moment) {
    cell.show(moment);
    cell.desk.pool.show(moment);
  }

  /** Shows one button per chart, for screens that have room for one chart only. */
  #list() {
    const list = this.#options.host.previousElementSibling;
    if (!(list instanceof HTMLElement)) return;
    list.hidden = this.all.length === 1;
    list.replaceChildren(...this.all.map((cell) => {
      const { symbol, interval } = cell.view;
      const button = make("button", { type: "button" }, `${symbol} ${interval}`);
      button.ariaPressed = String(cell === this.active);
      button.addEventListener("click", () => this.activate(cell));
      return button;
    }));
  }

  #lay() {
    const { host } = this.#options;
    const main = host.closest("main");
    const board = this.boardShare;
    main?.style.setProperty("--board", `${board}fr`);
    main?.style.setProperty("--charts", `${100 - board}fr`);
    main?.classList.toggle("is-boardless", board === 0);
    const { count, columns, rows } = this.#layout;
    const tracks = (/** @type {readonly number[]} */ shares) =>
      shares.map((share) => `minmax(0, ${share}fr)`).join(" ");
    const grid = gridOf(count);
    host.style.gridTemplateColumns = tracks(columns.slice(0, grid.columns));
    host.style.gridTemplateRows = tracks(rows.slice(0, grid.rows));
    host.classList.toggle("is-many", count > 1);
    for (const cell of this.all) {
      cell.host.classList.toggle("is-active", cell === this.active);
      cell.chart.headPixels = count > 1 ? HEAD_PIXELS : 0;
      cell.chartView.paceMs = count > 1 ? count * PACE_MS : 0;
    }
    this.#list();
  }
}
